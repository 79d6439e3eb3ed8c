"""What an engine does about booking systems beside sending: asks, and works on what waits."""

from dataclasses import dataclass, field

from scheduler.clock import Clock
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.polling import Poller, Stopping
from scheduler.services.bookings.sources import SecretOf, from_environment, sources_of
from scheduler.services.bookings.working import BookingWorker
from scheduler.store.database import Store


@dataclass(slots=True)
class BookingDuty:
    """Does it for one engine, and remembers when it did what. `stopping` says whether the engine is to end."""

    store: Store
    clock: Clock
    secret_of: SecretOf = from_environment
    stopping: Stopping = lambda: False
    _poller: Poller = field(init=False)

    def __post_init__(self) -> None:
        """Make what asks: it remembers whom it asked."""
        self._poller = Poller(self.store, self.clock, self.secret_of, self.stopping)

    def look(self, configuration: Configuration) -> bool:
        """Do what is to be done now; return whether a message may be due because of it.

        Blocks, for as long as booking systems take to answer; commits. Raises StoreError.
        """
        if not any(sources_of(configuration)):
            return False
        self._poller.poll(configuration)
        return BookingWorker(self.store, configuration, self.clock, self.secret_of).handle() > 0
