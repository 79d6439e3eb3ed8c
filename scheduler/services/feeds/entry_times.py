"""When an entry of a calendar begins and ends, as far as that can be read, and when it was changed last."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import icalendar
from icalendar.cal import Component

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import instant
from scheduler.services.intake import Field
from scheduler.services.moments import EARLIEST_YEAR, LATEST_YEAR

Begins = datetime | date | None
"""When an entry begins, as near as it says: an instant (aware UTC), a whole day of the clinic, or nothing readable.

Where its zone is not known the instant is what the clinic's clock would make of it: enough to see that it moved.
"""


def begins(event: Component, clinic: Clinic) -> Begins:
    """Return when an entry begins, as near as it says."""
    start = moment(event, "DTSTART")
    if not isinstance(start, date) or not EARLIEST_YEAR <= start.year <= LATEST_YEAR:
        return None
    return aware(start, clinic) if isinstance(start, datetime) else start


def may_be_at(found: Begins, at: datetime, clinic: Clinic) -> bool:
    """Whether an entry that begins so may still mean what was at `at`; where nothing can be read it does not."""
    if isinstance(found, datetime):
        return found == at
    return found == at.astimezone(clinic.timezone).date()


def at_latest(found: Begins, clinic: Clinic) -> datetime | None:
    """Return the instant from which on an entry is in the calendar, None where that can't be read."""
    if found is None or isinstance(found, datetime):
        return found
    return instant(found, time(), clinic.timezone)


def wrong_with(event: Component, start: date | None) -> str:
    """Return the code of what is wrong with the beginning of an entry, "" for nothing."""
    if not isinstance(start, datetime):
        return "no_start"
    if not EARLIEST_YEAR <= start.year <= LATEST_YEAR:
        return "no_such_year"
    if start.tzinfo is None and event["DTSTART"].params.get("TZID"):
        return "zone_unknown"
    return ""


def times(event: Component, start: datetime | None) -> dict[Field, str]:
    """Return beginning and end in ISO 8601, without an offset where they are the clinic's wall clock."""
    if start is None:
        return {}
    end = moment(event, "DTEND")
    if end is None and isinstance(length := moment(event, "DURATION"), timedelta):
        end = start + length if start.tzinfo is None else start.astimezone(UTC) + length
    found = {Field.STARTS_AT: _iso(start)}
    if isinstance(end, datetime) and (end.tzinfo is None) == (start.tzinfo is None) and end > start:
        found[Field.ENDS_AT] = _iso(end)
    return found


def aware(start: datetime, clinic: Clinic) -> datetime:
    """Return an instant; a time without a zone is the clinic's."""
    if start.tzinfo is None:
        return instant(start.date(), start.time(), clinic.timezone)
    return start.astimezone(UTC)


def changed_at(event: Component) -> datetime | None:
    """Return when an entry says that it was changed last (aware UTC).

    In a calendar that is no message of a meeting DTSTAMP says that too (RFC 5545, 3.8.7.2), and is never left out.
    """
    found = moment(event, "LAST-MODIFIED") or moment(event, "DTSTAMP")
    return found.astimezone(UTC) if isinstance(found, datetime) and found.tzinfo else None


def moment(event: Component, name: str) -> Any:
    """Return a property's date, moment or length; None where there is none that can be read."""
    value = event.get(name)
    return value.dt if isinstance(value, (icalendar.vDDDTypes, icalendar.vDuration)) else None


def _iso(start: datetime) -> str:
    return start.isoformat() if start.tzinfo is None else start.astimezone(UTC).isoformat()
