"""The lines of history as other systems are told of them: what happened to which thing of which clinic."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from scheduler.store.database import Tx
from scheduler.store.tables import alerts, appointments, events, messages, replies


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of history with what it is about. `subject` is appointment, message, reply or alert.

    `facts` are what may be told of it: ids, words of ours, instants; nothing of a patient.
    """

    id: int
    at: datetime
    subject: str
    cause: str
    to_status: str | None
    clinic: str | None
    facts: dict[str, Any]


@dataclass(slots=True)
class Horizon:
    """Learns, look by look, up to which line of history no transaction can bring another any more; for one process.

    SQLite gives ids in the order of the commits. On PostgreSQL a transaction may commit a lower id long after others
    committed higher ones: the newest line of a look is final once all have ended that went on at that look.
    """

    _looks: list[tuple[int, int]] = field(default_factory=list)
    """The newest line of each, and the first transaction that had not begun."""

    def look(self, tx: Tx) -> int:
        """Return the last line that is final now; 0 while nobody can tell."""
        newest = sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0)).scalar_subquery()
        if tx.dialect == "sqlite":
            return int(tx.connection.execute(sa.select(newest)).scalar_one())
        oldest, coming = (
            sa.cast(sa.cast(edge(sa.func.pg_current_snapshot()), sa.Text), sa.BigInteger)
            for edge in (sa.func.pg_snapshot_xmin, sa.func.pg_snapshot_xmax)
        )
        last, running, begins = tx.connection.execute(sa.select(newest, oldest, coming)).one()
        if not self._looks or last > self._looks[-1][0]:
            self._looks.append((last, begins))
        final = [it for it in self._looks if it[1] <= running]
        self._looks = [*final[-1:], *self._looks[len(final) :]]
        return final[-1][0] if final else 0


def happened_after(tx: Tx, after: int, *, limit: int) -> tuple[Happened, ...]:
    """Return the lines after that id, oldest first."""
    found = _lines().where(events.c.id > after).order_by(events.c.id).limit(limit)
    return tuple(_read(row) for row in tx.connection.execute(found))


def happened(tx: Tx, ids: Collection[int]) -> dict[int, Happened]:
    """Return these lines by id."""
    found = _lines().where(events.c.id.in_(ids))
    return {row.event: _read(row) for row in tx.connection.execute(found)}


@cache
def _lines() -> sa.Select[Any]:
    visit = sa.func.coalesce(events.c.appointment_id, messages.c.appointment_id)
    joined = (
        events.outerjoin(messages, messages.c.id == events.c.message_id)
        .outerjoin(appointments, appointments.c.id == visit)
        .outerjoin(replies, replies.c.id == events.c.reply_id)
        .outerjoin(alerts, alerts.c.id == events.c.alert_id)
    )
    clinics = (messages.c.clinic, appointments.c.clinic, replies.c.clinic, alerts.c.clinic)
    return sa.select(
        events.c.id.label("event"),
        *(events.c[name] for name in ("at", "cause", "to_status", "message_id", "appointment_id")),
        *(events.c[name] for name in ("reply_id", "alert_id")),
        sa.func.coalesce(*clinics).label("clinic"),
        messages.c.kind.label("message_kind"),
        messages.c.step,
        messages.c.channel,
        messages.c.occurrence,
        messages.c.purpose,
        messages.c.due_at,
        appointments.c.id.label("visit"),
        appointments.c.external_id,
        appointments.c.treatment,
        appointments.c.starts_at,
        sa.func.coalesce(messages.c.patient_id, appointments.c.patient_id, replies.c.patient_id).label("patient"),
        replies.c.triage,
        replies.c.received_at,
        alerts.c.kind.label("alert_kind"),
        alerts.c.opened_at,
    ).select_from(joined)


def _read(row: sa.Row[Any]) -> Happened:
    subject = next(it for it in ("message", "appointment", "reply", "alert") if getattr(row, f"{it}_id") is not None)
    return Happened(row.event, row.at, subject, row.cause, row.to_status, row.clinic, _FACTS[subject](row))


def _of_appointment(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "appointment": row.visit,
        "external_id": row.external_id,
        "patient": row.patient,
        "treatment": row.treatment,
        "starts_at": row.starts_at,
    }


def _of_message(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "message": row.message_id,
        "kind": row.message_kind,
        "appointment": row.visit,
        "external_id": row.external_id,
        "patient": row.patient,
        "step": row.step,
        "channel": row.channel,
        "occurrence": row.occurrence,
        "purpose": row.purpose,
        "due_at": row.due_at,
        "status": row.to_status,
    }


def _of_reply(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "reply": row.reply_id,
        "patient": row.patient,
        "class": row.triage,
        "received_at": row.received_at,
    }


def _of_alert(row: sa.Row[Any]) -> dict[str, Any]:
    return {"alert": row.alert_id, "kind": row.alert_kind, "opened_at": row.opened_at}


_FACTS = {"appointment": _of_appointment, "message": _of_message, "reply": _of_reply, "alert": _of_alert}
