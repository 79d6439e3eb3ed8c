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
from scheduler.store.batches import every, given, ids_column
from scheduler.store.bulk import insert_rows
from scheduler.store.columns import Instant, instant_text
from scheduler.store.database import Tx
from scheduler.store.tables import events, messages

_STORY = ("cause", "from_status", "to_status", "reasons", "by")


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


Story = tuple[Cause, Status, Status, tuple[Reason, ...], str]
"""What happened to some messages alike: cause, from, to, why and by whom."""


def record_moves(tx: Tx, stories: Mapping[Story, Sequence[int]], *, at: datetime) -> None:
    """Add the events of messages that moved, in one statement; `store.transitions` calls it, in its transaction.

    `stories` says what happened to which messages: hundreds that go the same way are told once.
    """
    if not stories:
        return
    records = [
        {
            "ids": ids,
            "cause": cause,
            "from_status": start,
            "to_status": end,
            "reasons": dump_reasons(reasons),
            "by": by,
        }
        for (cause, start, end, reasons, by), ids in stories.items()
    ]
    tx.connection.execute(_insert_moves(tx.dialect), {"stories": records, "now": at})


def record_visits(
    tx: Tx,
    happened: Sequence[tuple[int, AppointmentCause]],
    *,
    at: datetime,
    by: str,
    reasons: Sequence[Reason] = (),
) -> None:
    """Add events of appointments, given by id, all for the same reasons. The caller commits, with what happened."""
    when, why = instant_text(at), dump_reasons(reasons)
    rows = [(appointment_id, when, cause.value, why, by) for appointment_id, cause in happened]
    insert_rows(tx, "events", ("appointment_id", "at", "cause", "reasons", "by"), rows)


def events_of(tx: Tx, appointment_id: int) -> tuple[Event, ...]:
    """Return the history of an appointment and all its messages, oldest first."""
    of_messages = (
        sa.select(events)
        .join(messages, messages.c.id == events.c.message_id)
        .where(messages.c.appointment_id == appointment_id)
    )
    own = sa.select(events).where(events.c.appointment_id == appointment_id)
    return _read(tx, sa.union_all(own, of_messages))


def events_of_visit(tx: Tx, appointment_id: int) -> tuple[Event, ...]:
    """Return the history of an appointment alone, without its messages', oldest first."""
    return _read(tx, sa.union_all(sa.select(events).where(events.c.appointment_id == appointment_id)))


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
    stories = given(dialect, "stories", [*(events.c[name] for name in _STORY), ids_column(dialect)])
    # Read once: SQLite would take each story apart again for each of its messages.
    told = sa.select(*stories.c).cte("told").prefix_with("MATERIALIZED")
    each = every(dialect, told.c.ids)
    picked = sa.select(each, *(told.c[name] for name in _STORY), sa.bindparam("now", type_=Instant))
    return sa.insert(events).from_select(["message_id", *_STORY, "at"], picked)
