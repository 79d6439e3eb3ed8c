"""The history: what happened to a message or an appointment, when, why and by whom. Rows are only ever added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentCause
from scheduler.domain.reasons import Reason, dump_reasons, load_reasons
from scheduler.domain.states import Cause, Status
from scheduler.store.batches import given
from scheduler.store.columns import Instant
from scheduler.store.database import Tx
from scheduler.store.tables import events, messages

_RECORDED = ("message_id", "cause", "from_status", "to_status", "reasons", "by")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of history. Of a message it has the statuses; of an appointment `message_id` is None."""

    at: datetime
    cause: Cause | AppointmentCause
    by: str
    reasons: tuple[Reason, ...]
    message_id: int | None = None
    from_status: Status | None = None
    to_status: Status | None = None


def record_moves(tx: Tx, records: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """Add the events of messages that moved, in one statement; `store.transitions` calls it, in its transaction."""
    if records:
        tx.connection.execute(_insert_moves(tx.dialect), {"records": list(records), "now": at})


def record_visit(
    tx: Tx, appointment_id: int, cause: AppointmentCause, *, at: datetime, by: str, reasons: Sequence[Reason] = ()
) -> None:
    """Add an event of an appointment; `store.appointments` calls it, in its transaction."""
    values = {"appointment_id": appointment_id, "at": at, "cause": cause.value, "by": by}
    tx.connection.execute(sa.insert(events), {**values, "reasons": dump_reasons(reasons)})


def events_of(tx: Tx, appointment_id: int) -> tuple[Event, ...]:
    """Return the history of an appointment and all its messages, oldest first."""
    of_messages = (
        sa.select(events)
        .join(messages, messages.c.id == events.c.message_id)
        .where(messages.c.appointment_id == appointment_id)
    )
    own = sa.select(events).where(events.c.appointment_id == appointment_id)
    return _read(tx, sa.union_all(own, of_messages))


def events_of_message(tx: Tx, message_id: int) -> tuple[Event, ...]:
    """Return the history of one message, oldest first."""
    return _read(tx, sa.union_all(sa.select(events).where(events.c.message_id == message_id)))


def _read(tx: Tx, found: sa.CompoundSelect[Any]) -> tuple[Event, ...]:
    lines = found.subquery("lines")
    return tuple(
        Event(
            at=row.at,
            cause=Cause(row.cause) if row.message_id is not None else AppointmentCause(row.cause),
            by=row.by,
            reasons=load_reasons(row.reasons),
            message_id=row.message_id,
            from_status=row.from_status,
            to_status=row.to_status,
        )
        for row in tx.connection.execute(sa.select(lines).order_by(lines.c.at, lines.c.id))
    )


@cache
def _insert_moves(dialect: str) -> sa.Insert:
    recorded = given(dialect, "records", [events.c[name] for name in _RECORDED])
    picked = sa.select(*recorded.c, sa.bindparam("now", type_=Instant))
    return sa.insert(events).from_select([*_RECORDED, "at"], picked)
