"""What staff do beside the engine: give back, close with a note, write, stop, close links; the rehearsal's outbox."""

from scheduler.domain.access import Permission
from tests.api.office import Office
from tests.api.test_lists import alert, reply
from tests.api.test_resources import registered
from tests.services.house import PREPARE


def test_an_alert_is_given_back_and_closed_with_a_note(any_office: Office) -> None:
    number = reply(any_office, "north", "It hurts")
    raised = alert(any_office, "north", number)
    program = any_office.program()
    program.post(f"/alerts/{raised}/take")
    assert program.post(f"/alerts/{raised}/give-back").json()["taken_by"] is None
    assert program.post(f"/alerts/{raised}/give-back").status_code == 200
    unread = program.post(f"/alerts/{raised}/close", {"note": "Called her.", "seen": number - 1 or 9})
    assert unread.status_code in (200, 409)
    if unread.status_code == 409:
        assert program.post(f"/alerts/{raised}/close", {"note": "Called her.", "seen": number}).status_code == 200
    told = program.get(f"/alerts/{raised}").json()
    assert told["closed_at"]
    assert [(it["text"], it["by"].startswith("key:")) for it in told["notes"]] == [("Called her.", True)]
    assert [it["cause"] for it in told["history"]] == ["raised", "taken", "given_back", "closed"]
    assert program.post(f"/alerts/{raised}/close", {"note": "Twice"}).status_code == 409
    assert program.get(f"/replies/{number}").json()["handled_by"]


def test_a_reply_is_taken_given_back_and_dealt_with_with_a_note(any_office: Office) -> None:
    number = reply(any_office, "north", "May I swim?")
    program = any_office.program()
    assert program.post(f"/replies/{number}/take").json()["taken_by"].startswith("key:")
    assert program.post(f"/replies/{number}/give-back").json()["taken_by"] is None
    assert program.post(f"/replies/{number}/handled", {"note": "Said no."}).json()["handled_at"]
    assert [it["text"] for it in program.get(f"/replies/{number}").json()["notes"]] == ["Said no."]
    assert program.post(f"/replies/{number}/handled").status_code == 200
    assert program.post(f"/replies/{number}/handled", {"note": "Me too"}).status_code == 409


def test_a_reply_with_an_open_alert_is_taken_by_way_of_that(any_office: Office) -> None:
    number = reply(any_office, "north", "It hurts")
    raised = alert(any_office, "north", number)
    answer = any_office.program().post(f"/replies/{number}/take")
    assert (answer.status_code, f"/alerts/{raised}" in answer.json()["detail"]) == (409, True)


def test_a_patient_is_written_to_once_and_a_look_sends_nothing(any_office: Office) -> None:
    registered(any_office)
    program = any_office.program()
    path, words = (
        "/patients/1/messages",
        {"words": "We moved to 12 Main Street.", "channel": "email", "subject": "Us"},
    )
    program.put("/patients/1/consent/email/care", {"allowed": True, "words": "Mail me."})
    looked = program.post(f"{path}/preview", words)
    assert looked.status_code == 200, looked.text
    assert "12 Main Street" in looked.json()["text"]
    assert program.get("/messages?kind=desk").json()["items"] == []
    key = {"Idempotency-Key": "letter-1"}
    sent = program.post(path, words, **key)
    assert sent.status_code == 201, sent.text
    assert program.post(path, words, **key).json() == sent.json()
    assert len(program.get("/messages?kind=desk").json()["items"]) == 1


def test_who_wants_nothing_more_is_not_written_to(any_office: Office) -> None:
    registered(any_office)
    program = any_office.program()
    assert program.post("/patients/1/stop", {}).status_code == 422
    stopped = program.post("/patients/1/stop", {"words": "Nothing any more."}).json()
    assert not any(it["allowed"] for it in stopped["now"])
    assert {it["wording"] for it in stopped["stops"]} == {"Nothing any more."}
    assert program.post("/patients/1/messages", {"words": "Hello"}).status_code == 409
    south = any_office.program(clinic="south")
    for answer in (
        south.post("/patients/1/stop", {"words": "x"}),
        south.post("/patients/1/messages", {"words": "x"}),
        south.delete("/patients/1/links"),
    ):
        assert answer.status_code == 404


def test_links_that_were_given_out_are_closed(any_office: Office) -> None:
    registered(any_office)
    program = any_office.program()
    assert program.delete("/patients/1/links").json() == {"patient": 1, "links": "closed"}
    assert program.get("/audit?action=patient.links_revoked").json()["items"][0]["subject"] == "patient/1"
    assert any_office.program(Permission.READ).delete("/patients/1/links").status_code == 403


def test_what_a_rehearsal_would_have_sent_is_read_page_by_page(any_office: Office) -> None:
    registered(any_office)
    any_office.house.dispatch(PREPARE)
    program = any_office.program()
    page = program.get("/outbox?limit=1").json()
    (first,) = page["items"]
    assert (first["address"], first["channel"]) == ("zoe@patients.example", "email")
    told = program.get(f"/outbox/{first['id']}").json()
    assert told["subject"] == first["opening"]
    assert "prepare" in told["text"]
    assert "<" in told["html"]
    assert program.get("/outbox?channel=sms").json()["items"] == []
    south = any_office.program(clinic="south")
    assert (south.get(f"/outbox/{first['id']}").status_code, south.get("/outbox").json()["items"]) == (404, [])
