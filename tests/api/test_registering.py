from datetime import timedelta
from typing import Any

import pytest

from scheduler.domain.access import Permission
from scheduler.services.intake import Field, read_registration
from scheduler.store.never_registered import Off, keep_never_registered
from tests.api.office import ZOE, Office


def test_a_new_appointment_is_created_with_its_plan_and_its_address(any_office: Office) -> None:
    answer = any_office.program().post("/appointments", ZOE)
    assert answer.status_code == 201
    assert answer.headers["location"] == "http://127.0.0.1:8000/api/v1/appointments/1"
    told = answer.json()
    assert (told["appointment"], told["starts_at"], told["status"]) == (1, "2026-03-18T14:00:00Z", "booked")
    first = told["messages"][0]
    assert (first["step"], first["due_at"]) == ("prepare", "2026-03-16T14:00:00Z")
    assert first["reason"] == "2 days before the appointment; will be sent at Mon 2026-03-16 10:00."
    assert any_office.wakes


def test_the_same_again_is_the_same_appointment_and_changes_nothing(any_office: Office) -> None:
    program = any_office.program()
    first, again = program.post("/appointments", ZOE), program.post("/appointments", ZOE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"starts_at": "2026-03-19T14:00:00Z"}, "another time: move it with PATCH /appointments/1"),
        ({"treatment": "laser"}, "is for peel"),
        ({"phone": "+14165550124"}, "another phone"),
        ({"email": "other@patients.example", "language": "fr"}, "another email, language"),
        ({"consent_sms": "no"}, "another consent"),
        ({"name": "Yann Roy"}, "another name"),
        ({"name": "Yann Roy", "phone": "+14165550124", "email": "y@patients.example"}, "of somebody else"),
    ],
)
def test_another_content_under_the_same_external_id_is_a_conflict_that_changes_nothing(
    office: Office, other: dict[str, str], named: str
) -> None:
    program = office.program()
    program.post("/appointments", ZOE)
    before = program.get("/patients/1").json(), program.get("/appointments/1").json()
    answer = program.post("/appointments", {**ZOE, **other})
    assert answer.status_code == 409
    assert named in answer.json()["detail"]
    assert "`aftercare" not in answer.json()["detail"], "a program has no commands"
    assert (program.get("/patients/1").json(), program.get("/appointments/1").json()) == before


def test_a_time_without_an_offset_is_the_clinics_wall_clock(office: Office) -> None:
    answer = office.program().post("/appointments", {**ZOE, "starts_at": "2026-03-18T10:00"})
    assert answer.json()["starts_at"] == "2026-03-18T14:00:00Z"


def test_every_wrong_field_is_named_at_once_with_its_pointer(office: Office) -> None:
    wrong = {**ZOE, "starts_at": "2026-02-31T10:00", "email": "no mail", "language": "klingonic-XX"}
    answer = office.program().post("/appointments", wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:problem-type:aftercare:invalid"
    assert {(it["in"], it["field"], it["pointer"]) for it in problem["errors"]} == {
        ("body", "starts_at", "/starts_at"),
        ("body", "email", "/email"),
        ("body", "language", "/language"),
    }


@pytest.mark.parametrize(
    ("change", "field", "detail"),
    [
        ({"phone": None, "email": None}, "phone", "both are empty"),
        ({"treatment": "peeling"}, "treatment", "there is no such treatment"),
        ({"surprise": 1}, "surprise", "is not known here"),
        ({"name": "Zoë\u0000Lachance"}, "name", "a line break or another control character"),
        ({"name": "Z" * 201}, "name", "too long"),
        ({"name": 7}, "name", "valid string"),
        ({"starts_at": "20260318T1400Z"}, "starts_at", "is not a date and time such as"),
    ],
)
def test_a_wrong_field_is_refused_and_named(
    office: Office, change: dict[str, object], field: str, detail: str
) -> None:
    answer = office.program().post("/appointments", {**ZOE, **change})
    assert answer.status_code == 422
    assert [it["detail"] for it in answer.json()["errors"] if it["field"] == field and detail in it["detail"]]


def test_an_error_does_not_repeat_what_was_sent(office: Office) -> None:
    answer = office.program().post("/appointments", {**ZOE, "phone": "Zoë's phone is 123", "name": ["Lachance"]})
    assert answer.status_code == 422
    assert "123" not in answer.text
    assert "Lachance" not in answer.text


def test_an_appointment_of_another_clinic_can_not_be_registered_there(office: Office) -> None:
    answer = office.program(Permission.READ, Permission.BOOK, clinic="south").post("/appointments", ZOE)
    assert answer.status_code == 404
    unknown = office.program().post("/appointments", {**ZOE, "clinic": "nowhere"})
    assert unknown.status_code == 404


def test_the_plan_is_shown_without_anything_being_stored(any_office: Office) -> None:
    program = any_office.program()
    planned = program.post("/appointments/plan", ZOE)
    assert planned.status_code == 200
    assert planned.json()["result"] == "registered"
    assert planned.json()["appointment"] is None
    assert program.get("/appointments").json()["items"] == []
    made = program.post("/appointments", ZOE).json()
    without_ids = [{name: value for name, value in it.items() if name != "id"} for it in made["messages"]]
    assert planned.json()["messages"] == without_ids
    assert program.post("/appointments/plan", ZOE).json()["appointment"] == made["appointment"]


NOT_THERE = ("names a day or a time that does not exist", "look at the calendar")
NOT_ONE = (
    "is not a date and time such as 2030-03-05T14:00",
    "ISO 8601; without an offset it is the clinic's wall clock",
)
OFF = ("lies outside the years 2000 to 2100", None)
INSTANTS = {
    "tomorrow": NOT_ONE,
    "18.03.2026 14:00": NOT_ONE,
    "2026-03-18": NOT_ONE,
    "": NOT_ONE,
    "2026-02-30T10:00": NOT_THERE,
    "2026-03-18T25:00": NOT_THERE,
    "2026-03-18T14:00:60": NOT_THERE,
    "2026-03-18T14:00+25:00": NOT_THERE,
    "0001-01-01T00:00": OFF,
    "9999-12-31T23:59:59-12:00": OFF,
}


def test_a_wrong_instant_is_pointed_at_with_what_is_wrong_and_what_to_do(office: Office) -> None:
    program = office.program()
    program.post("/appointments", ZOE)
    asked: tuple[tuple[str, str, Any, str], ...] = (
        ("POST", "/appointments", ZOE, "starts_at"),
        ("POST", "/appointments/plan", ZOE, "ends_at"),
        ("PATCH", "/appointments/1", {}, "starts_at"),
        ("PATCH", "/appointments/1", {}, "ends_at"),
        ("PUT", "/appointments/1/steps/tips", {}, "at"),
    )
    for method, path, body, field in asked:
        for text, (detail, hint) in INSTANTS.items():
            answer = program.ask(method, path, json={**body, field: text})
            (wrong,) = answer.json()["errors"]
            said = {"in": "body", "field": field, "pointer": f"/{field}", "detail": detail, "hint": hint}
            assert (answer.status_code, wrong) == (422, said), (method, path, field, text)
            assert answer.json()["detail"] == ": ".join(filter(None, (field, detail, hint)))


def test_a_wrong_end_of_a_range_or_of_a_key_is_named_too(office: Office) -> None:
    program = office.program()
    key = {"name": "Bookings", "clinic": "north", "permissions": ["read"]}
    for answer, place, field in (
        (program.get("/appointments?from=2026-02-30T10:00Z"), "query", "from"),
        (program.get("/appointments?to=2026-03-02T10:00"), "query", "to"),
        (program.post("/keys", {**key, "expires_at": "2026-13-01T00:00Z"}), "body", "expires_at"),
        (program.post("/keys", {**key, "expires_at": "2020-01-01T00:00Z"}), "body", "expires_at"),
        (program.post("/keys", {**key, "permissions": ["book"]}), "body", "permissions"),
    ):
        (wrong,) = answer.json()["errors"]
        assert (answer.status_code, wrong["in"], wrong["field"]) == (422, place, field)
        assert wrong["pointer"] == (f"/{field}" if place == "body" else None)


def test_how_old_a_registration_is_keeps_an_older_export_from_moving_it(office: Office) -> None:
    program = office.program()
    dated = {**ZOE, "updated_at": "2026-03-09T14:00:00Z"}
    assert program.post("/appointments", dated).status_code == 201
    assert program.post("/appointments", {**dated, "updated_at": "2026-03-09T15:00:00Z"}).status_code == 200
    named = {Field(name): text for name, text in ZOE.items() if name not in ("clinic", "treatment", "starts_at")}
    for changed, result in (("2026-03-09T14:59:59Z", "unchanged"), ("2026-03-09T15:00:01Z", "rescheduled")):
        raw = {**named, Field.STARTS_AT: "2026-03-20T14:00:00Z", Field.UPDATED_AT: changed}
        registration = read_registration(raw, office.house.configuration.clinic("north"), "peel")
        assert office.house.enter(registration, follow=True).result == result
    assert program.post("/appointments", {**dated, "updated_at": "2026-05-01T15:00:00Z"}).status_code == 422


def test_what_the_booking_system_called_off_later_is_a_conflict_however_often_it_is_sent(any_office: Office) -> None:
    at = any_office.house.clock.now()
    with any_office.house.store.write() as tx:
        keep_never_registered(tx, "north", {"B-7": Off(at)}, now=at)
    old = {**ZOE, "external_id": "B-7", "updated_at": (at - timedelta(hours=1)).isoformat()}
    program = any_office.program()
    for _ in range(2):
        answer = program.ask("POST", "/appointments", {"Idempotency-Key": "one"}, json=old)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
        assert "older than what the booking system said of it later" in answer.json()["detail"]
    assert program.post("/appointments/plan", old).status_code == 409
    assert program.get("/appointments").json()["items"] == []
    assert program.post("/appointments", {**old, "updated_at": at.isoformat()}).status_code == 201


def test_a_change_that_is_still_to_come_is_a_wrong_field(office: Office) -> None:
    ahead = office.house.clock.now() + timedelta(days=2)
    answer = office.program().post("/appointments", {**ZOE, "updated_at": ahead.isoformat()})
    assert answer.status_code == 422
    (wrong,) = answer.json()["errors"]
    assert (wrong["field"], wrong["detail"]) == ("updated_at", "is more than a day ahead")
