"""When each calendar of a booking system was read last, and why one can't be."""

from collections.abc import Iterator

from scheduler.domain.sources import Calendar
from scheduler.protocols.configuration import Configuration
from scheduler.services.finding import Finding, Health
from scheduler.store.database import Store
from scheduler.store.feeds import readings

_PART = "calendars"


def calendars_read(store: Store, configuration: Configuration) -> Iterator[Finding]:
    """Tell how the reading of each calendar stands. Raises StoreError."""
    with store.read() as tx:
        known = readings(tx)
    for clinic in configuration.clinics.values():
        for source in clinic.bookings:
            if not isinstance(source, Calendar):
                continue
            state = known.get((clinic.id, source.id))
            at = state.read_at if state else None
            said = f"{source.id} of {clinic.id}: {f'read at {at:%Y-%m-%d %H:%M} UTC' if at else 'never read yet'}"
            if state and state.failing_since:
                since = f"{state.failing_since:%Y-%m-%d %H:%M} UTC"
                remedy = "see what to do in docs/how-to/follow-a-booking-calendar.md"
                yield Finding(_PART, Health.WARNING, f"{said}; it can't be since {since} ({state.error})", remedy)
            else:
                yield Finding(_PART, Health.WELL, said)
