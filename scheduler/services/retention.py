"""How long is kept what nobody needs for ever, and the duty that lets it go.

What concerns patients is not here: it stays until somebody erases them. docs/explanation/privacy-and-security.md has
the table, and a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from scheduler.clock import Clock, SystemClock
from scheduler.logs import get_logger
from scheduler.services.repeating import KEPT_FOR as REPEATS_KEPT
from scheduler.store.database import Store
from scheduler.store.login_failures import FORGOTTEN_AFTER
from scheduler.store.retention import KINDS, drop_old, find_old

log = get_logger(__name__)

KEPT_FOR: Mapping[str, timedelta] = MappingProxyType(
    {
        "sessions": timedelta(days=30),  # after they have run out
        "login_links": timedelta(days=30),  # likewise
        "login_failures": FORGOTTEN_AFTER,
        "idempotency": REPEATS_KEPT,
        "uploads": timedelta(0),  # they say themselves until when
        "undos": timedelta(0),
        "hook_calls": timedelta(days=30),  # so long a failed one can be made again
        "booking_events": timedelta(days=30),  # so long a refused one can be tried again
        "provider_events": timedelta(days=90),  # those that were dealt with
        "outbox": timedelta(days=90),
        "volumes": timedelta(days=90),  # 28 days of them are looked at
    }
)
"""What goes, by the name of its table, and how long after the instant from which it ages. The audit trail: as set."""
AT_ONCE = 500
"""Rows that one transaction deletes: milliseconds, in which nobody else writes on SQLite."""
TURNS = 4
"""Transactions for one table before others have their turn."""
BETWEEN = timedelta(hours=1)
_TURN = "retention"
_YEAR = timedelta(days=366)


@dataclass(slots=True)
class Retention:
    """Lets old rows go, for one process: once an hour, and again at once while there are more.

    Nothing goes that is young by the machine's own `clock`: where the product's is moved, as in a time-lapse, rows
    only look old.
    """

    clock: Clock = field(default_factory=SystemClock)
    _looked_at: datetime | None = None
    _more: bool = False
    _through: dict[str, int] = field(default_factory=dict)

    def is_time(self) -> bool:
        """Whether there is more to do, or the last look is long enough ago; a clock set back does not stop it."""
        return self._more or self._looked_at is None or abs(self.clock.now() - self._looked_at) >= BETWEEN

    def look(self, store: Store, *, audit_years: int | None, now: datetime) -> int:
        """Let some of the old rows go; return how many went.

        `now` is the product's time; `audit_years` None keeps the audit trail for ever. Blocks; commits as it goes.
        Raises StoreError.
        """
        self._looked_at, self._more = self.clock.now(), False
        kept = {**KEPT_FOR, **({} if audit_years is None else {"audit": audit_years * _YEAR})}
        now = min(now, self._looked_at)
        with store.turn(_TURN) as mine:
            if not mine:  # another process does it
                return 0
            gone = {name: self._let_go(store, name, now - kept_for) for name, kept_for in kept.items()}
        gone = {name: rows for name, rows in gone.items() if rows}
        if gone:
            log.info("rows.aged_out", **gone)
        return sum(gone.values())

    def _let_go(self, store: Store, name: str, before: datetime) -> int:
        kind, gone = KINDS[name], 0
        for _ in range(TURNS):
            with store.read() as tx:
                found = find_old(tx, kind, before=before, limit=AT_ONCE, after=self._through.get(name, 0))
            if found.keys:
                with store.write() as tx:
                    gone += drop_old(tx, kind, found.keys, before=before)
            self._through[name] = found.through
            if not found.more:
                return gone
        self._more = True
        return gone
