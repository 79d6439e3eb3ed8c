from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.localtime import instant, move, next_instant, shift
from scheduler.domain.spans import Span, Unit, parse_span
from tests.domain.zones import FIRST, LAST, times, walls_around, zones_and_moments, zones_and_walls

MINUTE = timedelta(minutes=1)
calendar_units = st.sampled_from([Unit.DAYS, Unit.WEEKS, Unit.MONTHS])
calendar_spans = st.builds(Span, st.integers(0, 60), calendar_units)


@settings(max_examples=120)
@given(zones_and_walls())
def test_a_local_time_is_the_first_minute_that_shows_it_or_else_the_first_after_the_gap(
    where: tuple[ZoneInfo, datetime],
) -> None:
    zone, wall = where
    around = walls_around(zone, wall)
    shows = [minute for minute, shown in around if shown == wall]
    jumped = [minute for minute, shown in around if shown > wall]
    assert instant(wall.date(), wall.time(), zone) == (shows or jumped)[0]


@given(zones_and_walls())
def test_an_instant_is_in_utc_and_never_shows_an_earlier_time_than_asked(where: tuple[ZoneInfo, datetime]) -> None:
    zone, wall = where
    found = instant(wall.date(), wall.time(), zone)
    assert found.tzinfo is UTC
    assert found.astimezone(zone).replace(tzinfo=None) >= wall


@settings(max_examples=60)
@given(zones_and_moments(), times)
def test_the_next_instant_of_a_time_is_the_first_later_minute_that_shows_it_or_jumps_over_it(
    where: tuple[ZoneInfo, datetime], at: time
) -> None:
    zone, after = where
    found = next_instant(after, at, zone)
    assert found > after
    minutes = [after + timedelta(minutes=n) for n in range(1, (found - after) // MINUTE)]
    assert all(minute.astimezone(zone).time() != at for minute in minutes)
    shown, one_before = (moment.astimezone(zone).replace(tzinfo=None) for moment in (found, found - MINUTE))
    assert shown.time() == at or shown - one_before > MINUTE


@given(zones_and_moments(), calendar_spans, st.booleans())
def test_a_calendar_span_keeps_the_wall_clock_wherever_that_time_exists(
    where: tuple[ZoneInfo, datetime], span: Span, back: bool
) -> None:
    zone, start = where
    before = start.astimezone(zone)
    moved = move(start, span, zone, back=back).astimezone(zone)
    wanted = datetime.combine(shift(before.date(), span, back=back), before.time())
    assert moved.replace(tzinfo=None) == wanted or moved == instant(wanted.date(), wanted.time(), zone)
    assert moved.replace(tzinfo=None) >= wanted


@given(zones_and_moments(), st.integers(0, 5000), st.booleans())
def test_hours_and_minutes_elapse_whatever_the_clocks_do(
    where: tuple[ZoneInfo, datetime], minutes: int, back: bool
) -> None:
    zone, start = where
    elapsed = timedelta(minutes=-minutes if back else minutes)
    assert move(start, Span(minutes, Unit.MINUTES), zone, back=back) - start == elapsed


@given(st.dates(FIRST, LAST), st.integers(0, 60), st.booleans())
def test_months_land_in_the_month_they_name_on_the_same_day_or_the_last(day: date, months: int, back: bool) -> None:
    moved = shift(day, Span(months, Unit.MONTHS), back=back)
    assert (moved.year - day.year) * 12 + moved.month - day.month == (-months if back else months)
    assert moved.day == day.day or (moved.day < day.day and (moved + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("day", "span", "lands_on"),
    [
        ("2024-02-29", "1mo", "2024-03-29"),
        ("2024-02-29", "12mo", "2025-02-28"),
        ("2025-01-31", "1mo", "2025-02-28"),
        ("2024-01-31", "1mo", "2024-02-29"),
        ("2025-12-31", "2mo", "2026-02-28"),
        ("2025-12-15", "1mo", "2026-01-15"),
        ("2026-02-25", "1w", "2026-03-04"),
        ("2026-02-28", "1d", "2026-03-01"),
    ],
)
def test_calendar_spans_count_as_people_do(day: str, span: str, lands_on: str) -> None:
    assert shift(date.fromisoformat(day), parse_span(span)).isoformat() == lands_on


def test_an_evening_that_comes_again_after_midnight_is_found() -> None:
    st_johns = ZoneInfo("America/St_Johns")  # until 2011 clocks went back there at 00:01
    just_past_midnight = instant(date(2010, 11, 7), time(0, 0, 30), st_johns)
    assert next_instant(just_past_midnight, time(23, 30), st_johns) - just_past_midnight == timedelta(minutes=29.5)


def test_a_month_before_the_31st_is_the_last_day_of_a_shorter_month() -> None:
    assert shift(date(2026, 3, 31), parse_span("1mo"), back=True) == date(2026, 2, 28)


def test_hours_have_no_place_on_a_calendar() -> None:
    with pytest.raises(ValueError, match="2h can't be counted in calendar days"):
        shift(date(2026, 3, 2), parse_span("2h"))
