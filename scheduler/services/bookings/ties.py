"""Which of two words of one booking counts that their source dates to the same instant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.sources import Acuity, Generic
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.generic import event_id
from scheduler.services.bookings.linking import believable
from scheduler.services.bookings.news import News, UnreadableError
from scheduler.services.bookings.reading import read_call
from scheduler.services.bookings.sources import find_source, from_environment
from scheduler.store.booking_events import BookingEvent, followed_events
from scheduler.store.database import Tx


@dataclass(frozen=True, slots=True)
class Ties:
    """Looks at the other calls that were followed: a source may write seconds, or date all by when it was booked."""

    tx: Tx
    configuration: Configuration
    event: BookingEvent

    def counts(self, news: News, as_of: datetime) -> bool:
        """Whether what the call says counts against what else was said of that instant.

        The one that came last does; but one that says what another said is that one, sent once more.
        """
        if news.as_of is None:
            return True  # dated by its arrival, it says what is so now
        name = self._name(self.event)
        for other, said in self._said(news.booking):
            if believable(said.as_of, other.received_at) != as_of:
                continue
            if other.id > self.event.id or (said == news and self._name(other) == name):
                return False
        return True

    def _said(self, booking: str) -> Iterator[tuple[BookingEvent, News]]:
        source = find_source(self.configuration, self.event.clinic, self.event.source)
        if isinstance(source, Acuity):  # what its calls mean its API says, as of now
            return
        for other in followed_events(self.tx, self.event.clinic, self.event.source, booking):
            try:
                said = read_call(other, self.configuration, from_environment, now=other.received_at)
            except UnreadableError:
                continue
            if other.id != self.event.id and isinstance(said, News):
                yield other, said

    def _name(self, event: BookingEvent) -> str:
        source = find_source(self.configuration, event.clinic, event.source)
        return event_id(source, event.payload) if isinstance(source, Generic) and event.payload else ""
