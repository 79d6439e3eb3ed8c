"""What an engine does about booking systems beside sending: asks, works on what waits, forgets what is old."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.polling import Poller, Stopping
from scheduler.services.bookings.sources import SecretOf, from_environment, sources_of
from scheduler.services.bookings.working import BookingWorker
from scheduler.store.booking_events import any_booking_events_before, purge_booking_events
from scheduler.store.database import Store

KEPT_FOR = timedelta(days=30)
"""How long a call is kept, whatever became of it: so long a refused one can be tried again."""
_BETWEEN = timedelta(hours=1)


@dataclass(slots=True)
class BookingDuty:
    """Does it for one engine, and remembers when it did what. `stopping` says whether the engine is to end."""

    store: Store
    clock: Clock
    secret_of: SecretOf = from_environment
    stopping: Stopping = lambda: False
    _poller: Poller = field(init=False)
    _forgot_at: datetime | None = None

    def __post_init__(self) -> None:
        """Make what asks: it remembers whom it asked."""
        self._poller = Poller(self.store, self.clock, self.secret_of, self.stopping)

    def look(self, configuration: Configuration) -> bool:
        """Do what is to be done now; return whether a message may be due because of it.

        Blocks, for as long as booking systems take to answer; commits. Raises StoreError.
        """
        self._forget(self.clock.now())
        if not any(sources_of(configuration)):
            return False
        self._poller.poll(configuration)
        return BookingWorker(self.store, configuration, self.clock, self.secret_of).handle() > 0

    def _forget(self, now: datetime) -> None:
        if self._forgot_at is not None and abs(now - self._forgot_at) < _BETWEEN:
            return
        self._forgot_at = now
        with self.store.read() as tx:
            if not any_booking_events_before(tx, now - KEPT_FOR):
                return
        with self.store.write() as tx:
            purge_booking_events(tx, now - KEPT_FOR)
