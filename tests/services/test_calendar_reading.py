"""What a calendar's entries say, with every way to write a time; what can't be read is said, never guessed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Calendar
from scheduler.services.feeds.reading import CalendarError, read_feed
from scheduler.services.intake import Field
from tests.services.calendars import DESK, calendar, entry
from tests.services.house import configuration

VISIT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)
EVERYTHING = Calendar("all", "URL", treatment="peel")


def zone(offset: str) -> str:
    inside = ("BEGIN:STANDARD", "DTSTART:19700101T000000", f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}")
    return "\n".join(["BEGIN:VTIMEZONE", "TZID:Of/Ours", *inside, "END:STANDARD", "END:VTIMEZONE"])


OURS = "DTSTART;TZID=Of/Ours:20260318T100000"
STARTS = {
    "DTSTART:20260318T140000Z": VISIT,
    "DTSTART:20260318T100000": VISIT,  # floating: the clinic's clock
    "DTSTART;TZID=America/Toronto:20260318T100000": VISIT,
    "DTSTART;TZID=Eastern Standard Time:20260318T100000": VISIT,
    "DTSTART;TZID=/vendor.example/America/Toronto:20260318T100000": VISIT,
    "DTSTART;TZID=America/Toronto:20260308T023000": datetime(2026, 3, 8, 7, 30, tzinfo=UTC),  # in the gap of spring
    "DTSTART;TZID=Mars/Olympus:20260318T100000": "its time zone is not known",
    OURS: "its time zone is not known",
    "DTSTART:2026-03-18T10:00": "its beginning is no date and time",
    "DTSTART:18990101T100000Z": "its beginning lies in no year",
    "COMMENT:nothing": "its beginning is no date and time",
    "DTSTART:20260318T140000Z\nRRULE:FREQ=DAILY": "it repeats itself",
    "DTSTART:20260318T140000Z\nDTSTART:20260319T140000Z": "its beginning is no date and time",
}


@pytest.fixture(scope="module")
def north() -> Clinic:
    return configuration().clinic("north")


def test_a_beginning_is_read_in_every_way_to_write_it(north: Clinic) -> None:
    for line, expected in STARTS.items():
        (found,) = read_feed(calendar(entry(start=line)), DESK, north).entries
        if isinstance(expected, datetime):
            assert (found.starts_at, found.problem) == (expected, ""), line
        else:
            assert found.problem.startswith(str(expected)), line


def test_a_zone_that_a_calendar_describes_holds_for_that_calendar_only(north: Clinic) -> None:
    for offset, hour in (("-0300", 13), ("+0500", 5)):
        (found,) = read_feed(calendar(zone(offset), entry(start=OURS)), DESK, north).entries
        assert found.starts_at == datetime(2026, 3, 18, hour, 0, tzinfo=UTC)
    (found,) = read_feed(calendar(entry(start=OURS)), DESK, north).entries
    assert found.problem


def test_the_end_is_read_or_counted_from_the_length(north: Clinic) -> None:
    for line, end in (
        ("DTEND:20260318T150000Z", "2026-03-18T15:00:00+00:00"),
        ("DURATION:PT45M", "2026-03-18T14:45:00+00:00"),
        ("DTEND:20260318T130000Z", None),
        ("DTEND:20260318T150000", None),
    ):
        (found,) = read_feed(calendar(entry("B-1", line)), DESK, north).entries
        assert found.raw.get(Field.ENDS_AT) == end, line


def test_title_and_description_say_who_and_what(north: Clinic) -> None:
    (found,) = read_feed(calendar(entry()), DESK, north).entries
    said = {key.value: value for key, value in found.raw.items() if key is not Field.STARTS_AT}
    assert said == {
        "treatment": "Face peel",
        "name": "Zoë Lachance",
        "phone": "416-555-0123",
        "email": "zoe@patients.example",
    }
    html = entry("B-2", "DESCRIPTION:<p>Phone: <b>416-555-0123</b></p>Email: zoe@patients.example<br>")
    lines = [line for line in html.split("\n") if not line.startswith("DESCRIPTION:Phone")]
    (same,) = read_feed(calendar("\n".join(lines)), DESK, north).entries
    assert same.raw == found.raw


def test_the_only_guest_is_the_patient_and_of_several_nobody_is(north: Clinic) -> None:
    organizer, room = "ORGANIZER:mailto:desk@north.example", "ATTENDEE;CUTYPE=ROOM:mailto:room@north.example"
    guests = ("ATTENDEE;CN=Zoë L:mailto:Zoe@Patients.example", "ATTENDEE:mailto:desk@north.example")
    for more, expected in (
        ((organizer, room, *guests), ("zoe@patients.example", "Zoë L")),
        ((room, *guests), (None, None)),
        ((organizer,), (None, None)),
    ):
        bare = entry("B-1", *more).replace("DESCRIPTION:", "COMMENT:")
        (found,) = read_feed(calendar(bare), EVERYTHING, north).entries
        assert (found.raw.get(Field.EMAIL), found.raw.get(Field.NAME)) == expected


def test_what_looks_like_no_booking_is_none(north: Clinic) -> None:
    whole_day = entry("B-2", start="DTSTART;VALUE=DATE:20260318")
    feed = read_feed(calendar(entry(title="Lunch"), whole_day), DESK, north)
    assert (feed.entries, len(feed.others)) == ((), 2)


def test_of_an_entry_that_stands_there_twice_the_newer_counts(north: Clinic) -> None:
    older, newer = entry("B-1", "SEQUENCE:1"), entry("B-1", "SEQUENCE:2", start="DTSTART:20260319T140000Z")
    moved = entry("B-1", "RECURRENCE-ID:20260318T140000Z")
    for parts in ((older, newer), (newer, older)):
        (found,) = read_feed(calendar(*parts), DESK, north).entries
        assert found.sequence == 2
    assert len(read_feed(calendar(older, moved), DESK, north).entries) == 2


def test_an_id_shows_nothing_of_what_it_was_made_of(north: Clinic) -> None:
    (found,) = read_feed(calendar(entry("zoe@patients.example")), DESK, north).entries
    assert found.external_id.startswith("desk/")
    assert "zoe" not in found.external_id
    assert "Zo" not in repr(found)


def test_a_calendar_that_broke_off_is_refused(north: Clinic) -> None:
    whole = calendar(entry())
    for content, code in (
        (whole[:-20], "not-whole"),
        (b"<html>Sign in</html>", "no-calendar"),
        (b"", "no-calendar"),
        (b"END:VCALENDAR", "no-calendar"),
    ):
        with pytest.raises(CalendarError) as refused:
            read_feed(content, DESK, north)
        assert refused.value.code == code


LINES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "BEGIN:VALARM"]),
        st.sampled_from(["UID:1", "SUMMARY:Peel - Zoë", "DTSTART:20260318T140000Z", "ATTENDEE;CN=a:mailto:b@c.d"]),
        st.builds(
            "{}{}".format, st.sampled_from(["DTSTART", "DTEND;TZID=", "RRULE:", "DURATION:P"]), st.text(max_size=30)
        ),
    ),
    max_size=14,
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), LINES.map(lambda lines: calendar(*lines))))
def test_whatever_comes_is_read_or_refused(content: bytes) -> None:
    try:
        feed = read_feed(content, EVERYTHING, configuration().clinic("north"))
    except CalendarError:
        return
    assert all(it.problem or it.starts_at.tzinfo for it in feed.entries)
