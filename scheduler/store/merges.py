"""Which hand-overs spoke for other messages too, and what is known of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.situation import Spoken
from scheduler.domain.states import Cause, Status
from scheduler.store.attempts import Passenger
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.moves import Move
from scheduler.store.plan_tables import merges
from scheduler.store.tables import attempts, messages
from scheduler.store.transitions import move_all

_ARRIVED = frozenset({Status.ACCEPTED, Status.DELIVERED})
_OPEN = frozenset({None, Status.UNKNOWN})
_MAY_ARRIVE = frozenset({Status.SENDING, Status.UNKNOWN, Status.HELD})
"""Where the carrier stands while nobody knows: one that is scheduled again speaks anew, and the others go with it."""
_WAITING = (Status.SCHEDULED, Status.CLAIMED)
_CARRIER = messages.alias("carrier")  # made once: a copy of all columns each time cost more than the query


@dataclass(frozen=True, slots=True)
class Word:
    """What a hand-over says of a message that it spoke for, and when it began."""

    spoken: Spoken
    started_at: datetime


def spoken_for(tx: Tx, ids: Collection[int]) -> Mapping[int, Word]:
    """Return which of these messages another spoke for, where that arrived or nobody knows yet whether it did."""
    found = (
        sa.select(
            merges.c.message_id,
            attempts.c.outcome,
            attempts.c.started_at,
            _CARRIER.c.id,
            _CARRIER.c.appointment_id,
            _CARRIER.c.status,
        )
        .join(attempts, attempts.c.token == merges.c.attempt)
        .join(_CARRIER, _CARRIER.c.id == attempts.c.message_id)
        .where(among(tx, merges.c.message_id, ids))
        .order_by(attempts.c.id)
    )
    words: dict[int, Word] = {}
    for row in tx.connection.execute(found):
        arrived = row.outcome in _ARRIVED
        known = words.get(row.message_id)
        if (arrived or (row.outcome in _OPEN and row.status in _MAY_ARRIVE)) and not (known and known.spoken.arrived):
            words[row.message_id] = Word(Spoken(row.id, row.appointment_id, arrived), row.started_at)
    return words


def take_passengers(
    tx: Tx, wanted: Mapping[int, Sequence[Passenger]], *, owner: str, now: datetime
) -> frozenset[int]:
    """Take the passengers of these messages out of everybody's hands; return the messages that have all of theirs.

    What is no longer as it was decided (sent, moved, called off) is no passenger: its carrier has to be decided anew.
    The caller commits, and speaks for them with `speak` in the same transaction: whoever claims one of them later
    finds that. The caller has locked all of them, in the order of all who lock rows.
    """
    every = {it.id for several in wanted.values() for it in several}
    if not every:
        return frozenset(wanted)
    rows = sa.select(messages.c.id, messages.c.status, messages.c.planned_at).where(among(tx, messages.c.id, every))
    standing = {row.id: (row.planned_at, row.status) for row in tx.connection.execute(rows)}
    whole = frozenset(key for key, several in wanted.items() if all(_is_as_it_was(it, standing) for it in several))
    free = {it.id for key in whole for it in wanted[key] if standing[it.id][1] == Status.CLAIMED}
    move_all(
        tx, [Move(it, Status.CLAIMED, Cause.RELEASE, Status.SCHEDULED, by=owner) for it in sorted(free)], now=now
    )
    return whole


def speak(tx: Tx, spoken: Iterable[tuple[str, int]]) -> None:
    """Put on record for which messages attempts speak too, by token and message. The caller commits."""
    rows = [{"attempt": token, "message_id": message} for token, message in spoken]
    if rows:
        tx.connection.execute(sa.insert(merges), rows)


def waiting_beside(tx: Tx, patient_id: int, appointment_id: int) -> tuple[int, ...]:
    """Return the messages of a patient's other visits that are still to go out."""
    found = sa.select(messages.c.id).where(
        messages.c.patient_id == patient_id,
        messages.c.appointment_id != appointment_id,
        messages.c.kind == MessageKind.STEP,
        messages.c.status.in_(_WAITING),
    )
    return tuple(tx.connection.execute(found.order_by(messages.c.id)).scalars())


def passengers_of(tx: Tx, token: str) -> tuple[int, ...]:
    """Return the messages that an attempt spoke for too."""
    found = sa.select(merges.c.message_id).where(merges.c.attempt == token).order_by(merges.c.message_id)
    return tuple(tx.connection.execute(found).scalars())


def _is_as_it_was(passenger: Passenger, standing: Mapping[int, tuple[datetime, Status]]) -> bool:
    planned_at, status = standing.get(passenger.id, (None, None))
    return planned_at == passenger.planned_at and status in _WAITING
