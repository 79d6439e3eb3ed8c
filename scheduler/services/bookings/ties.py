"""Which of two words of one booking counts that their source dates to the same instant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.booking_event import Told
from scheduler.domain.sources import Acuity, Generic
from scheduler.domain.why import Why
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.generic import event_id
from scheduler.services.bookings.linking import believable
from scheduler.services.bookings.news import News, UnreadableError
from scheduler.services.bookings.not_taken import NotTakenError
from scheduler.services.bookings.reading import read_call
from scheduler.services.bookings.sources import find_source, from_environment
from scheduler.services.intake import Field
from scheduler.store.booking_events import BookingEvent, followed_events, refused_events
from scheduler.store.database import Tx


@dataclass(frozen=True, slots=True)
class Ties:
    """Looks at the other calls that were followed: a source may write seconds, or date all by when it was booked."""

    tx: Tx
    configuration: Configuration
    event: BookingEvent

    def counts(self, news: News, as_of: datetime) -> bool:
        """Whether what the call says counts against what else was said of that instant.

        The one that came last does; but one that says what another said is that one, sent once more. Under another
        id of the call it may be either where the booking was called off in between: raises NotTakenError then.
        """
        if news.as_of is None:
            return True  # dated by its arrival, it says what is so now
        name, was_said, is_off = self._name(self.event), False, False
        for other, said in self._said(news.booking):
            if believable(said.as_of, other.received_at) != as_of:
                continue
            if other.id > self.event.id or (said == news and self._name(other) == name):
                return False
            was_said = was_said or said == news
            is_off = was_said and said.told is Told.CANCELLED
        if is_off and news.told is Told.BOOKED:
            said_twice = "it was said before, and called off in the same instant: see there whether it is on again"
            raise NotTakenError(said_twice, (Why("on_or_off"),))
        return True

    def mailbox(self, bookings: Iterable[str]) -> str | None:
        """Return the mailbox of whom these ids of one booking are for, by the newest call that named one."""
        named = [
            (believable(said.as_of, other.received_at), other.id, mailbox)
            for booking in bookings
            for other, said in self._said(booking)
            if (mailbox := said.raw.get(Field.EMAIL))
        ]
        return max(named)[-1] if named else None

    def overtaken(self, bookings: Iterable[str], as_of: datetime | None) -> list[tuple[int, str]]:
        """Return the refused calls of these ids that say nothing newer than the call, with the id of each."""
        source = find_source(self.configuration, self.event.clinic, self.event.source)
        refused = refused_events(self.tx, self.event.clinic, self.event.source, bookings)
        if isinstance(source, Acuity):  # what it was asked now is newer than any of them
            return [(it.id, it.booking or "") for it in refused]
        mine = (believable(as_of, self.event.received_at), self.event.id)
        return [
            (it.id, said.booking)
            for it, said in self._read(refused)
            if (believable(said.as_of, it.received_at), it.id) < mine
        ]

    def _said(self, booking: str) -> Iterator[tuple[BookingEvent, News]]:
        source = find_source(self.configuration, self.event.clinic, self.event.source)
        if isinstance(source, Acuity):  # what its calls mean its API says, as of now
            return
        yield from self._read(followed_events(self.tx, self.event.clinic, self.event.source, booking))

    def _read(self, events: Iterable[BookingEvent]) -> Iterator[tuple[BookingEvent, News]]:
        for other in events:
            try:
                said = read_call(other, self.configuration, from_environment, now=other.received_at)
            except UnreadableError:
                continue
            if other.id != self.event.id and isinstance(said, News):
                yield other, said

    def _name(self, event: BookingEvent) -> str:
        source = find_source(self.configuration, event.clinic, event.source)
        return event_id(source, event.payload) if isinstance(source, Generic) and event.payload else ""
