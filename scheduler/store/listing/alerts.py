"""Alerts as the API lists them: the latest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.alert import AlertKind
from scheduler.store.alerts import Alert, read_alert
from scheduler.store.database import Tx
from scheduler.store.scopes import within
from scheduler.store.tables import alerts


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are meant; what is None does not narrow. Opened from `since` on, before `until` (aware UTC)."""

    scope: Scope
    kind: AlertKind | None = None
    open: bool | None = None
    taken: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_alerts(tx: Tx, wanted: AlertFilter, *, below: int | None, limit: int) -> tuple[Alert, ...]:
    """Return at most `limit` alerts, the highest id first; those below `below` where one is given."""
    alert = alerts.c
    conditions = (
        (wanted.scope.clinics is not None, within(alert.clinic, wanted.scope)),
        (wanted.kind is not None, alert.kind == wanted.kind),
        (wanted.open is True, alert.closed_at.is_(None)),
        (wanted.open is False, alert.closed_at.is_not(None)),
        (wanted.taken is True, alert.taken_at.is_not(None)),
        (wanted.taken is False, alert.taken_at.is_(None)),
        (wanted.since is not None, alert.opened_at >= wanted.since),
        (wanted.until is not None, alert.opened_at < wanted.until),
        (below is not None, alert.id < below),
    )
    found = sa.select(alerts).where(*(condition for counts, condition in conditions if counts))
    return tuple(map(read_alert, tx.connection.execute(found.order_by(alert.id.desc()).limit(limit))))
