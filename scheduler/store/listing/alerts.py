"""Alerts as the API lists them: the latest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.alert import AlertKind
from scheduler.store.alerts import Alert, read_alert
from scheduler.store.database import Tx
from scheduler.store.listing.narrowing import below_id, equal, happened, spanning
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
    found = sa.select(alerts).where(
        within(alert.clinic, wanted.scope),
        *equal((alert.kind, wanted.kind)),
        *happened(alert.closed_at, None if wanted.open is None else not wanted.open),
        *happened(alert.taken_at, wanted.taken),
        *spanning(alert.opened_at, wanted.since, wanted.until),
        *below_id(alert.id, below),
    )
    return tuple(map(read_alert, tx.connection.execute(found.order_by(alert.id.desc()).limit(limit))))
