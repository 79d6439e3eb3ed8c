"""Booking systems that have to be asked: Acuity after each of its calls, Cliniko every so often; over real HTTP."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from scheduler.domain.booking_event import EventState
from scheduler.services.bookings.cliniko import api_of
from scheduler.services.bookings.polling import Poller
from scheduler.services.bookings.working import WAITS, BookingWorker
from scheduler.store.alerts import open_alerts
from scheduler.store.patients import get_patient
from tests.servers.booking_api import BookingApi, booking_api
from tests.services.house import PHONE, REGISTERED, VISIT, House
from tests.services.telling import (
    SECRETS,
    acuity,
    acuity_at,
    cliniko_at,
    events,
    on,
    outcomes,
    tell,
    visits,
    with_sources,
)

LATER = VISIT + timedelta(days=1)
SCHEDULED = "action=scheduled&id=54321&calendarID=27238&appointmentTypeID=1"


@pytest.fixture
def api() -> Iterator[BookingApi]:
    with booking_api() as served:
        yield served


def appointment(starts_at: datetime = VISIT, **more: Any) -> dict[str, Any]:
    """Return the documented answer of Acuity's API, with a phone."""
    return {
        "id": 54321,
        "firstName": "Bob",
        "lastName": "McTest",
        "phone": "416-555-0123",
        "email": "bob.mctest@example.com",
        "date": "July 2, 2013",
        "time": "10:15am",
        "endTime": "11:15am",
        "datetime": starts_at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "type": "Regular Visit",
        "appointmentTypeID": 1,
        "duration": "60",
        "calendarID": 27238,
        "timezone": "America/New_York",
        "canceled": False,
        **more,
    }


def later(house: House) -> None:
    house.clock.move_to(house.clock.now() + timedelta(seconds=1))


def work(house: House) -> int:
    return BookingWorker(house.store, house.configuration, house.clock, SECRETS.get).handle()


def test_a_fault_of_the_program_while_one_is_asked_stops_nothing_else_and_is_told_of(
    house: House, api: BookingApi
) -> None:
    def breaks(_name: str) -> str:
        return str(1 // 0)

    with_sources(house, cliniko_at(api.url))
    poller = Poller(house.store, house.clock, breaks)
    with capture_logs() as lines:
        assert poller.poll(house.configuration) == 0
        house.clock.move_to(house.clock.now() + timedelta(hours=7))
        assert poller.poll(house.configuration) == 0
    failed = [(it["error"], it["log_level"]) for it in lines if it["event"] == "bookings.failed"]
    assert failed == [("ZeroDivisionError", "error")] * 2
    with house.store.read() as tx:
        assert [it.subject for it in open_alerts(tx)] == ["bookings/north/cliniko/away"]


def test_acuity_is_asked_how_an_appointment_is_now(house: House, api: BookingApi) -> None:
    with_sources(house, acuity_at(api.url))
    api.pages["/appointments/54321"] = appointment()
    tell(house, acuity(SCHEDULED))
    (visit,) = visits(house)
    assert (visit.external_id, visit.starts_at, visit.ends_at) == ("54321", VISIT, VISIT + timedelta(hours=1))
    with house.store.read() as tx:
        assert (get_patient(tx, 1).name, get_patient(tx, 1).phone) == ("Bob McTest", PHONE)
    assert api.logins == {f"{SECRETS['ACUITY_USER']}:{SECRETS['ACUITY_KEY']}"}

    api.pages["/appointments/54321"] = appointment(LATER)
    later(house)
    tell(house, acuity(SCHEDULED.replace("scheduled", "rescheduled")))
    assert on(house) == [("54321", LATER)]
    later(house)  # the call of the first booking comes again: how it is now, the API says
    tell(house, acuity(SCHEDULED))
    assert on(house) == [("54321", LATER)]
    api.pages["/appointments/54321"] = appointment(LATER, canceled=True)
    later(house)
    tell(house, acuity(SCHEDULED.replace("scheduled", "changed")))
    assert on(house) == []
    assert outcomes(house) == ["registered", "moved", "unchanged", "called_off"]


def test_what_acuity_has_no_more_is_called_off_and_who_did_not_come_is_noted(house: House, api: BookingApi) -> None:
    with_sources(house, acuity_at(api.url))
    api.pages["/appointments/54321"] = appointment()
    tell(house, acuity(SCHEDULED))
    api.pages["/appointments/54321"] = appointment(noShow=True)
    later(house)
    tell(house, acuity(SCHEDULED.replace("scheduled", "changed")))
    assert [it.status.value for it in visits(house)] == ["no_show"]
    api.pages["/appointments/54321"] = appointment()
    later(house)
    tell(house, acuity(SCHEDULED.replace("scheduled", "changed")))
    assert [it.status.value for it in visits(house)] == ["booked"], "it was noted by mistake"
    del api.pages["/appointments/54321"]
    later(house)
    tell(house, acuity(SCHEDULED.replace("scheduled", "canceled")))
    assert [it.status.value for it in visits(house)] == ["cancelled"]


@pytest.mark.parametrize("answer", [500, 401, 429, 302, b"not json", b"["])
def test_an_api_that_does_not_answer_is_asked_again_later(house: House, api: BookingApi, answer: Any) -> None:
    with_sources(house, acuity_at(api.url))
    api.pages["/appointments/54321"] = answer
    api.headers["Location"] = f"{api.url}/elsewhere"
    tell(house, acuity(SCHEDULED))
    assert [it.state for it in events(house)] == [EventState.WAITING]
    assert "/elsewhere" not in api.asked
    assert work(house) == 0
    api.pages["/appointments/54321"] = appointment()
    house.clock.move_to(house.clock.now() + timedelta(minutes=2))
    assert work(house) == 1
    assert on(house) == [("54321", VISIT)]


def test_after_a_day_without_an_answer_a_person_is_told(house: House, api: BookingApi) -> None:
    with_sources(house, acuity_at(api.url))
    api.pages["/appointments/54321"] = 500
    tell(house, acuity(SCHEDULED))
    for wait in WAITS:
        house.clock.move_to(house.clock.now() + wait)
        work(house)
    (event,) = events(house)
    assert (event.state, event.reason) == (EventState.REFUSED, "acuity answered 500")


def test_an_address_that_nobody_answers_at_is_no_fault_of_the_program(house: House) -> None:
    with_sources(house, acuity_at("http://127.0.0.1:9"))
    tell(house, acuity(SCHEDULED), acuity("action=scheduled&id=../../x"), acuity("action=order.completed&id=1"))
    assert outcomes(house) == ["waiting", "refused", "ignored"]
    assert events(house)[0].reason.startswith("acuity can't be reached (")


def individual(booking: int, starts_at: datetime, updated_at: datetime, url: str, **more: Any) -> dict[str, Any]:
    """Return the documented appointment of Cliniko's API."""
    return {
        "id": str(booking),
        "created_at": "2016-06-28T21:33:26Z",
        "updated_at": updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "did_not_arrive": False,
        "patient_arrived": False,
        "patient_name": "Joe Monahan",
        "deleted_at": None,
        "cancelled_at": None,
        "starts_at": starts_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ends_at": (starts_at + timedelta(minutes=45)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "appointment_type": {"links": {"self": f"{url}/appointment_types/2"}},
        "patient": {"links": {"self": f"{url}/patients/82"}},
        **more,
    }


def clinic_with(api: BookingApi, *listed: dict[str, Any]) -> None:
    phones = [{"phone_type": "Home", "number": "555"}, {"phone_type": "Mobile", "number": "416 555 0123"}]
    api.pages |= {
        "/individual_appointments": {"individual_appointments": list(listed), "links": {}},
        "/individual_appointments/cancelled": {"individual_appointments": [], "links": {}},
        "/individual_appointments/deleted": {"individual_appointments": [], "links": {}},
        "/appointment_types/2": {"id": "2", "name": "First visit"},
        "/patients/82": {
            "id": "82",
            "first_name": "Joe",
            "last_name": "Monahan",
            "email": None,
            "patient_phone_numbers": phones,
        },
    }


def poller(house: House) -> Poller:
    return Poller(house.store, house.clock, SECRETS.get)


def test_cliniko_is_asked_what_changed_and_it_is_followed(any_house: House, api: BookingApi) -> None:
    house = with_sources(any_house, cliniko_at(api.url))
    asker, began = poller(house), house.clock.now()
    clinic_with(api, individual(1, VISIT, began, api.url), individual(2, LATER, began, api.url))
    assert (asker.poll(house.configuration), work(house)) == (2, 2)
    assert on(house) == [("1", VISIT), ("2", LATER)]
    with house.store.read() as tx:
        assert (get_patient(tx, 1).phone, get_patient(tx, 1).ref) == (PHONE, "82")
    assert api.agents == {"Aftercare (desk@north.example)"}
    assert api.logins == {f"{SECRETS['CLINIKO_KEY']}:"}
    assert "starts_at:>=2026-03-10T15:00:00Z" in api.asked[0]

    house.clock.move_to(began + timedelta(minutes=5))
    assert asker.poll(house.configuration) == 0
    house.clock.move_to(began + timedelta(minutes=10))
    off = individual(2, LATER, house.clock.now(), api.url, cancelled_at="2026-03-10T15:09:00Z")
    clinic_with(api, individual(1, VISIT + timedelta(hours=1), house.clock.now(), api.url))
    api.pages["/individual_appointments/cancelled"]["individual_appointments"] = [off]
    assert (asker.poll(house.configuration), work(house)) == (2, 2)
    assert on(house) == [("1", VISIT + timedelta(hours=1))]
    assert "updated_at:>=2026-03-10T14:58:00Z" in api.asked[-1] or any("updated_at:>=2026" in it for it in api.asked)


def test_pages_of_cliniko_are_followed_and_nowhere_else(house: House, api: BookingApi) -> None:
    with_sources(house, cliniko_at(api.url))
    now = house.clock.now()
    clinic_with(api, individual(1, VISIT, now, api.url))
    api.pages["/individual_appointments"]["links"] = {"next": f"{api.url}/individual_appointments?page=2"}
    more: dict[str, Any] = {"individual_appointments": [individual(2, LATER, now, api.url)], "links": {}}
    api.pages["/individual_appointments?page=2"] = more
    assert poller(house).poll(house.configuration) == 2
    more["links"] = {"next": "http://elsewhere.example/individual_appointments"}
    more["individual_appointments"] = [individual(3, LATER, now, api.url)]
    assert poller(house).poll(house.configuration) == 0


def test_what_one_turn_may_not_ask_is_asked_in_the_next(
    house: House, api: BookingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.services.bookings.cliniko.MOST_REQUESTS", 4)
    with_sources(house, replace(cliniko_at(api.url), every=timedelta(minutes=10)))
    now = house.clock.now()
    clinic_with(api, *(individual(number, VISIT + timedelta(hours=number), now, api.url) for number in range(1, 7)))
    asker = poller(house)
    assert [asker.poll(house.configuration) for _ in range(4)] == [2, 2, 2, 0]
    assert work(house) == 6
    assert len(on(house)) == 6


def test_a_stopping_process_asks_no_more(house: House, api: BookingApi) -> None:
    with_sources(house, cliniko_at(api.url))
    assert Poller(house.store, house.clock, SECRETS.get, stopping=lambda: True).poll(house.configuration) == 0
    assert api.asked == []


def test_a_patient_that_is_gone_is_refused_and_the_shard_is_that_of_the_key(house: House, api: BookingApi) -> None:
    with_sources(house, cliniko_at(api.url))
    clinic_with(api, individual(1, VISIT, house.clock.now(), api.url))
    del api.pages["/patients/82"]
    assert (poller(house).poll(house.configuration), work(house)) == (1, 1)
    assert events(house)[0].reason == "its patient is not there any more"
    assert json.loads(events(house)[0].payload or b"")["type"] == "First visit"
    shards = {"abc-uk2": "uk2", "abc": "au1", "abc-EVIL.example/x": "au1"}
    for key, shard in shards.items():
        assert api_of(key) == f"https://api.{shard}.cliniko.com/v1"


def test_who_can_not_be_asked_for_hours_is_told_of_until_it_answers(house: House, api: BookingApi) -> None:
    with_sources(house, cliniko_at(api.url))
    lists = dict(api.pages)
    api.pages.clear()
    asker, told = poller(house), []
    for hours in (0, 5, 6, 7):
        house.clock.move_to(REGISTERED + timedelta(hours=hours))
        asker.poll(house.configuration)
        with house.store.read() as tx:
            told.append([it.subject for it in open_alerts(tx)])
    assert told == [[], [], ["bookings/north/cliniko/away"], ["bookings/north/cliniko/away"]]
    api.pages |= lists | {"/individual_appointments": {"individual_appointments": [], "links": {}}}
    house.clock.move_to(REGISTERED + timedelta(hours=8))
    asker.poll(house.configuration)
    with house.store.read() as tx:
        assert list(open_alerts(tx)) == []


@pytest.mark.parametrize("wait", ["9" * 30, "9" * 400, "-1", "soon"])
def test_no_wait_that_an_api_asks_for_stops_the_others(house: House, api: BookingApi, wait: str) -> None:
    with_sources(house, acuity_at(api.url))
    api.pages["/appointments/54321"] = 503
    api.headers["Retry-After"] = wait
    tell(house, acuity(SCHEDULED))
    assert [it.state for it in events(house)] == [EventState.WAITING]
