"""Bookings of a calendar: registered, moved, called off; and what is missing there is never lost for nothing."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.appointments import call_off
from scheduler.services.feeds.health import calendars_read
from scheduler.services.feeds.pulling import AWAY_FOR, Puller
from scheduler.store.tables import appointments
from scheduler.store.today import is_new
from tests.servers.calendar import CalendarServer
from tests.services.calendar_desk import Desk
from tests.services.calendars import DESK, entries, entry, follow
from tests.services.house import VISIT, House


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with CalendarServer() as server:
        yield Desk(house, server)


@pytest.fixture
def any_desk(any_house: House) -> Iterator[Desk]:
    """What says something to the database by itself is shown on both."""
    with CalendarServer() as server:
        yield Desk(any_house, server)


def test_an_entry_is_registered_once_moved_and_called_off(desk: Desk) -> None:
    assert desk.publish(entry()).came_of() == {"registered": 1}
    assert desk.came_of() == {}
    assert desk.server.asked[-1].etag, "the server was not asked for what is new only"
    found = desk.house.appointment(1)
    assert (found.treatment, found.starts_at) == ("peel", VISIT)
    assert desk.house.patient(1).phone == "+14165550123"
    moved = entry("B-1", "SEQUENCE:1", start="DTSTART:20260319T140000Z")
    assert desk.publish(moved).came_of() == {"rescheduled": 1}
    assert desk.publish(entry()).came_of() == {"unchanged": 1}, "an older copy moved it back"
    assert desk.publish(entry("B-1", "SEQUENCE:2", "STATUS:CANCELLED")).came_of() == {"cancelled": 1}
    again = entry("B-1", "SEQUENCE:3", start="DTSTART:20260319T140000Z")
    assert desk.publish(again).came_of() == {"rescheduled": 1}
    assert desk.statuses(1) == [AppointmentStatus.BOOKED]


def test_what_staff_call_off_stays_so_while_the_calendar_says_nothing_new(desk: Desk) -> None:
    desk.publish(entry()).read()
    with desk.house.store.write() as tx:
        call_off(tx, 1, AppointmentStatus.CANCELLED, now=desk.house.clock.now(), by="test")
    assert desk.publish(entry("B-1", "COMMENT:nothing that counts"), entry("B-2", title="Lunch")).came_of() == {
        "unchanged": 1
    }
    assert desk.statuses(1) == [AppointmentStatus.CANCELLED]


def test_what_is_missing_twice_is_called_off_and_comes_back(any_desk: Desk) -> None:
    any_desk.publish(*entries(5)).read()
    any_desk.publish(*entries(1), *entries(3, first=3))
    assert any_desk.read().taken.missing == 1
    any_desk.wait(timedelta(minutes=1))
    assert any_desk.read().taken.missing == 1, "it was called off at once"
    assert any_desk.statuses(5) == [AppointmentStatus.BOOKED] * 5
    any_desk.wait()
    assert any_desk.came_of() == {"unchanged": 4, "cancelled": 1}
    assert any_desk.statuses(5)[1] is AppointmentStatus.CANCELLED
    any_desk.publish(*entries(5))
    assert any_desk.came_of() == {"unchanged": 4, "rescheduled": 1}
    assert any_desk.statuses(5) == [AppointmentStatus.BOOKED] * 5
    assert any_desk.alerts() == []


def test_a_calendar_that_was_cut_short_calls_nobody_off(desk: Desk) -> None:
    desk.publish(*entries(9)).read()
    desk.publish(*entries(3, first=7))  # the first six are gone, and the last is there
    for _ in range(2):
        assert desk.read().taken.held == 6
        desk.wait()
    assert desk.alerts() == [
        "6 appointments are missing at once in the calendar desk: none was cancelled, look at it there."
    ]
    desk.publish()
    assert desk.read().taken.held == 9
    assert desk.statuses(9) == [AppointmentStatus.BOOKED] * 9
    desk.publish(*entries(9)).read()
    assert desk.alerts() == [], "it no longer holds, and stays on the list"
    desk.publish(*entries(3, first=7))
    assert desk.came_of(accept_missing=True) == {"unchanged": 3, "cancelled": 6}


def test_what_is_refused_is_told_once_and_taken_when_it_is_mended(desk: Desk) -> None:
    bad = entry("B-9", title="Botox - Ann Roy", start="DTSTART:20260320T140000Z")
    repeated = entry("B-8", "RRULE:FREQ=DAILY")
    desk.publish(entry(), bad, repeated)
    pulled = desk.read()
    assert [it.reason.split(":")[0] for it in pulled.taken.refused] == [
        "treatment",
        "it repeats itself, and an appointment is one of its own",
    ]
    assert "Botox" not in repr(pulled)
    desk.read()
    assert desk.alerts() == ["Bookings of desk that were refused: 2."]
    imports = desk.clinic.imports
    desk.clinic = replace(desk.clinic, imports=replace(imports, treatments={**imports.treatments, "Botox": "peel"}))
    desk.house.configuration = replace(
        desk.house.configuration, clinics={**desk.house.configuration.clinics, "north": desk.clinic}
    )
    assert desk.came_of() == {"registered": 1, "unchanged": 1, "refused": 1}


def test_a_title_that_looks_like_no_booking_any_more_calls_nobody_off(desk: Desk) -> None:
    desk.publish(entry()).read()
    desk.publish(entry(title="Zoë comes later"))
    for _ in range(2):
        assert desk.came_of() == {"refused": 1}
        desk.wait()
    assert desk.statuses(1) == [AppointmentStatus.BOOKED]
    assert desk.alerts() == ["Bookings of desk that were refused: 1."]


def test_what_says_that_it_is_cancelled_is_off_whatever_else_it_says(desk: Desk) -> None:
    desk.publish(*entries(3)).read()
    desk.publish(
        entry("B-1", "STATUS:CANCELLED", title="Cancelled"),
        entry("B-2", "STATUS:CANCELLED", "RRULE:FREQ=DAILY", title="x", start="DTSTART;VALUE=DATE:20260319"),
        *entries(1, first=3),
        entry("B-9", "STATUS:CANCELLED", title="Lunch"),
    )
    assert desk.came_of() == {"cancelled": 2, "unchanged": 1}
    assert desk.came_of() == {}
    assert desk.statuses(3) == [AppointmentStatus.CANCELLED] * 2 + [AppointmentStatus.BOOKED]


def test_a_move_that_is_refused_sends_nothing_for_the_old_time(any_desk: Desk) -> None:
    any_desk.publish(entry()).read()
    any_desk.publish(entry("B-1", title="Botox - Zoë Lachance")).read()
    assert any_desk.statuses(1) == [AppointmentStatus.BOOKED], "at the same time nothing moved"
    later = "DTSTART:20260319T140000Z"
    any_desk.publish(entry("B-1", title="Botox - Zoë Lachance", start=later))
    (refused,) = any_desk.read().taken.refused
    assert refused.reason.endswith("Until it is taken, appointment 1 is called off here")
    assert any_desk.statuses(1) == [AppointmentStatus.CANCELLED]
    assert any_desk.came_of() == {"refused": 1}
    assert any_desk.publish(entry()).came_of() == {"rescheduled": 1}, "it is back where it was"
    assert any_desk.statuses(1) == [AppointmentStatus.BOOKED]
    any_desk.publish(entry("B-1", title="Botox - Zoë Lachance", start=later)).read()
    assert any_desk.publish(entry(start=later)).came_of() == {"rescheduled": 1}
    assert any_desk.statuses(1) == [AppointmentStatus.BOOKED]


def test_an_empty_calendar_calls_nobody_off_however_few_there_were(desk: Desk) -> None:
    desk.publish(*entries(2)).read()
    desk.publish()
    for _ in range(2):
        assert desk.read().taken.held == 2
        desk.wait()
    assert desk.statuses(2) == [AppointmentStatus.BOOKED] * 2
    assert desk.came_of(accept_missing=True) == {"cancelled": 2}


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    desk.publish(entry())
    assert desk.came_of(dry_run=True) == {"registered": 1}
    with desk.house.store.read() as tx:
        assert is_new(tx)
    assert desk.came_of() == {"registered": 1}


def test_it_is_read_when_it_is_due_by_one_process_only(any_desk: Desk) -> None:
    any_desk.publish(entry())
    assert any_desk.due() is True
    assert any_desk.due() is False
    assert len(any_desk.server.asked) == 1
    any_desk.wait(DESK.every)
    assert any_desk.due() is False
    assert len(any_desk.server.asked) == 2


def test_a_calendar_that_stays_away_is_told_of_until_it_is_back(any_desk: Desk) -> None:
    any_desk.publish(entry()).read()
    any_desk.server.status = 503
    assert any_desk.read().error == "503"
    assert any_desk.alerts() == []
    any_desk.wait(AWAY_FOR)
    any_desk.read()
    (told,) = any_desk.alerts()
    assert told.startswith("The calendar desk can't be read since")
    assert any_desk.server.url not in told
    any_desk.server.status = 200
    any_desk.read()
    assert any_desk.alerts() == []


def test_without_its_address_nothing_is_read(desk: Desk) -> None:
    puller = Puller(desk.house.store, desk.house.clock, lambda _name: None)
    pulled = asyncio.run(puller.pull(desk.house.configuration, desk.clinic, desk.source))
    assert pulled.error == "no-address"


def test_a_fault_of_the_program_at_one_calendar_stops_nothing_else_and_is_told_of(desk: Desk) -> None:
    def breaks(_name: str) -> str:
        return str(1 // 0)

    puller = Puller(desk.house.store, desk.house.clock, breaks)
    with capture_logs() as lines:
        assert not asyncio.run(puller.pull_due(desk.house.configuration))
        desk.wait(timedelta(hours=7))
        asyncio.run(puller.pull_due(desk.house.configuration))
    assert [it["error"] for it in lines if it["event"] == "calendar.broke"] == ["ZeroDivisionError"] * 2
    (told,) = desk.alerts()
    assert told.startswith("The calendar desk can't be read since")


def test_the_doctor_tells_when_it_was_read_and_why_it_can_not_be(desk: Desk) -> None:
    def told() -> list[str]:
        return [it.message for it in calendars_read(desk.house.store, desk.house.configuration)]

    assert told() == ["desk of north: never read yet"]
    desk.publish(entry()).read()
    assert told() == ["desk of north: read at 2026-03-10 15:00 UTC"]
    desk.server.status = 404
    desk.read()
    assert told()[0].endswith("; it can't be since 2026-03-10 15:00 UTC (404)")


def test_under_another_name_of_its_block_a_calendar_registers_nobody_twice(any_desk: Desk) -> None:
    desk = any_desk
    desk.publish(*entries(3)).read()
    desk.source = replace(DESK, id="front_desk")
    desk.clinic = follow(desk.house, desk.source)
    desk.publish(entry("B-1", "STATUS:CANCELLED"), *entries(1, first=3))
    assert desk.came_of() == {"cancelled": 1, "unchanged": 1}
    desk.wait()
    assert desk.came_of() == {"cancelled": 1, "unchanged": 2}, "one that is gone too is known still"
    with desk.house.store.read() as tx:
        assert tx.connection.scalar(sa.select(sa.func.count()).select_from(appointments)) == 3
