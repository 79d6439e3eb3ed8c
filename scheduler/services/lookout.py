"""Looks for what nobody else would notice: doubts that nothing settles, and due messages that nobody works on."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason, because
from scheduler.services.alerts import end_alert, raise_alert
from scheduler.services.holding import idle_alerts
from scheduler.store.alerts import open_alerts
from scheduler.store.database import Store
from scheduler.store.health import count_doubts, count_untouched

UNSETTLED_FOR = timedelta(minutes=30)
PAST_DUE_FOR = timedelta(minutes=5)
TWICE = timedelta(minutes=1)
"""Between the two looks that make it an alert: a service that starts has not had its turn yet."""

BETWEEN = timedelta(seconds=10)

WATCHED = (AlertKind.DOUBT, AlertKind.PAST_DUE)
WHOLE = "installation"
"""What these alerts are about."""


@dataclass(slots=True)
class Lookout:
    """Looks for one process, and remembers since when it sees something."""

    _since: dict[AlertKind, datetime] = field(default_factory=dict)
    _looked_at: datetime | None = None

    def is_time(self, now: datetime) -> bool:
        """Whether the last look is long enough ago; a clock that was set back does not stop the looking."""
        return self._looked_at is None or abs(now - self._looked_at) >= BETWEEN

    def look(self, store: Store, *, now: datetime) -> None:
        """Open and end alerts as it looks now. Blocks; commits, where something changes. Raises StoreError."""
        self._looked_at = now
        with store.read() as tx:
            opened = open_alerts(tx)
            open_now = {alert.kind for alert in opened}.intersection(WATCHED)
            idle = idle_alerts(tx, opened)
            found = {
                AlertKind.DOUBT: _doubt(count_doubts(tx, unknown_since=now - UNSETTLED_FOR)),
                AlertKind.PAST_DUE: _past_due(count_untouched(tx, before=now - PAST_DUE_FOR, now=now), now),
            }
        opening = {kind: reason for kind, reason in found.items() if reason and self._stays(kind, now)}
        ending = [kind for kind in open_now if found[kind] is None]
        self._since = {kind: since for kind, since in self._since.items() if found[kind]}
        if ending or idle or opening.keys() - open_now:
            with store.write() as tx:
                for kind, reason in opening.items():
                    raise_alert(tx, kind, WHOLE, reasons=(reason,), now=now)
                for kind in ending:
                    end_alert(tx, kind, WHOLE, now=now)
                for kind, clinic in idle_alerts(tx, open_alerts(tx)) if idle else ():
                    end_alert(tx, kind, clinic, now=now)

    def _stays(self, kind: AlertKind, now: datetime) -> bool:
        """Whether it was so a while ago too. A doubt has lasted for long enough already."""
        since = self._since.setdefault(kind, now)
        return kind is AlertKind.DOUBT or now - since >= TWICE


def _doubt(count: int) -> Reason | None:
    return because("in_doubt_for_long", count=str(count)) if count else None


def _past_due(count: int, now: datetime) -> Reason | None:
    return because("nobody_sends", count=str(count), before_at=now - PAST_DUE_FOR) if count else None
