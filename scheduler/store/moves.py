"""Wishes to move messages from one status to another, as values, and as the records that a statement is given."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.domain.planned import PlannedMessage
from scheduler.domain.reasons import Reason, dump_reasons
from scheduler.domain.states import Brake, Cause, Status, may_move
from scheduler.errors import ErrorKind
from scheduler.store.columns import instant_text
from scheduler.store.events import Story

_INSTANTS = ("try_at", "due_at", "look_at", "slot_at", "released_at")
_WORDS = ("brake", "protocol_digest", "provider_id")


@dataclass(frozen=True, slots=True)
class Handover:
    """What a message takes on when it begins to be sent."""

    attempt: str
    language: str
    template_digest: str
    segments: int | None = None
    header_id: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way of the table, for many messages at once."""

    start: Status
    cause: Cause
    end: Status


@dataclass(frozen=True, slots=True)
class Move:
    """One wish to move a message from `expected` to `to`; it happens only if the message is still there.

    `reasons`, when given, take the place of the message's. `try_at` is when it is next taken, `due_at` from when
    on it counts as late. `planned` gives it another plan (its status and reasons are ignored: `to` and `reasons`
    count). `owner`: only while this owner holds the lease. `attempt`: only while this token is its latest attempt.
    `look_at` is when the provider is asked what became of it; a move without one ends the asking. `brake` is what
    keeps it back from now on; a move without one takes it off. `slot_at` is its sender's turn for it. `released_at`:
    a person lets it go on.
    """

    message_id: int
    expected: Status
    cause: Cause
    to: Status
    by: str
    reasons: tuple[Reason, ...] = ()
    try_at: datetime | None = None
    due_at: datetime | None = None
    planned: PlannedMessage | None = None
    protocol_digest: str | None = None
    provider_id: str | None = None
    handover: Handover | None = None
    owner: str | None = None
    attempt: str | None = None
    look_at: datetime | None = None
    brake: Brake | None = None
    slot_at: datetime | None = None
    released_at: datetime | None = None

    @property
    def way(self) -> Way:
        """The way of the table that it takes."""
        return Way(self.expected, self.cause, self.to)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: the move of its message out of `sending`, and what the provider said."""

    token: str
    move: Move
    provider_id: str | None = None
    error_kind: ErrorKind | None = None
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the statement for some moves looks like: the columns that it sets, and what it makes sure of."""

    columns: tuple[str, ...]
    begins: bool
    owned: bool
    attempted: bool


def refuse_impossible(moves: Sequence[Move]) -> None:
    """Raise ValueError for what a program must never ask for."""
    if len({move.message_id for move in moves}) != len(moves):
        raise ValueError("a message is moved twice in one batch")
    kinds = {(m.expected, m.cause, m.to, m.handover is None, m.owner is None): m for m in moves}
    for move in kinds.values():
        if not may_move(move.expected, move.cause, move.to):
            raise ValueError(f"there is no way from {move.expected} by {move.cause} to {move.to}")
        if move.to is Status.CLAIMED:
            raise ValueError("messages are claimed by `claims.claim_due` only")
        if (move.to is Status.SENDING) != (move.handover is not None):
            raise ValueError("a message is handed over when it begins to be sent, and only then")
        if move.to is Status.SENDING and move.owner is None:
            raise ValueError("only the owner of a lease begins to send")


def records_by_shape(moves: Sequence[Move]) -> Mapping[Shape, list[dict[str, Any]]]:
    """Return what the statements are given, grouped by the statement that takes it: one for each kind of move."""
    groups: dict[Shape, list[dict[str, Any]]] = {}
    for move in moves:
        sets = _sets(move)
        shape = Shape(tuple(sets), move.handover is not None, move.owner is not None, move.attempt is not None)
        guards = {"expected": move.expected, "to": move.to, "owner_is": move.owner, "attempt_is": move.attempt}
        groups.setdefault(shape, []).append({"id": move.message_id, **guards, **sets})
    return groups


def stories(moves: Iterable[Move]) -> Mapping[Story, list[int]]:
    """Return what `events.record_moves` is given for messages that moved."""
    told: dict[Story, list[int]] = {}
    for move in moves:
        told.setdefault((move.cause, move.expected, move.to, move.reasons, move.by), []).append(move.message_id)
    return told


def _sets(move: Move) -> dict[str, Any]:
    """Return the further columns that a move sets, with their values as JSON knows them."""
    values: dict[str, Any] = {}
    if move.planned:
        values |= _planned_values(move.planned)
    if move.reasons:
        values["reasons"] = dump_reasons(move.reasons)
    if move.handover:
        values |= _handover_values(move.handover)
    for name in _INSTANTS:
        if instant := getattr(move, name):
            values[name] = instant_text(instant)
    for name in _WORDS:
        if word := getattr(move, name):
            values[name] = word
    return values


def _planned_values(planned: PlannedMessage) -> dict[str, Any]:
    return {
        "purpose": planned.purpose,
        "planned_at": instant_text(planned.planned_at),
        "due_at": instant_text(planned.due_at),
        "try_at": instant_text(planned.due_at),
        "useful_until": instant_text(planned.useful_until),
        "if_late": planned.if_late,
        "ask": planned.ask,
        "fallback": json.dumps(planned.fallback),
        # Whatever was decided about it, and its turn, was for the old plan.
        "slot_at": None,
        "released_at": None,
    }


def _handover_values(handover: Handover) -> dict[str, Any]:
    return {
        "attempt": handover.attempt,
        "language": handover.language,
        "template_digest": handover.template_digest,
        "segments": handover.segments,
        "header_id": handover.header_id,
    }
