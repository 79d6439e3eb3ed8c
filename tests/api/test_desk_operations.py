"""Operations for what only people could do: files of deliveries, guesses, secrets, senders, answers to strangers."""

import csv

import sqlalchemy as sa

from scheduler.domain.access import Permission
from scheduler.domain.protocol import Channel
from scheduler.store.circuits import Fault, open_circuit
from scheduler.store.hook_tables import hook_calls
from tests.api.office import ZOE, Office
from tests.api.test_imports import CSV
from tests.api.test_lists import reply
from tests.services.house import CHECK, PREPARE

HOOK = {"clinic": "north", "url": "https://clinic.example/hooks", "title": "Booking"}


def sent(office: Office) -> None:
    """Two appointments at two clinics, with messages that went out."""
    office.program().post("/appointments", ZOE)
    office.program().post(
        "/appointments", {**ZOE, "clinic": "south", "phone": "+34600000123", "external_id": "=cmd|'/c'!A1"}
    )
    office.house.dispatch(PREPARE)
    office.house.dispatch(CHECK)


def test_the_list_of_deliveries_comes_as_a_file_that_no_spreadsheet_executes(any_office: Office) -> None:
    sent(any_office)
    program = any_office.program(Permission.READ, clinic="south")
    answer = program.get("/deliveries/export?days=60", Accept="text/csv")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="deliveries.csv"'
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert {it["clinic"] for it in rows} == {"south"}
    assert {it["external_id"] for it in rows} == {"'=cmd|'/c'!A1"}
    assert not any(said in answer.text for said in ("Zoë", "+34600000123", "zoe@"))


def test_the_file_is_narrowed_as_the_page_is(any_office: Office) -> None:
    sent(any_office)
    program = any_office.program()

    def found(query: str) -> set[tuple[str, str, str]]:
        answer = program.get(f"/deliveries/export?days=60&{query}")
        assert answer.status_code == 200, answer.text
        rows = csv.DictReader(answer.text.removeprefix("\ufeff").splitlines())
        return {(it["clinic"], it["channel"], it["status"]) for it in rows}

    all_of_them = found("")
    assert {it for it in all_of_them if it[1] == "email"} == found("channel=email") != all_of_them
    assert {it for it in all_of_them if it[0] == "north"} == found("clinic=north")
    assert {it for it in all_of_them if it[2] == "accepted"} == found("status=accepted")
    assert {it for it in all_of_them if it[2] == "expired"} == found("status=trouble")
    assert found("reason=refused") == found("treatment=other") == set()
    assert found(f"day={PREPARE.date()}") <= all_of_them
    assert found("step=prepare")
    assert program.get("/deliveries/export?bom=true").text.startswith("\ufeff")


def test_a_file_is_not_asked_for_wrongly(office: Office) -> None:
    program = office.program(Permission.READ, clinic="north")
    for query, status, field in (
        ("clinic=south", 404, None),
        ("day=2026-02-30", 422, "day"),
        ("day=tomorrow", 422, "day"),
        ("status=lost", 422, "status"),
        ("days=367", 422, "days"),
        ("name=Zo", 422, "name"),
    ):
        answer = program.get(f"/deliveries/export?{query}")
        assert answer.status_code == status, query
        assert answer.headers["content-type"] == "application/problem+json"
        assert field is None or answer.json()["errors"][0]["field"].partition(".")[0] == field
    assert program.get("/deliveries/export", Accept="application/json").status_code == 406


def test_an_export_that_is_not_mapped_is_guessed_and_nothing_of_it_is_kept(any_office: Office) -> None:
    program = any_office.program(Permission.READ, Permission.BOOK, clinic="north")
    file = "Appointment time,Client name,Mobile phone,Service\n2030-03-05 14:00,Zoë Lachance,+14165550123,Peel\n"
    headers = {**CSV, "Content-Disposition": 'attachment; filename="week.csv"'}
    answer = program.ask("POST", "/imports/guess?clinic=north", headers, content=file.encode())
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    fields = {it["field"]: it["columns"] for it in shown["columns"]}
    assert (fields["starts_at"], fields["phone"]) == (["Appointment time"], ["Mobile phone"])
    assert shown["yaml"].startswith("# Proposed from week.csv")
    assert "Zoë" not in answer.text
    assert program.get("/imports/1").status_code == 404
    unreadable = program.ask("POST", "/imports/guess?clinic=north", CSV, content=b"%PDF-1.7")
    assert (unreadable.status_code, unreadable.json()["errors"][0]["pointer"]) == (422, "/body")
    assert program.ask("POST", "/imports/guess?clinic=south", CSV, content=file.encode()).status_code == 404


def test_a_secret_is_changed_and_what_was_given_up_is_called_again(any_office: Office) -> None:
    program, store = any_office.program(), any_office.house.store
    made = program.post("/webhooks", HOOK).json()
    renewed = program.post("/webhooks/1/secret")
    assert (renewed.status_code, renewed.json()["endpoint"]) == (201, made["endpoint"])
    assert renewed.json()["secret"] != made["secret"]
    call = program.post("/webhooks/1/ping").json()["call"]
    assert program.post("/webhooks/1/calls/again").json() == {"calls": []}
    with store.write() as tx:
        tx.connection.execute(sa.update(hook_calls).values(finished_at=any_office.house.clock.now()))
    (again,) = program.post("/webhooks/1/calls/again").json()["calls"]
    assert again != call
    assert program.post("/webhooks/1/calls/again").json() == {"calls": []}
    assert any_office.program(clinic="south").post("/webhooks/1/secret").status_code == 404
    program.patch("/webhooks/1", {"enabled": False})
    assert program.post("/webhooks/1/calls/again").status_code == 409


def test_senders_are_shown_with_what_their_providers_say(any_office: Office) -> None:
    now = any_office.house.clock.now()
    with any_office.house.store.write() as tx:
        open_circuit(tx, Fault(Channel.EMAIL, "", "535", "refuses the password"), (), now=now)
    answer = any_office.program(Permission.READ, Permission.MANAGE, clinic="north").get("/senders")
    assert answer.status_code == 200
    (north,) = answer.json()["items"]
    trouble = {it["channel"]: it["trouble"] for it in north["senders"]}
    assert (trouble["sms"], trouble["email"]["code"]) == (None, "535")
    assert any_office.program(Permission.READ).get("/senders").status_code == 403


def test_a_stranger_is_answered_by_the_clinic_that_the_program_names(any_office: Office) -> None:
    stranger, known = reply(any_office, None), reply(any_office, "north", at=1)
    program = any_office.program()
    path, words = f"/replies/{stranger}/answer", {"words": "Who is this, please?"}
    unnamed = program.post(path, words)
    assert (unnamed.status_code, unnamed.json()["errors"][0]["pointer"]) == (422, "/clinic")
    assert program.post(path, {**words, "clinic": "west"}).status_code == 404
    assert any_office.program(clinic="south").post(path, {**words, "clinic": "north"}).status_code in (403, 404)
    shown = program.post(f"{path}/preview", {**words, "clinic": "north"}).json()
    assert (shown["channel"], shown["segments"], words["words"] in shown["text"]) == ("sms", 1, True)
    assert program.get("/messages").json()["items"] == []
    assert program.post(path, {**words, "clinic": "north"}).status_code == 201
    assert len(program.get("/messages").json()["items"]) == 1
    elsewhere = program.post(f"/replies/{known}/answer", {**words, "clinic": "south"})
    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["pointer"]) == (422, "/clinic")


def test_deliveries_say_how_late_messages_went_out(office: Office) -> None:
    sent(office)
    shown = office.program().get("/deliveries").json()
    assert shown["missing"] >= 0
    assert all(it["median"] is None or it["median"] > 0 for it in shown["lateness"])
    assert {it["channel"] for it in shown["lateness"]} <= {"sms", "email"}
    assert shown["lateness"]
