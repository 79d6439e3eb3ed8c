"""Hypothesis strategies over all IANA zones, drawn towards the nights on which clocks change."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

NAMES = sorted(available_timezones() - {"Factory", "localtime", "posixrules"})
FIRST, LAST = date(1973, 1, 1), date(2060, 12, 31)

zones = st.sampled_from(NAMES).map(ZoneInfo)
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@cache
def changes(name: str, year: int) -> tuple[datetime, ...]:
    """The UTC minutes of that year at which the zone's offset changes."""
    zone = ZoneInfo(name)
    start = datetime(year, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=n) for n in range(366)]
    return tuple(
        _change(zone, today, tomorrow)
        for today, tomorrow in pairwise(days)
        if _offset(zone, today) != _offset(zone, tomorrow)
    )


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        low, high = (low, middle) if _offset(zone, middle) != _offset(zone, low) else (middle, high)
    return high


@st.composite
def zones_and_moments(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a UTC minute: any, or within a day and a bit of a change of its clocks."""
    zone = draw(zones)
    year = draw(st.integers(FIRST.year, LAST.year))
    near: bool = draw(st.booleans())
    around = changes(zone.key, year)
    if around and near:
        return zone, draw(st.sampled_from(around)) + timedelta(minutes=draw(st.integers(-1600, 1600)))
    day = draw(st.dates(FIRST, LAST))
    return zone, datetime.combine(day, draw(times), tzinfo=UTC)


@st.composite
def zones_and_walls(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a naive wall-clock minute, often one that does not exist or exists twice."""
    zone, moment = draw(zones_and_moments())
    offset = draw(st.sampled_from([moment - timedelta(days=2), moment + timedelta(days=2)]))
    return zone, (moment + (_offset(zone, offset) or timedelta(0))).replace(tzinfo=None, second=0)


def walls_around(zone: ZoneInfo, wall: datetime) -> list[tuple[datetime, datetime]]:
    """Each UTC minute of two days around a wall-clock time with what the wall clock shows: the tests' oracle."""
    start = wall.replace(tzinfo=UTC) - timedelta(hours=28)
    minutes = (start + timedelta(minutes=n) for n in range(56 * 60))
    return [(minute, minute.astimezone(zone).replace(tzinfo=None)) for minute in minutes]
