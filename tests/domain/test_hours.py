from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.clinic import Closure, QuietHours
from scheduler.domain.hours import EVERY_DAY, SendingHours, sending_hours
from scheduler.domain.protocol import Purpose, Weekday
from tests.domain.samples import APIA, MADRID, NIGHT, TORONTO, after, between, clinic, closed, local, shown, step
from tests.domain.zones import times, zones, zones_and_moments

FAR = timedelta(days=60)
quiet_hours = st.one_of(st.none(), st.builds(QuietHours, times, times))
weekdays = st.one_of(st.just(EVERY_DAY), st.frozensets(st.sampled_from(Weekday), min_size=1))


@st.composite
def hours_and_moments(draw: st.DrawFn) -> tuple[SendingHours, datetime]:
    zone, moment = draw(zones_and_moments())
    clinic_zone = draw(st.one_of(st.just(zone), zones))
    starts = draw(st.lists(st.integers(-3, 20), max_size=3))
    today = moment.date()
    closures = tuple(
        Closure(today + timedelta(days=start), today + timedelta(days=start + draw(st.integers(0, 8))))
        for start in starts
    )
    return SendingHours(zone, clinic_zone, draw(quiet_hours), closures, draw(weekdays)), moment


def allowed(hours: SendingHours, moment: datetime) -> bool:
    """Written anew from the words of the design."""
    here, there = moment.astimezone(hours.zone), moment.astimezone(hours.clinic_zone)
    open_day = not any(closure.first <= there.date() <= closure.last for closure in hours.closures)
    return open_day and Weekday(here.weekday()) in hours.on and not quiet(hours.quiet, here.time())


def quiet(hours: QuietHours | None, at: time) -> bool:
    if hours is None or hours.start == hours.end:
        return False
    if hours.start < hours.end:
        return hours.start <= at < hours.end
    return not hours.end <= at < hours.start


@given(hours_and_moments())
def test_what_is_deferred_goes_out_in_allowed_hours_only(where: tuple[SendingHours, datetime]) -> None:
    hours, moment = where
    until = moment + FAR
    found, _ = hours.defer(moment, until)
    assert moment <= found
    assert found >= until or allowed(hours, found)


@given(hours_and_moments())
def test_what_is_allowed_is_not_moved_and_has_no_reason(where: tuple[SendingHours, datetime]) -> None:
    hours, moment = where
    found, reasons = hours.defer(moment, moment + FAR)
    assert (found == moment) == allowed(hours, moment) == (not reasons)


@given(hours_and_moments())
def test_what_was_deferred_once_is_not_deferred_again(where: tuple[SendingHours, datetime]) -> None:
    hours, moment = where
    until = moment + FAR
    found, _ = hours.defer(moment, until)
    assert hours.defer(found, until) == (found, ())


@given(zones_and_moments(), st.builds(QuietHours, times, times))
def test_quiet_hours_alone_defer_by_a_day_at_most_where_no_day_is_skipped(
    where: tuple[ZoneInfo, datetime], night: QuietHours
) -> None:
    zone, moment = where
    found, _ = SendingHours(zone, zone, night).defer(moment, moment + FAR)
    assert found - moment <= timedelta(hours=50)


@given(zones_and_moments(), st.integers(1, 30))
def test_a_closure_defers_to_the_first_open_day_at_the_same_wall_clock(
    where: tuple[ZoneInfo, datetime], days: int
) -> None:
    zone, moment = where
    before = moment.astimezone(zone)
    last = before.date() + timedelta(days=days - 1)
    found, _ = SendingHours(zone, zone, None, (Closure(before.date(), last),)).defer(moment, moment + FAR)
    shown_after = found.astimezone(zone).replace(tzinfo=None)
    wanted = datetime.combine(last + timedelta(days=1), before.time())
    assert shown_after >= wanted
    assert shown_after - wanted <= timedelta(days=1)


def test_the_first_minute_of_quiet_hours_is_quiet_and_their_end_is_not() -> None:
    hours = SendingHours(MADRID, MADRID, NIGHT)
    evening, morning = local("2026-03-02 20:00", MADRID), local("2026-03-03 08:00", MADRID)
    assert hours.defer(evening, evening + FAR)[0] == morning
    assert hours.defer(morning, morning + FAR)[0] == morning


def test_quiet_hours_within_a_day_defer_to_the_same_day() -> None:
    hours = SendingHours(MADRID, MADRID, QuietHours(time(13), time(15)))
    for text in ("2026-03-02 13:00", "2026-03-02 13:30", "2026-03-02 14:59", "2026-03-02 15:00"):
        lunch = local(text, MADRID)
        assert shown(hours.defer(lunch, lunch + FAR)[0], MADRID) == "Mon 2026-03-02 15:00"


def test_quiet_hours_that_end_in_the_spring_gap_end_with_it() -> None:
    hours = SendingHours(MADRID, MADRID, QuietHours(time(22), time(2, 30)))
    night = local("2026-03-29 01:00", MADRID)
    assert shown(hours.defer(night, night + FAR)[0], MADRID) == "Sun 2026-03-29 03:00"


def test_the_hour_that_comes_twice_is_quiet_twice() -> None:
    hours = SendingHours(MADRID, MADRID, QuietHours(time(22), time(2, 30)))
    second_two = local("2026-10-25 02:45", MADRID) + timedelta(minutes=20)
    assert shown(second_two, MADRID) == "Sun 2026-10-25 02:05"
    assert hours.defer(second_two, second_two + FAR)[0] == second_two + timedelta(minutes=25)


def test_a_night_before_a_day_that_never_was_lasts_until_the_morning_after_it() -> None:
    hours = SendingHours(APIA, APIA, NIGHT)
    night = local("2011-12-29 21:00", APIA)
    assert shown(hours.defer(night, night + FAR)[0], APIA) == "Sat 2011-12-31 08:00"


def test_quiet_hours_that_end_on_a_closed_day_wait_for_the_next_open_one() -> None:
    hours = SendingHours(MADRID, MADRID, NIGHT, (closed("2026-03-03", "2026-03-04"),))
    evening = local("2026-03-02 21:00", MADRID)
    found, reasons = hours.defer(evening, evening + FAR)
    assert shown(found, MADRID) == "Thu 2026-03-05 08:00"
    assert [reason.code for reason in reasons] == ["quiet_hours", "closure"]


def test_closed_days_are_the_clinics_days_not_the_patients() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    hours = SendingHours(tokyo, TORONTO, None, (Closure(date(2026, 3, 2), date(2026, 3, 2)),))
    tuesday_in_tokyo = local("2026-03-03 09:00", tokyo)
    assert shown(hours.defer(tuesday_in_tokyo, tuesday_in_tokyo + FAR)[0], tokyo) == "Wed 2026-03-04 09:00"


def test_a_closure_without_end_is_not_searched_past_the_usefulness() -> None:
    hours = SendingHours(MADRID, MADRID, None, (Closure(date(2026, 1, 1), date.max),))
    moment = local("2026-03-02 10:00", MADRID)
    until = moment + timedelta(days=3)
    assert hours.defer(moment, until)[0] >= until


def test_a_step_has_the_closures_only_if_they_defer_it_and_the_weekdays_only_if_it_names_them() -> None:
    at = clinic(quiet=NIGHT, closures=[closed("2026-03-03")])
    care = sending_hours(step(after("2d")), at, None)
    recall = sending_hours(
        step(between("4w", "6w", "4w", "11:00", [Weekday.TUE]), purpose=Purpose.RECALL), at, MADRID
    )
    assert (care.closures, care.on, care.zone) == ((), EVERY_DAY, TORONTO)
    assert (recall.closures, recall.on, recall.zone) == (at.closures, frozenset({Weekday.TUE}), MADRID)
    assert recall.quiet == NIGHT
    assert recall.clinic_zone == TORONTO
