"""The alerts: one row for each fault while it holds, kept when it is over. Of each kind and subject one is open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason, dump_reasons, load_reasons
from scheduler.store.database import Tx
from scheduler.store.tables import alerts

_OPEN = alerts.c.closed_at.is_(None)
_MATCHES = sa.text("closed_at IS NULL")  # written out: so the database knows the partial index


@dataclass(frozen=True, slots=True)
class Alert:
    """One fault. `subject` says of what, without patients' data; `clinic` is None for the whole installation."""

    id: int
    kind: AlertKind
    subject: str
    clinic: str | None
    reasons: tuple[Reason, ...]
    opened_at: datetime
    closed_at: datetime | None


def raise_alert(
    tx: Tx,
    kind: AlertKind,
    subject: str,
    *,
    reasons: tuple[Reason, ...],
    now: datetime,
    clinic: str | None = None,
) -> bool:
    """Open an alert, unless it is open already: then its reasons are renewed. Return whether it is new.

    The caller commits. `services.alerts.raise_alert` writes the log line too.
    """
    renewed = sa.update(alerts).where(_OPEN, alerts.c.kind == kind, alerts.c.subject == subject)
    if tx.connection.execute(renewed.values(reasons=dump_reasons(reasons))).rowcount:
        return False
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    opened = dialect.insert(alerts).on_conflict_do_nothing(index_elements=["kind", "subject"], index_where=_MATCHES)
    values = {"kind": kind, "subject": subject, "clinic": clinic, "reasons": dump_reasons(reasons), "opened_at": now}
    return tx.connection.execute(opened.values(values).returning(alerts.c.id)).first() is not None


def end_alert(tx: Tx, kind: AlertKind, subject: str, *, now: datetime) -> bool:
    """Close an alert that no longer holds; return False when none is open. The caller commits."""
    ended = sa.update(alerts).where(_OPEN, alerts.c.kind == kind, alerts.c.subject == subject)
    return tx.connection.execute(ended.values(closed_at=now)).rowcount > 0


def open_alerts(tx: Tx) -> tuple[Alert, ...]:
    """Return what holds now, the oldest first."""
    return _read(tx, sa.select(alerts).where(_OPEN).order_by(alerts.c.opened_at, alerts.c.id))


def all_alerts(tx: Tx, *, limit: int = 1000) -> tuple[Alert, ...]:
    """Return the latest alerts, those that are over too, the newest first."""
    return _read(tx, sa.select(alerts).order_by(alerts.c.opened_at.desc(), alerts.c.id.desc()).limit(limit))


def _read(tx: Tx, found: sa.Select[Any]) -> tuple[Alert, ...]:
    return tuple(
        Alert(
            id=row.id,
            kind=AlertKind(row.kind),
            subject=row.subject,
            clinic=row.clinic,
            reasons=load_reasons(row.reasons),
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )
        for row in tx.connection.execute(found)
    )
