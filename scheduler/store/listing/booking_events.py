"""What booking systems told, as lists show it: the latest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.booking_event import EventState
from scheduler.store.booking_events import BookingEvent, read_event
from scheduler.store.database import Tx
from scheduler.store.listing.narrowing import below_id, equal, spanning
from scheduler.store.scopes import within
from scheduler.store.source_tables import booking_events


@dataclass(frozen=True, slots=True)
class BookingFilter:
    """Which calls are meant; what is None does not narrow. Received from `since` on, before `until` (aware UTC)."""

    scope: Scope
    source: str | None = None
    state: EventState | None = None
    booking: str | None = None
    appointment: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_bookings(tx: Tx, wanted: BookingFilter, *, below: int | None, limit: int) -> tuple[BookingEvent, ...]:
    """Return at most `limit` calls, the highest id first; those below `below` where one is given."""
    event = booking_events.c
    found = sa.select(booking_events).where(
        within(event.clinic, wanted.scope),
        *equal(
            (event.source, wanted.source),
            (event.state, wanted.state),
            (event.booking, wanted.booking),
            (event.appointment_id, wanted.appointment),
        ),
        *spanning(event.received_at, wanted.since, wanted.until),
        *below_id(event.id, below),
    )
    rows = tx.connection.execute(found.order_by(event.id.desc()).limit(limit))
    return tuple(read_event(tx, row) for row in rows)
