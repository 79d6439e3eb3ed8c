"""The messages: listed, planned anew. `plans` adds them; their statuses are written in `transitions` only."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.reasons import Reason, load_reasons
from scheduler.domain.states import Brake, Cause, Status
from scheduler.errors import NotFoundError
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.erasure_tables import is_kept
from scheduler.store.moves import Move
from scheduler.store.plans import brake_of
from scheduler.store.tables import IS_LEASED, IS_SCHEDULED, RINGS, alerts, attempts, messages
from scheduler.store.transitions import move_all


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the store has it. Instants are aware UTC; `attempt` is the token of its latest hand-over.

    `look_at` is when the provider is next asked what became of it, None when nothing is to be asked. `brake` is what
    keeps it back where it is held, or waits past its due time; `slot_at` its turn at a sender that has a rate;
    `released_at` when a person let it go on: what asks a person does not ask again. A step has a patient and an
    appointment; a notice (`kind` answer or alert) has its recipient instead, and `step` names its template.
    """

    id: int
    origin: str
    clinic: str
    patient_id: int | None
    appointment_id: int | None
    step: str
    channel: Channel
    occurrence: int
    purpose: Purpose
    status: Status
    planned_at: datetime
    due_at: datetime
    try_at: datetime
    useful_until: datetime
    if_late: IfLate
    ask: str | None
    fallback: tuple[Channel, ...]
    reasons: tuple[Reason, ...]
    tries: int
    lease_until: datetime | None
    claimed_by: str | None
    attempt: str | None
    protocol_digest: str | None
    template_digest: str | None
    language: str | None
    segments: int | None
    header_id: str | None
    provider_id: str | None
    created_at: datetime
    updated_at: datetime
    look_at: datetime | None = None
    brake: Brake | None = None
    slot_at: datetime | None = None
    released_at: datetime | None = None
    kind: MessageKind = MessageKind.STEP
    reply_id: int | None = None
    alert_id: int | None = None
    recipient_sealed: bytes | None = field(default=None, repr=False)
    words_sealed: bytes | None = field(default=None, repr=False)

    @property
    def of_patient(self) -> int:
        """The id of its patient, for whoever knows that it is a step."""
        assert self.patient_id is not None
        return self.patient_id

    @property
    def of_visit(self) -> int:
        """The id of its appointment, for whoever knows that it is a step."""
        assert self.appointment_id is not None
        return self.appointment_id


@dataclass(frozen=True, slots=True)
class Replan:
    """Another plan for a message that stands at `expected`, which was never handed over."""

    message_id: int
    expected: Status
    planned: PlannedMessage


def get_message(tx: Tx, message_id: int) -> Message:
    """Return a message. Raises NotFoundError."""
    row = tx.connection.execute(sa.select(messages).where(messages.c.id == message_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no message {message_id}")
    return read_message(row)


def messages_of(tx: Tx, appointment_id: int, *, for_update: bool = False) -> tuple[Message, ...]:
    """Return an appointment's messages, by when they are due.

    `for_update`: nobody else claims or moves them until the commit, and what others added to them before is there.
    """
    found = sa.select(messages).where(messages.c.appointment_id == appointment_id).order_by(messages.c.id)
    if for_update and tx.dialect == "postgresql":
        found = found.with_for_update(key_share=True)
        # Waits for whoever holds some of them; what they added meanwhile only the next statement sees.
        tx.connection.execute(found)
    rows = [read_message(row) for row in tx.connection.execute(found)]
    return tuple(sorted(rows, key=lambda message: (message.due_at, message.id)))


def in_doubt(tx: Tx, appointment_id: int) -> frozenset[int]:
    """Return which messages a patient may have, wherever they stand: how their last hand-over ended is not known."""
    found = (
        sa.select(messages.c.id)
        .join(attempts, attempts.c.token == messages.c.attempt)
        .where(
            messages.c.appointment_id == appointment_id,
            sa.or_(attempts.c.outcome.is_(None), attempts.c.outcome == Status.UNKNOWN),
        )
    )
    return frozenset(tx.connection.execute(found).scalars())


def next_wake(tx: Tx) -> datetime | None:
    """Return when there is something to do next: a message to try, a lease to look after, an alert to tell of.

    None: nothing waits.
    """
    trying = sa.select(sa.func.min(messages.c.try_at)).where(IS_SCHEDULED).scalar_subquery()
    leased = sa.select(sa.func.min(messages.c.lease_until)).where(IS_LEASED).scalar_subquery()
    ringing = sa.select(sa.func.min(alerts.c.ring_at)).where(RINGS).scalar_subquery()
    found = tx.connection.execute(sa.select(trying, leased, ringing)).one()
    return min((instant for instant in found if instant), default=None)


def replan(tx: Tx, replans: Sequence[Replan], *, protocol_digest: str, now: datetime, by: str) -> list[int]:
    """Give unsent messages another plan, with its status and reasons; return the ids of those that took it.

    One that has moved since it was read (claimed, sent) keeps its old plan, and so does one of a patient whose data
    were erased. The caller commits.
    """
    kept = _of_the_kept(tx, [item.message_id for item in replans])
    moves = [
        Move(
            message_id=item.message_id,
            expected=item.expected,
            cause=Cause.REPLAN,
            to=item.planned.status,
            by=by,
            reasons=item.planned.reasons,
            planned=item.planned,
            protocol_digest=protocol_digest,
            brake=brake_of(item.planned),
        )
        for item in replans
        if item.message_id in kept
    ]
    return move_all(tx, moves, now=now)


def _of_the_kept(tx: Tx, ids: Collection[int]) -> frozenset[int]:
    """Return those of some messages whose patients were not erased."""
    if not ids:
        return frozenset()
    found = sa.select(messages.c.id).where(among(tx, messages.c.id, ids), is_kept(messages.c.patient_id))
    return frozenset(tx.connection.execute(found).scalars())


def read_message(row: Sequence[Any]) -> Message:
    """Read a row of exactly the columns of `messages`, in their order."""
    values = dict(zip(messages.c.keys(), row, strict=True))
    values["fallback"] = tuple(Channel(name) for name in json.loads(values["fallback"]))
    values["reasons"] = load_reasons(values["reasons"])
    values["brake"] = Brake(values["brake"]) if values["brake"] else None
    return Message(**values)
