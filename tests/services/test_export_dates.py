"""Moments as the cells of exports have them: each form has one meaning, or is refused in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.services.exports.dates import Dates
from scheduler.services.moments import NoInstantError

DAY, MONTH = "day_first", "month_first"
TORONTO, MADRID, LONDON = ZoneInfo("America/Toronto"), ZoneInfo("Europe/Madrid"), ZoneInfo("Europe/London")
LANGUAGES = ("en", "fr", "es")
APRIL_3 = "2026-04-03 14:30"
SHORT_YEAR = "has a year of two digits: say import.dates: day_first or month_first, then it is one from 2000 to 2099"
SERIAL = "is the number that a spreadsheet keeps for a date: format the column as date and time, export it again"


def dates(written: str | None = None, zone: ZoneInfo = TORONTO) -> Dates:
    return Dates(written, zone, LANGUAGES)


def wide(text: str) -> str:
    """Return figures as Japanese keyboards write them."""
    return "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in text)


def local(text: str, written: str | None = None, zone: ZoneInfo = TORONTO) -> str:
    return f"{dates(written, zone).read(text).astimezone(zone):%Y-%m-%d %H:%M}"


def refusal(text: str, written: str | None = None, zone: ZoneInfo = TORONTO) -> str:
    with pytest.raises(NoInstantError) as refused:
        dates(written, zone).read(text)
    return str(refused.value)


@pytest.mark.parametrize("text", [
    "2026-04-03T14:30", "2026-04-03 14:30:00", "2026-04-03T14:30:00.000", "2026-04-03T18:30:00Z", "20260403T143000",
    "2026-04-03T14:30-04:00", "2026-04-03 14:30:00-04", "2026/04/03 14:30", "2026.04.03 14:30", "20260403 14:30",
    "3 avril 2026 14:30", "3 avril 2026 à 14 h 30", "3 avr. 2026 14h30", "VENDREDI 3 AVRIL 2026 À 14H30",
    "vendredi, le 3 avril 2026, 14 h 30 min 00 s", "Fri, Apr 3rd 2026 2:30 PM", "Friday, April 3, 2026 2.30pm",
    "3-Apr-2026 2:30PM", "2026, April 3 at 2:30 p.m.", "Apr 3, 2026, 2:30\u202fPM", "3 de abril de 2026 2:30 p. m.",
    "viernes, 3 de abril de 2026 a las 14:30 h", "vie. 3 abr 2026 14.30", "14:30, 3 April 2026", "03 Apr. 2026 14:30",
    wide("2026/04/03 14:30"), "\u200e3\u00a0April\u00a02026 14:30", "2026-04-03T00:00:00 14:30",
    "2026-04-03 0:00 2:30 PM",
])  # fmt: skip
def test_what_has_one_meaning_is_read_whatever_the_clinic_says_of_dates(text: str) -> None:
    assert {local(text, written) for written in (None, DAY, MONTH)} == {APRIL_3}


@pytest.mark.parametrize(("text", "written", "read"), [
    ("03/04/2026 14:30", DAY, APRIL_3), ("04/03/2026 14:30", MONTH, APRIL_3), ("3.4.26 14:30", DAY, APRIL_3),
    ("4/3/26 2:30 PM", MONTH, APRIL_3), ("03-04-2026 14h30", DAY, APRIL_3), ("3. 4. 2026 14.30", DAY, APRIL_3),
    ("03/04/2026 12:00:00 AM 2:30 PM", DAY, APRIL_3), ("14:30 03/04/2026", DAY, APRIL_3),
    ("Fri 03/04/2026 14:30", None, APRIL_3),  # the other day is a Wednesday
    ("13/04/2026 9:00", None, "2026-04-13 09:00"), ("04/13/2026 9:00", None, "2026-04-13 09:00"),
    ("03/03/2026 9:00", None, "2026-03-03 09:00"), ("mar. 3 mar. 2026 9 h", None, "2026-03-03 09:00"),
    ("mar 3 2026 12:00 am", None, "2026-03-03 00:00"), ("1er mai 2026 12:00 PM", None, "2026-05-01 12:00"),
    ("3 Apr 26 2pm", DAY, "2026-04-03 14:00"), ("3 f?vr. 2026 9:00", None, "2026-02-03 09:00"),
    ("3 ao\ufffdt 2026 9:00", None, "2026-08-03 09:00"), ("Thurs 2 Sept 2027 9:00", None, "2027-09-02 09:00"),
    ("22.03.2026 9.05", "%d.%m.%Y %H.%M", "2026-03-22 09:05"), (APRIL_3, "%d.%m.%Y %H.%M", APRIL_3),
])  # fmt: skip
def test_numbers_are_read_in_the_order_that_the_clinic_says(text: str, written: str | None, read: str) -> None:
    assert local(text, written) == read


@pytest.mark.parametrize(("text", "written", "said"), [
    ("03/04/2026 9:00", None, "may be 2026-03-04 or 2026-04-03: say import.dates: day_first or month_first"),
    ("3 Apr 26 9:00", None, SHORT_YEAR),
    ("jui 3 2026 9:00", DAY, "may be 2026-06-03 or 2026-07-03: spell the month out"),
    ("31/02/2026 9:00", DAY, "names a day or a time that does not exist: look at the calendar"),
    ("13/13/2026 9:00", None, "names a day or a time that does not exist: look at the calendar"),
    ("13/04/2026 9:00", MONTH, "names a day that does not exist with month_first: look at import.dates"),
    ("3 April 2026 25:00", None, "names a day or a time that does not exist: look at the calendar"),
    ("3 April 2026 13:30 PM", None, "names a day or a time that does not exist: look at the calendar"),
    ("3 April 2026 0:30 AM", None, "names a day or a time that does not exist: look at the calendar"),
    ("mardi 3 avril 2026 9:00", None, "names a weekday that the date does not fall on: look at the calendar"),
    ("Wed 03/04/2026 9:00", DAY, "names a weekday that the date does not fall on: look at the calendar"),
    ("3 April 2026", None, "has no time of day: if that has a column of its own, map both, such as [Date, Time]"),
    ("3 April 1926 9:00", None, "lies outside the years 2000 to 2100"),
    ("46084 0.5", DAY, SERIAL), ("46084 14:30", None, SERIAL),
    ("46084.6", DAY, SERIAL), ("46084", None, SERIAL), ("46084,5", "%d.%m.%Y %H.%M", SERIAL),
    ("22.03.1926 14.30", "%d.%m.%Y %H.%M", "lies outside the years 2000 to 2100"),
    ("soon", DAY, "is not a date and time such as 22/03/2026 14:30"),
    ("soon", MONTH, "is not a date and time such as 03/22/2026 2:30 PM"),
    ("14:30", None, "is not a date and time such as 2026-03-02T14:30"),
    ("3 + 4 April 2026 9:00", None, "is not a date and time such as 2026-03-02T14:30"),
    ("3 4 2026 9:00", DAY, "is not a date and time such as 22/03/2026 14:30"),
    ("3/4-2026 9:00", DAY, "is not a date and time such as 22/03/2026 14:30"),
    ("3 April 2026 9:00 10:00", None, "has two times of day: map its columns to starts_at and ends_at"),
    ("2:00 - 3:00 PM 3 April 2026", None, "says am or pm for one of two times alone: export both, or 24 hours"),
    ("3 April 2026 2:30 PM - 3:30", None, "says am or pm for one of two times alone: export both, or 24 hours"),
    ("3 April 2026 14:30-05:00", None, "has a - before what may be an end or an offset: export both apart"),
    ("3 April 2026 01:30-05:00", None, "has a - before what may be an end or an offset: export both apart"),
    ("3 April 2026 9:30 -10:00", None, "has a - before what may be an end or an offset: export both apart"),
    ("April 3", "%d.%m.%Y %H.%M", "is not a date and time such as 22.03.2026 14.30"),
])  # fmt: skip
def test_what_may_mean_two_moments_or_none_is_refused_in_words(text: str, written: str | None, said: str) -> None:
    assert refusal(text, written) == said


@pytest.mark.parametrize(("text", "start", "end"), [
    ("Apr 3, 2026 2:30 PM - 3:30 PM", APRIL_3, "2026-04-03 15:30"),
    ("Apr 3, 2026 2:30 PM \u2013 Apr 3, 2026 3:30 PM", APRIL_3, "2026-04-03 15:30"),
    ("2:30 PM to 3:30 PM, Friday, April 3, 2026", APRIL_3, "2026-04-03 15:30"),
    ("2026-04-03 14:30-15:30", APRIL_3, "2026-04-03 15:30"),
    ("3/Apr/2026 9:30-10:30", "2026-04-03 09:30", "2026-04-03 10:30"),
    ("3 avril 2026 14 h 30 à 15 h 30", APRIL_3, "2026-04-03 15:30"),
    ("3 de abril de 2026, 14:30 a 15:30", APRIL_3, "2026-04-03 15:30"),
    ("Apr 3, 2026 2:30 PM - Apr 4, 2026 1:00 AM EDT", APRIL_3, "2026-04-04 01:00"),
])  # fmt: skip
def test_a_range_in_one_cell_is_a_beginning_and_an_end(text: str, start: str, end: str) -> None:
    found = dates().ends(text)
    assert found is not None
    assert [f"{it.astimezone(TORONTO):%Y-%m-%d %H:%M}" for it in found] == [start, end]
    assert dates().read(text) == found[0]


def test_a_cell_without_an_end_has_none() -> None:
    assert [dates().ends(text) for text in (APRIL_3, "", "soon", "46084.6")] == [None] * 4


@pytest.mark.parametrize(("text", "zone", "utc"), [
    ("3 Apr 2026 14:30 UTC", TORONTO, "14:30"), ("3 Apr 2026 14:30:00 -0500", TORONTO, "19:30"),
    ("3 Apr 2026 14:30 +02:00", TORONTO, "12:30"), ("3 Apr 2026 14:30 GMT+2", TORONTO, "12:30"),
    ("Fri Apr 03 2026 14:30:00 GMT-0400 (Eastern Daylight Time)", TORONTO, "18:30"),
    ("3 Apr 2026 14:30 EDT", TORONTO, "18:30"), ("3 Apr 2026 14:30 ET", TORONTO, "18:30"),
    ("3 Apr 2026 2:30 PM Eastern Time (US & Canada)", TORONTO, "18:30"), ("3 Apr 2026 14:30 HAE", TORONTO, "18:30"),
    ("3 Apr 2026 14:30 (GMT-05:00) Eastern Time", TORONTO, "18:30"),  # the label is winter's, the clock is summer's
    ("3 Feb 2026 14:30 (GMT-05:00) Bogota, Lima", TORONTO, "19:30"),
    ("3 Apr 2026 14:30 America/Chicago", TORONTO, "19:30"), ("3 Apr 2026 14:30 [europe/madrid]", TORONTO, "12:30"),
    ("3 Apr 2026 14:30 Eastern Time - Jamaica", TORONTO, "19:30"), ("3 Apr 2026 14:30 CEST", MADRID, "12:30"),
    ("3 avril 2026 14:30 heure d\u2019Europe centrale", MADRID, "12:30"), ("3 Jan 2026 14:30 GMT", LONDON, "14:30"),
])  # fmt: skip
def test_a_zone_that_is_certain_counts(text: str, zone: ZoneInfo, utc: str) -> None:
    codes = Dates(None, zone, ("en", "fr_CA", "fr", "es"))
    assert f"{codes.read(text):%H:%M}" == utc


@pytest.mark.parametrize("text", [
    "3 Apr 2026 14:30 EST",  # clocks show EDT then
    "3 Apr 2026 14:30 CST",  # China's, Cuba's or the United States'
    "3 Apr 2026 14:30 AT",  # the Atlantic's
    "3 Apr 2026 14:30 (GMT-05:00) Bogota, Lima",
    "3 Apr 2026 14:30 -0700 Eastern Time",
    "3 Apr 2026 14:30 Zoë Lachance",
])  # fmt: skip
def test_a_zone_that_is_not_certain_is_refused_and_not_repeated(text: str) -> None:
    said = refusal(text)
    assert said.startswith("has a word that is no month or weekday, or a time zone that is not certain for that day")
    assert "Lachance" not in said


@pytest.mark.parametrize(("text", "zone", "utc"), [
    ("8 March 2026 02:30", TORONTO, "2026-03-08 07:00"),  # the hour that spring leaves out
    ("1 Nov 2026 01:30", TORONTO, "2026-11-01 05:30"),  # the first of two
    ("1 Nov 2026 01:30 EST", TORONTO, "2026-11-01 06:30"),  # which of them is said
    ("1 Nov 2026 01:30 EDT", TORONTO, "2026-11-01 05:30"),
    ("29/03/2026 2:30", MADRID, "2026-03-29 01:00"),
    ("25/10/2026 2:30", MADRID, "2026-10-25 00:30"),
    ("25/10/2026 2:30 CET", MADRID, "2026-10-25 01:30"),
    ("2026-10-25T02:30:00+01:00", MADRID, "2026-10-25 01:30"),
])  # fmt: skip
def test_clocks_that_change_are_followed(text: str, zone: ZoneInfo, utc: str) -> None:
    assert f"{dates(DAY, zone).read(text):%Y-%m-%d %H:%M}" == utc


FIRST, LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 60 for year in (2001, 2098))
moments = st.integers(FIRST, LAST).map(lambda minutes: datetime.fromtimestamp(minutes * 60, UTC))
WRITERS = [
    ("en", MONTH), ("en_GB", DAY), ("en_CA", None), ("fr", DAY), ("fr_CA", None), ("es", DAY), ("es_MX", DAY),
]  # fmt: skip


@given(moments, st.sampled_from(WRITERS), st.sampled_from(["full", "long", "medium", "short"]),
       st.sampled_from([TORONTO, MADRID, LONDON]))  # fmt: skip
def test_what_a_program_writes_in_the_clinics_languages_is_the_same_moment(
    moment: datetime, writer: tuple[str, str | None], width: str, zone: ZoneInfo
) -> None:
    place, written = writer
    text = format_datetime(moment.astimezone(zone), width, locale=place)
    found = Dates(written, zone, ("en", place)).read(text)
    # Of two equal readings of a clock without a zone the first is meant.
    assert found in (moment, moment - timedelta(hours=1) if moment.astimezone(zone).fold else moment)


PARTS = [
    "3", "04", "2026", "26", "/", "-", ".", " ", "14:30", "2", "PM", "mar", "juin", "Apr", "à", "EST", "(GMT-05:00)",
    "+02:00", "-0400", "America/Toronto", "h", "a",
]  # fmt: skip
anything = (
    st.text(max_size=60)
    | st.text(alphabet="0123456789 :/.-,+()apmhTZ", max_size=40)
    | st.lists(st.sampled_from(PARTS), max_size=10).map(" ".join)
)


@example("mar " * 30, None)
@example("0001-01-01T00:00:00+14:00", None)
@example("9999-12-31 23:59:59-12", None)
@example("2026-W14-5T14:30", None)
@given(anything, st.sampled_from([None, DAY, MONTH, "%d/%m/%Y %H:%M"]))
def test_any_cell_is_a_moment_or_one_refusal(text: str, written: str | None) -> None:
    try:
        found, said = dates(written).read(text), "nothing"
    except NoInstantError as error:
        found, said = datetime(2026, 1, 1, tzinfo=UTC), str(error)
    assert found.tzinfo is UTC
    assert said
    assert said.isprintable()


@given(st.integers(1, 28), st.integers(1, 12), st.integers(2000, 2099), st.sampled_from("/-."))
def test_a_day_and_a_month_are_never_exchanged(day: int, month: int, year: int, mark: str) -> None:
    text = f"{day:02}{mark}{month:02}{mark}{year} 12:00"
    assert local(text, DAY).startswith(f"{year}-{month:02}-{day:02}")
    try:
        found = local(text)
    except NoInstantError:
        assert day <= 12  # else it can't be a month, and nothing is ambiguous
        assert day != month
    else:
        assert found.startswith(f"{year}-{month:02}-{day:02}")
