"""Frees what a process of the installation keeps locked while it stands still."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.clock import Clock, SystemClock
from scheduler.logs import get_logger
from scheduler.store.database import Store
from scheduler.store.frozen import break_off_frozen

log = get_logger(__name__)

BETWEEN = timedelta(seconds=5)


@dataclass(slots=True)
class Unlocker:
    """Looks for one process, by the machine's own clock: what is frozen is so in real time."""

    clock: Clock = field(default_factory=SystemClock)
    _looked_at: datetime | None = None

    def is_time(self) -> bool:
        """Whether the last look is long enough ago; a clock that was set back does not stop the looking."""
        return self._looked_at is None or abs(self.clock.now() - self._looked_at) >= BETWEEN

    def look(self, store: Store) -> None:
        """Break off the transactions of processes that are frozen within a statement. Blocks; raises StoreError."""
        self._looked_at = self.clock.now()
        with store.read() as tx:
            count = break_off_frozen(tx)
        if count:
            log.warning("sessions.broken_off", count=count)
