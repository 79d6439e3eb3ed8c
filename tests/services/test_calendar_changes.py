"""What changes in a calendar in ways that can't be followed, or only just: nothing stays on where it is not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.appointments import call_off
from scheduler.store.tables import appointments
from tests.servers.calendar import CalendarServer
from tests.services.calendar_desk import Desk
from tests.services.calendars import DESK, calendar, entries, entry
from tests.services.house import House

BOOKED, OFF = AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED
ELSEWHERE = "20260420T140000Z"
MOVED = {
    "another title": entry("B-1", title="MOVED Zoë", start=f"DTSTART:{ELSEWHERE}"),
    "a whole day": entry("B-1", start="DTSTART;VALUE=DATE:20260420"),
    "a zone that nobody knows": entry("B-1", start="DTSTART;TZID=Nowhere/X:20260420T100000"),
    "one that repeats itself": entry("B-1", "RRULE:FREQ=WEEKLY", start=f"DTSTART:{ELSEWHERE}"),
    "no beginning": entry("B-1", start="COMMENT:none"),
}
THERE_STILL = {
    "another title": entry("B-1", title="Zoë comes later"),
    "a whole day": entry("B-1", start="DTSTART;VALUE=DATE:20260318"),
    "a zone that nobody knows": entry("B-1", start="DTSTART;TZID=Nowhere/X:20260318T100000"),
    "one that repeats itself": entry("B-1", "RRULE:FREQ=WEEKLY"),
}


@pytest.fixture
def desk(any_house: House) -> Iterator[Desk]:
    with CalendarServer() as server:
        yield Desk(any_house, server)


@pytest.fixture
def sqlite_desk(house: House) -> Iterator[Desk]:
    with CalendarServer() as server:
        yield Desk(house, server)


def visits(desk: Desk) -> int:
    with desk.house.store.read() as tx:
        return int(tx.connection.scalar(sa.select(sa.func.count()).select_from(appointments)) or 0)


def test_one_that_moved_and_can_not_be_read_is_off_at_the_old_time_until_it_can(desk: Desk) -> None:
    desk.publish(entry()).read()
    for what, moved in MOVED.items():
        for _ in range(2):
            (refused,) = desk.publish(moved).read().taken.refused
            assert desk.statuses(1) == [OFF], what
        assert desk.publish(entry()).came_of() == {"rescheduled": 1}, what
        assert (desk.statuses(1), visits(desk)) == ([BOOKED], 1), what
    (refused,) = desk.publish(MOVED["another title"]).read().taken.refused
    assert "appointment 1 is called off here" in refused.reason
    assert refused.starts_at == datetime(2026, 4, 20, 14, 0, tzinfo=UTC), "it told the old time"
    assert desk.alerts() == ["Bookings of desk that were refused: 6."]


def test_one_that_can_not_be_read_and_may_be_where_it_was_stays_on_and_is_told(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.publish(entry()).read()
    for what, same in THERE_STILL.items():
        assert desk.publish(same).came_of() == {"refused": 1}, what
        assert desk.statuses(1) == [BOOKED], what
    assert desk.alerts()


def test_an_entry_that_is_given_to_somebody_else_is_theirs(desk: Desk) -> None:
    desk.publish(entry()).read()
    given = entry("B-1", "SEQUENCE:2", title="Face peel - Ann Roy").replace("0123", "0189").replace("zoe@", "ann@")
    assert desk.publish(given).came_of() == {"registered": 1}
    assert desk.statuses(2) == [OFF, BOOKED]
    assert desk.house.patient(2).name == "Ann Roy"
    assert desk.came_of() == {}
    assert desk.publish(entry("B-1", "SEQUENCE:3", "STATUS:CANCELLED")).came_of() == {"cancelled": 1}
    assert desk.statuses(2) == [OFF, OFF]


def test_a_word_beside_a_name_makes_nobody_else(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.publish(entry()).read()
    noted = entry("B-1", "SEQUENCE:2", title="Face peel - Zoë Lachance PAID")
    assert desk.publish(noted).came_of() == {"unchanged": 1}
    assert (desk.statuses(1), visits(desk)) == ([BOOKED], 1)


def test_an_entry_that_is_for_another_treatment_sends_nothing_of_the_first(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    protocols = {**desk.house.configuration.protocols, "laser": desk.house.configuration.protocols["peel"]}
    desk.house.configuration = replace(desk.house.configuration, protocols=protocols)
    desk.publish(entry()).read()
    assert desk.publish(entry(title="laser - Zoë Lachance")).came_of() == {"refused": 1}
    assert desk.statuses(1) == [OFF]


def test_what_is_missing_after_the_calendars_end_waits_for_a_word_and_is_told(desk: Desk) -> None:
    desk.publish(*entries(5)).read()
    desk.publish(*entries(4))
    for _ in range(2):
        assert (desk.read().taken.missing, desk.read().taken.held) == (0, 1)
        desk.wait()
    assert desk.statuses(5) == [BOOKED] * 5
    (told,) = desk.alerts()
    assert told.startswith("1 appointments after the last entry of the calendar desk are missing there")
    assert desk.came_of(accept_missing=True) == {"unchanged": 4, "cancelled": 1}
    assert desk.statuses(5)[4] is OFF
    assert desk.alerts() == []
    desk.publish(*entries(5)).read()
    assert desk.statuses(5)[4] is BOOKED


def test_who_calls_off_by_hand_what_is_missing_there_has_said_enough(desk: Desk) -> None:
    desk.publish(*entries(5)).read()
    assert desk.publish(*entries(4)).read().taken.held == 1
    with desk.house.store.write() as tx:
        call_off(tx, 5, OFF, now=desk.house.clock.now(), by="test")
    assert desk.read().taken.held == 0
    assert desk.alerts() == []
    desk.publish(*entries(5)).read()
    assert desk.statuses(5)[4] is OFF, "it was there again, and said nothing new"


def test_it_goes_as_far_as_anything_in_it_or_as_its_block_says(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.publish(*entries(5)).read()
    later = {
        "a holiday": [entry("H-1", title="Closed", start="DTSTART;VALUE=DATE:20260401")],
        "a meeting": [entry("L-1", title="Lunch", start="DTSTART:20260331T120000Z")],
        "covers": [],
    }
    for what, others in later.items():
        desk.source = replace(DESK, covers=timedelta(weeks=8) if what == "covers" else None)
        desk.publish(*entries(4), *others).read()
        desk.wait()
        assert desk.came_of() == {"unchanged": 4, "cancelled": 1}, what
        desk.publish(*entries(5)).read()
        assert desk.statuses(5) == [BOOKED] * 5, what
    desk.source = replace(DESK, covers=timedelta(days=7))
    assert desk.publish(*entries(4)).read().taken.held == 1, "the calendar need not go as far"


def test_a_sequence_that_begins_anew_hides_no_move(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    days = iter(range(19, 31))

    def moved(*more: str) -> dict[str, int]:
        return desk.publish(entry("B-1", *more, start=f"DTSTART:202603{next(days)}T140000Z")).came_of()

    desk.publish(entry("B-1", "SEQUENCE:5")).read()
    assert moved("SEQUENCE:0", "LAST-MODIFIED:20260305T100000Z") == {"rescheduled": 1}
    assert moved("SEQUENCE:0", "LAST-MODIFIED:20260304T100000Z") == {"unchanged": 1}, "older by its own stamp"
    assert moved("SEQUENCE:7", "LAST-MODIFIED:20260306T100000Z") == {"rescheduled": 1}
    assert moved("SEQUENCE:1", "LAST-MODIFIED:20260307T100000Z") == {"rescheduled": 1}
    assert moved("SEQUENCE:0", "LAST-MODIFIED:20260307T100000Z") == {"unchanged": 1}, "as old, and counts fewer"
    desk.server.content = entry_without_stamp("SEQUENCE:0")
    (refused,) = desk.read().taken.refused
    assert "SEQUENCE is lower than before" in refused.reason
    assert desk.statuses(1) == [OFF]
    assert len(desk.read().taken.refused) == 1
    assert moved("SEQUENCE:2", "LAST-MODIFIED:20260308T100000Z") == {"rescheduled": 1}
    assert desk.statuses(1) == [BOOKED]


def entry_without_stamp(*more: str) -> bytes:
    return calendar(entry("B-1", *more, start="DTSTART:20260401T140000Z")).replace(
        b"DTSTAMP:20260301T000000Z\r\n", b""
    )


def test_a_calendar_that_was_made_anew_registers_nobody_twice(desk: Desk) -> None:
    desk.publish(*entries(5)).read()
    with desk.house.store.write() as tx:
        call_off(tx, 2, OFF, now=desk.house.clock.now(), by="test")
    anew = [it.replace("UID:B-", "UID:N-") for it in entries(5)]
    other = entry("N-9", title="Face peel - Kim Other", start="DTSTART:20260318T140000Z")
    assert desk.publish(*anew, other).came_of() == {"unchanged": 5, "registered": 1}
    assert (visits(desk), desk.statuses(5)) == (6, [BOOKED, OFF, BOOKED, BOOKED, BOOKED])
    assert desk.came_of() == {}, "nothing is open any more"
    desk.publish(*anew[:1], *anew[2:], other).read()
    desk.publish(anew[0], *anew[2:4], other, entry("X", title="Lunch", start="DTSTART:20260331T120000Z")).read()
    desk.wait()
    desk.read()
    assert desk.statuses(5)[4] is OFF, "the last one was missing under its new name"
    again = entries(5)[4].replace("UID:B-", "UID:M-")
    assert desk.publish(anew[0], *anew[2:4], other, again).came_of() == {"unchanged": 4, "rescheduled": 1}
    assert (visits(desk), desk.statuses(5)[4]) == (6, BOOKED)


def test_what_is_over_is_not_begun_again_under_another_name(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.publish(*entries(2)).read()
    desk.wait(timedelta(days=9))  # the first was yesterday
    desk.publish(*[it.replace("UID:B-", "UID:N-") for it in entries(2)])
    assert desk.came_of() == {"unchanged": 2}
    assert visits(desk) == 2
