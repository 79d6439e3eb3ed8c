"""One calendar of a booking system, read because a person at the desk or a program asks for it."""

import asyncio
from typing import TYPE_CHECKING

from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Calendar
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services.bookings.sources import SecretOf, find_source, from_environment
from scheduler.services.desk import Desk

if TYPE_CHECKING:
    from scheduler.services.feeds.pulling import Pulled


def read_by_hand(
    desk: Desk,
    clinic: str,
    source: str,
    *,
    dry_run: bool = False,
    accept_missing: bool = False,
    accept_most: int | None = None,
    secret_of: SecretOf = from_environment,
) -> "Pulled":
    """Read a calendar now. A dry run writes nothing; `accept_missing`: what is missing there is off.

    With `accept_most` only where no more than that is missing, as many as were shown.

    Blocks for as long as the calendar's server takes, half a minute at most, and commits: call it off the event loop.
    Raises NotFoundError where there is no such booking system, ConflictError where it is no calendar, StoreError.
    """
    # Loads aiohttp and icalendar: most clinics have no calendar.
    from scheduler.services.feeds.pulling import Puller  # noqa: PLC0415  (see above)

    place, calendar = _calendar(desk, clinic, source)
    puller = Puller(desk.store, desk.clock, secret_of)
    done = asyncio.run(
        puller.pull(
            desk.configuration,
            place,
            calendar,
            dry_run=dry_run,
            accept_missing=accept_missing,
            accept_most=accept_most,
        )
    )
    if not dry_run and done.taken.changed:
        desk.wake()
    return done


def _calendar(desk: Desk, clinic: str, source: str) -> tuple[Clinic, Calendar]:
    known = find_source(desk.configuration, clinic, source)
    if known is None:
        raise NotFoundError(f"clinic {clinic} has no booking system {source}")
    if not isinstance(known, Calendar):
        raise ConflictError(f"{source} is no calendar: it tells by itself", code="no_calendar", source=source)
    return desk.configuration.clinics[clinic], known
