"""What booking systems told, by REST: listed, tried again, set aside; how each stands; calendars read by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.domain.access import EVERY_CLINIC, Permission, Role
from tests.api.office import Office
from tests.api.test_lists import through
from tests.servers.calendar import CalendarServer
from tests.services.calendars import calendar, entries, entry, follow
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import CALCOM, SECRETS, Signed, calcom, calcom_booking, outcomes, tell, with_sources
from tests.web.desk import make_user


def booked(uid: str, treatment: str = "60min") -> Signed:
    kinds = {"type": treatment, "eventTitle": treatment, "title": treatment}
    return calcom(calcom_booking("BOOKING_CREATED", uid, VISIT, REGISTERED, **kinds))


def office_with_bookings(house: House) -> Office:
    with_sources(house, CALCOM)
    tell(house, booked("a"), booked("b", "haircut"), booked("c", "haircut"))
    return Office(house)


def test_what_was_told_is_listed_narrowed_and_read_by_page(any_house: House) -> None:
    office = office_with_bookings(any_house)
    program = office.program(Permission.MANAGE, Permission.READ, clinic="north")
    assert [it["booking"] for it in through(program, "/bookings?limit=2")] == ["c", "b", "a"]
    for query, expected in {
        "state=refused": ["c", "b"],
        "booking=a": ["a"],
        "appointment=1": ["a"],
        "source=calcom&state=done": ["a"],
        "source=another": [],
        f"to={REGISTERED - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}": [],
    }.items():
        assert [it["booking"] for it in program.get(f"/bookings?{query}").json()["items"]] == expected, query
    elsewhere = office.program(Permission.MANAGE, Permission.READ, clinic="south")
    assert elsewhere.get("/bookings").json()["items"] == []
    assert elsewhere.get("/bookings?clinic=north").status_code in (403, 404)


def test_a_refusal_is_said_in_words_and_as_codes_and_tried_again_once_it_is_mended(house: House) -> None:
    program = office_with_bookings(house).program(clinic="north")
    seen = program.get("/bookings/2")
    assert seen.json()["reason"].startswith("treatment: “haircut” is not known")
    assert seen.json()["why"] == [{"code": "treatment_unknown", "values": {"named": "haircut"}}]
    assert program.get("/bookings/2", **{"If-None-Match": seen.headers["ETag"]}).status_code == 304
    assert program.post("/bookings/2/again").json()["state"] == "refused"

    north = house.configuration.clinics["north"]
    mended = replace(north, imports=replace(north.imports, treatments={"haircut": "peel"}))
    house.configuration = replace(house.configuration, clinics={**house.configuration.clinics, "north": mended})
    office = Office(house, made=1)
    program = office.program(clinic="north")
    again = program.ask("POST", "/bookings/2/again", {"Idempotency-Key": "again-2"}).json()
    assert (again["state"], again["outcome"]) == ("done", "registered")
    assert program.ask("POST", "/bookings/2/again", {"Idempotency-Key": "again-2"}).json() == again
    assert office.wakes == [None]
    assert program.post("/bookings/2/again").status_code == 409


def test_what_nobody_will_mend_is_set_aside(house: House) -> None:
    program = office_with_bookings(house).program(clinic="north")
    aside = program.post("/bookings/3/set-aside").json()
    assert (aside["state"], aside["outcome"], aside["why"][0]["code"]) == ("done", "ignored", "treatment_unknown")
    assert outcomes(house) == ["registered", "refused", "ignored"]
    for path in ("/bookings/3/set-aside", "/bookings/1/set-aside"):
        answer = program.post(path)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert program.post("/bookings/99/set-aside").status_code == 404


def test_how_each_booking_system_stands(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    program = office_with_bookings(house).program(clinic="north")
    (shown,) = program.get("/booking-systems").json()["items"]
    assert (shown["state"], shown["lacks"], shown["refused"]) == ("unset", ["CALCOM_KEY"], 2)
    assert shown["address"].endswith("/webhooks/bookings/north/calcom")
    monkeypatch.setenv("CALCOM_KEY", SECRETS["CALCOM_KEY"])
    assert program.get("/booking-systems/north/calcom").json()["state"] == "refused"
    for number in (2, 3):
        program.post(f"/bookings/{number}/set-aside")
    assert program.get("/booking-systems/north/calcom").json()["state"] == "well"
    assert program.get("/booking-systems/north/another").status_code == 404
    assert program.post("/booking-systems/north/calcom/read").status_code == 409


def test_a_calendar_is_read_by_hand_and_what_is_missing_is_off_once_a_person_says_so(
    any_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/booking-systems/north/desk"
    with CalendarServer() as server:
        monkeypatch.setenv("NORTH_CALENDAR_URL", server.url)
        follow(any_house)
        program = Office(any_house).program(clinic="north")
        assert program.get(path).json()["state"] == "new"
        server.content = calendar(*entries(5), entry("B-9", title="Haircut - Zoë Lachance"))
        tried = program.post(f"{path}/read", {"dry_run": True}).json()
        assert (tried["totals"]["registered"], tried["dry_run"]) == (5, True)
        assert tried["refused"][0]["why"] == [{"code": "treatment_unknown", "values": {"named": "Haircut"}}]
        assert program.get("/appointments").json()["items"] == []

        assert program.post(f"{path}/read").json()["totals"]["registered"] == 5
        assert program.get(path).json()["state"] == "refused"
        server.content = calendar(entry("B-8", title="Face peel - Last One", start="DTSTART:20260330T140000Z"))
        assert program.post(f"{path}/read").json()["held"] == 5
        held = program.get(path).json()
        assert (held["state"], held["missing"]) == ("held", 5)
        assert program.post(f"{path}/read", {"accept_missing": True}).json()["totals"]["cancelled"] == 5
        assert program.get(path).json()["missing"] == 0

        server.status = 404
        assert program.post(f"{path}/read").json()["error"] == "404"
        away = program.get(path).json()
        assert (away["state"], away["why"]) == ("away", "404")


def test_a_persons_link_to_the_calendar_of_what_goes_out_is_made_and_ended_by_who_decides_over_them(
    house: House,
) -> None:
    office = Office(house)
    ben = make_user(house.store, "ben", Role.STAFF, "north")
    path, program = f"/users/{ben}/agenda", office.program(clinic="north")
    assert program.get(path).json() == {"user": ben, "made_at": None, "used_at": None}
    made = program.post(path)
    assert made.status_code == 201
    assert made.json()["address"].endswith(".ics")
    assert program.get(path).json()["made_at"]
    assert made.json()["address"] not in program.get(path).text
    assert office.program(Permission.MANAGE, Permission.READ, clinic="north").post(path).status_code == 422
    assert office.program(clinic="south").post(path).status_code == 404
    assert program.delete(path).json()["made_at"] is None

    boss = make_user(house.store, "boss", Role.ADMIN, EVERY_CLINIC)
    assert program.post(f"/users/{boss}/agenda").status_code in (403, 404)
    assert program.delete(f"/users/{boss}/agenda").status_code in (403, 404), "ending it is deciding over them too"
