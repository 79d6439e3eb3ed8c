"""Lists: page by page, narrowed, kept to the clinics of the key, with a constant number of queries."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.domain.access import Permission
from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import because
from scheduler.domain.triage import Triage
from scheduler.services.alerts import raise_alert
from scheduler.store.replies import NewReply, add_reply
from tests.api.office import ZOE, Office, Program


def visits(office: Office, count: int, clinic: str = "north") -> None:
    program = office.program()
    for number in range(count):
        at = datetime.fromisoformat("2026-03-18T14:00:00+00:00") + timedelta(days=number // 2)
        body = {**ZOE, "clinic": clinic, "external_id": f"{clinic}-{number}", "starts_at": at.isoformat()}
        phone = {"north": "+14165550123", "south": "+34600000001"}[clinic]
        assert program.post("/appointments", {**body, "phone": phone}).status_code == 201


def reply(office: Office, clinic: str | None, body: str = "It itches", at: int = 0) -> int:
    new = NewReply(
        unique_id=f"{clinic}-{at}",
        source="sms",
        clinic=clinic,
        receiver="+14165550100",
        sender="+14165550123",
        body=body,
        media=0,
        received_at=office.house.clock.now() + timedelta(minutes=at),
        patient_id=None,
        question=None,
        triage=Triage.CONCERN,
        because=("itches",),
        stops=False,
    )
    with office.house.store.write() as tx:
        made = add_reply(tx, new, now=office.house.clock.now(), by="test")
    assert made
    return made


def alert(office: Office, clinic: str | None, reply_id: int | None = None) -> int:
    with office.house.store.write() as tx:
        why = (because("reply_concern"),)
        subject, now = f"{clinic}/{reply_id}", office.house.clock.now()
        raised = raise_alert(tx, AlertKind.REPLY, subject, reasons=why, now=now, clinic=clinic, reply_id=reply_id)
    assert raised
    return raised.id


def through(program: Program, path: str) -> Iterator[Any]:
    """Yield all items of a list, following `next`."""
    page = program.get(path).json()
    yield from page["items"]
    while page["next"]:
        page = program.get(f"{path}&cursor={page['next']}").json()
        yield from page["items"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_the_pages_of_a_list_have_every_appointment_once_the_latest_first(any_office: Office, limit: int) -> None:
    visits(any_office, 7)
    found = list(through(any_office.program(), f"/appointments?limit={limit}"))
    assert [it["id"] for it in found] == [7, 6, 5, 4, 3, 2, 1]


def test_what_comes_while_somebody_pages_moves_nothing(any_office: Office) -> None:
    for number in range(4):
        reply(any_office, "north", at=number)
    program = any_office.program()
    first = program.get("/replies?limit=2").json()
    reply(any_office, "north", at=9)
    second = program.get(f"/replies?limit=2&cursor={first['next']}").json()
    assert [it["id"] for it in (*first["items"], *second["items"])] == [4, 3, 2, 1]
    assert second["next"] is None


def test_a_link_leads_to_the_next_page(office: Office) -> None:
    visits(office, 3)
    program = office.program()
    answer = program.get("/appointments?limit=2&clinic=north")
    address, relation = answer.headers["link"].split("; ")
    assert relation == 'rel="next"'
    path = address.strip("<>").removeprefix("http://127.0.0.1:8000/api/v1")
    assert [it["id"] for it in program.get(path).json()["items"]] == [1]


def test_a_cursor_of_another_list_or_with_other_filters_is_refused(office: Office) -> None:
    visits(office, 3)
    program = office.program()
    cursor = program.get("/appointments?limit=1").json()["next"]
    tampered = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    for path in (
        f"/messages?cursor={cursor}",
        f"/appointments?clinic=north&cursor={cursor}",
        f"/appointments?cursor={tampered}",
    ):
        answer = program.get(path)
        assert (answer.status_code, [it["field"] for it in answer.json()["errors"]]) == (422, ["cursor"])
    assert program.get(f"/appointments?limit=2&cursor={cursor}").status_code == 200


def test_appointments_are_narrowed(any_office: Office) -> None:
    visits(any_office, 4)
    visits(any_office, 2, "south")
    program = any_office.program()
    program.patch("/appointments/2", {"status": "cancelled"})

    def ids(query: str) -> list[int]:
        return [it["id"] for it in program.get(f"/appointments?{query}").json()["items"]]

    assert ids("clinic=south") == [6, 5]
    assert ids("status=cancelled") == [2]
    assert ids("patient=1&from=2026-03-19T00:00:00Z") == [4, 3]
    assert ids("to=2026-03-19T00:00:00%2B00:00&clinic=north") == [2, 1]
    assert ids("treatment=laser") == []


def test_messages_are_narrowed(any_office: Office) -> None:
    visits(any_office, 1)
    visits(any_office, 1, "south")
    program = any_office.program()

    def found(query: str) -> list[Any]:
        return program.get(f"/messages?limit=200&{query}").json()["items"]  # type: ignore[no-any-return]  # JSON

    every = found("")
    assert {it["clinic"] for it in every} == {"north", "south"}
    assert all(it["clinic"] == "south" for it in found("clinic=south"))
    assert [it["id"] for it in found("appointment=1")] == [it["id"] for it in every if it["appointment"] == 1]
    assert {it["channel"] for it in found("channel=email")} == {"email"}
    assert {it["step"] for it in found("step=check&patient=1")} == {"check"}
    assert {it["purpose"] for it in found("purpose=recall")} == {"recall"}
    assert found("status=held") == []
    early = found("from=2026-03-16T00:00:00Z&to=2026-03-17T00:00:00Z")
    assert {it["step"] for it in early} == {"prepare"}


def test_replies_and_alerts_are_narrowed_and_those_of_nobody_are_in_every_list(any_office: Office) -> None:
    ours, theirs, nobodys = reply(any_office, "north"), reply(any_office, "south"), reply(any_office, None)
    for clinic, of in (("north", ours), ("south", theirs), (None, nobodys)):
        alert(any_office, clinic, of)
    north = any_office.program(Permission.READ, Permission.CARE, clinic="north")
    assert [it["id"] for it in north.get("/replies").json()["items"]] == [nobodys, ours]
    assert [it["clinic"] for it in north.get("/alerts").json()["items"]] == [None, "north"]
    assert north.post(f"/replies/{ours}/handled").status_code == 200
    assert [it["id"] for it in north.get("/replies?handled=true").json()["items"]] == [ours]
    assert [it["id"] for it in north.get("/replies?handled=false&triage=concern").json()["items"]] == [nobodys]
    assert [it["clinic"] for it in north.get("/alerts?open=true").json()["items"]] == [None]
    assert [it["clinic"] for it in north.get("/alerts?open=false&kind=reply").json()["items"]] == ["north"]
    assert north.get("/alerts?taken=true").json()["items"] == []


@pytest.mark.parametrize("path", ["/appointments", "/messages", "/replies", "/alerts", "/pauses", "/treatments"])
def test_a_list_of_another_clinic_does_not_exist(office: Office, path: str) -> None:
    north = office.program(clinic="north")
    assert north.get(f"{path}?clinic=north").status_code == 200
    answer = north.get(f"{path}?clinic=south")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:problem-type:aftercare:not-found")


def test_things_of_another_clinic_are_as_if_they_were_not_there(office: Office) -> None:
    visits(office, 1)
    alert(office, "north", reply(office, "north"))
    office.program().post("/pauses", {"clinic": "north"})
    south, every = office.program(clinic="south"), office.program()
    paths = [
        "/appointments/{}",
        "/appointments/{}/timeline",
        "/messages/{}",
        "/replies/{}",
        "/alerts/{}",
        "/patients/{}",
    ]
    paths += ["/patients/{}/consent"]
    for path in paths:
        assert every.get(path.format(1)).status_code == 200
        hidden, missing = south.get(path.format(1)), every.get(path.format(404))
        assert (hidden.status_code, hidden.content) == (404, missing.content), path
    changes = [
        ("PATCH", "/appointments/1", {"status": "cancelled"}),
        ("PUT", "/appointments/1/steps/check", {"skip": True}),
        ("DELETE", "/appointments/1/steps/check", None),
        ("PATCH", "/patients/1", {"language": "fr"}),
        ("PUT", "/patients/1/consent/sms/care", {"allowed": True, "words": "yes"}),
        ("POST", "/messages/1/release", None),
        ("POST", "/messages/1/drop", None),
        ("POST", "/replies/1/handled", None),
        ("POST", "/alerts/1/take", None),
        ("POST", "/alerts/1/close", None),
        ("POST", "/pauses", {"patient": 1}),
        ("POST", "/pauses", {"appointment": 1}),
        ("POST", "/pauses", {"clinic": "north"}),
        ("DELETE", "/pauses/1", None),
    ]
    for method, path, body in changes:
        answer = south.ask(method, path, None, **({} if body is None else {"json": body}))
        assert answer.status_code == 404, (method, path, answer.text)
    assert south.post("/patients/search", {"text": "Zoë"}).json()["items"] == []
    assert south.post("/patients/search", {"external_id": "north-0"}).json()["items"] == []


def test_a_key_that_may_only_read_changes_nothing(office: Office) -> None:
    visits(office, 1)
    reader = office.program(Permission.READ, clinic="north")
    for answer in (
        reader.post("/appointments", ZOE),
        reader.patch("/appointments/1", {"status": "cancelled"}),
        reader.post("/pauses", {"patient": 1}),
        reader.patch("/patients/1", {"language": "fr"}),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/appointments", "/messages", "/replies", "/alerts"])
def test_a_list_takes_the_same_number_of_queries_however_long_it_is(office: Office, path: str) -> None:
    program = office.program()
    program.get("/clinics")  # the first use of a key in a minute is noted

    def asked() -> int:
        counted = [0]

        def count(*_: object) -> None:
            counted[0] += 1

        engine = office.house.store._engine
        sa.event.listen(engine, "before_cursor_execute", count)
        try:
            assert program.get(f"{path}?limit=200").status_code == 200
        finally:
            sa.event.remove(engine, "before_cursor_execute", count)
        return counted[0]

    visits(office, 1)
    alert(office, "north", reply(office, "north"))
    few = asked()
    visits(office, 6, "south")
    for number in range(5):
        alert(office, "north", reply(office, "north", at=number + 1))
    assert asked() == few


def test_what_has_no_index_is_looked_through_in_portions_and_found_all_the_same(
    any_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits(any_office, 6)
    program = any_office.program()
    every = [it["id"] for it in through(program, "/messages?limit=200") if it["step"] == "prepare"]
    monkeypatch.setattr("scheduler.store.listing.messages.LOOKED_AT", 5)
    short = program.get("/messages?step=prepare&limit=50").json()
    assert len(short["items"]) < len(every)
    assert short["next"]
    assert [it["id"] for it in through(program, "/messages?step=prepare&limit=50")] == every
    assert [it["id"] for it in through(program, "/messages?step=prepare&limit=1")] == every
    assert list(through(program, "/messages?status=delivered&limit=50")) == []
    of_days = "from=2026-03-16T00:00:00Z&to=2026-04-01T00:00:00Z"
    assert [it["id"] for it in program.get(f"/messages?step=prepare&{of_days}").json()["items"]] == every
