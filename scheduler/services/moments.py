"""Moments as people and programs write them: ISO 8601, at the clinic where they name no zone."""

import re
from datetime import UTC, datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import instant

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
_BEHIND = re.compile(r"(?<=:\d\d)(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?$", re.ASCII)
EXAMPLE = datetime(2026, 3, 22, 14, 30)  # noqa: DTZ001  (shows how a local time is written)


class NoInstantError(ValueError):
    """A text is no moment; `code` is for pages, the message in words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_instant(text: str, clinic: Clinic) -> datetime:
    """Read a moment in ISO 8601; without an offset it is the clinic's wall clock.

    Raises NoInstantError (a ValueError).
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise no_instant(text, "2026-03-02T14:30") from None
    if len(text) <= len("2026-03-02"):
        raise NoInstantError("no_time", "has no time of day: write it as 2026-03-02T14:30")
    check_year(moment.year)
    if moment.tzinfo is None:
        return instant(moment.date(), moment.time(), clinic.timezone)
    return moment.astimezone(UTC)


def check_year(year: int) -> None:
    """Raise NoInstantError for a year in which no clinic books."""
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise NoInstantError("no_year", f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}")


def no_instant(text: str, wanted: str) -> NoInstantError:
    """Say what is wrong with a text: what is written like the `wanted` one names a day or time that there is not.

    So does what is, with seconds and an offset behind it.
    """
    if _shape(_BEHIND.sub("", text)) == _shape(wanted):
        return no_such_day()
    return NoInstantError("no_instant", f"is not a date and time such as {wanted}")


def no_such_day() -> NoInstantError:
    """Say that the calendar or the clock has no such thing."""
    return NoInstantError("no_such_day", "names a day or a time that does not exist: look at the calendar")


def _shape(text: str) -> str:
    """Return a text with each number, of one or two digits or of more, as a sign."""
    return re.sub(r"\d+", lambda it: "0" if len(it[0]) <= 2 else "0000", text)  # noqa: PLR2004  (a day or an hour, not a year)
