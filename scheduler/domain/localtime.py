"""Wall clocks and calendars: which instant a local time is, and how days and months are counted."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.domain.spans import Span, Unit

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_DAYS = {Unit.DAYS: 1, Unit.WEEKS: 7}


def iso(instant: datetime) -> str:
    """Return an instant as ISO 8601 in UTC with Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(day: date, at: time, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """Return the UTC instant at which the wall clock of `zone` shows `at` (naive) on `day`.

    A time that does not exist, in a spring gap or on a day that the zone skipped, is the first instant after
    it that does. One that exists twice is the first, or the second with `fold=1`.
    """
    return _instant(day, at, zone, fold)


# The steps of all visits of a day fall on the same few instants: a plan of ten messages takes a third of the time.
@lru_cache(maxsize=8192)
def _instant(day: date, at: time, zone: ZoneInfo, fold: int) -> datetime:
    wall = datetime.combine(day, at)
    found = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if _wall(found, zone) == wall:
        return found
    return _end_of_gap(wall, zone)


def next_instant(after: datetime, at: time, zone: ZoneInfo) -> datetime:
    """Return the first instant later than `after` at which the wall clock of `zone` shows `at` or jumps over it."""
    # Where clocks are set back over midnight, yesterday's evening comes once more.
    day = after.astimezone(zone).date() - _DAY
    while True:
        for fold in (0, 1):
            if (found := instant(day, at, zone, fold=fold)) > after:
                return found
        day += _DAY


def shift(day: date, span: Span, *, back: bool = False) -> date:
    """Count calendar days, weeks or months from `day`; a month that is too short ends on its last day.

    Raises ValueError for hours and minutes: they elapse and have no place on a calendar.
    """
    if span.on_clock:
        raise ValueError(f"{span} can't be counted in calendar days")
    amount = -span.amount if back else span.amount
    if span.unit is not Unit.MONTHS:
        return day + timedelta(days=amount * _DAYS[span.unit])
    years, month = divmod(day.year * 12 + day.month - 1 + amount, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def move(start: datetime, span: Span, zone: ZoneInfo, *, back: bool = False) -> datetime:
    """Return the UTC instant one `span` after `start`, or before it.

    Hours and minutes elapse; days, weeks and months are counted on the calendar of `zone` and keep the wall clock.
    """
    if span.on_clock:
        return start.astimezone(UTC) + (-span.elapsed if back else span.elapsed)
    local = start.astimezone(zone)
    return instant(shift(local.date(), span, back=back), local.time(), zone)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Search the second at which the wall clock jumps over `wall`: before it with fold 1, after it with fold 0."""
    whole = wall.replace(microsecond=0, tzinfo=zone)
    before, after = whole.replace(fold=1).astimezone(UTC), whole.replace(fold=0).astimezone(UTC)
    while after - before > _SECOND:
        middle = (before + (after - before) // 2).replace(microsecond=0)
        before, after = (before, middle) if _wall(middle, zone) >= wall else (middle, after)
    return after
