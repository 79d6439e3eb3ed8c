"""What each noun does beside being listed: edits, a person's word, what goes on record."""

from scheduler.domain.access import Permission
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from tests.api.office import ZOE, Office
from tests.api.test_lists import alert, reply
from tests.services.house import FIRST_HOURS, PREPARE


def registered(office: Office) -> None:
    assert office.program().post("/appointments", ZOE).status_code == 201


def test_an_appointment_is_moved_called_off_and_booked_again(any_office: Office) -> None:
    registered(any_office)
    program, wakes = any_office.program(), len(any_office.wakes)
    moved = program.patch("/appointments/1", {"starts_at": "2026-03-19T10:00"}).json()
    assert moved["starts_at"] == "2026-03-19T14:00:00Z"
    due = {it["step"]: it["due_at"] for it in program.get("/appointments/1/timeline").json()["messages"]}
    assert due["prepare"] == "2026-03-17T14:00:00Z"
    assert program.patch("/appointments/1", {"status": "cancelled"}).json()["status"] == "cancelled"
    told = program.get("/appointments/1/timeline").json()
    assert {it["status"] for it in told["messages"]} == {"cancelled"}
    assert program.patch("/appointments/1", {"status": "booked"}).json()["status"] == "booked"
    told = program.get("/appointments/1/timeline").json()
    assert "scheduled" in {it["status"] for it in told["messages"]}
    assert [it["by"] for it in told["history"]][-1].startswith("key:key-")
    assert len(any_office.wakes) == wakes + 3


def test_an_appointment_that_is_still_to_come_can_not_be_completed(office: Office) -> None:
    registered(office)
    answer = office.program().patch("/appointments/1", {"status": "completed"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem-type:aftercare:conflict")


def test_an_edit_that_means_two_things_is_refused(office: Office) -> None:
    registered(office)
    program = office.program()
    for body, field in (
        ({"status": "cancelled", "starts_at": "2026-03-19T10:00"}, "status"),
        ({"ends_at": "2026-03-18T09:00"}, "ends_at"),
    ):
        answer = program.patch("/appointments/1", body)
        assert (answer.status_code, [it["field"] for it in answer.json()["errors"]]) == (422, [field])


def test_a_step_is_skipped_moved_noted_upon_and_restored(any_office: Office) -> None:
    registered(any_office)
    program = any_office.program()
    path = "/appointments/1/steps/check"
    skipped = program.put(path, {"skip": True, "note": "on holiday"}).json()
    assert [(it["kind"], it["note"]) for it in skipped["adjustments"]] == [("skip", "on holiday")]
    moved = program.put(path, {"at": "2026-03-21T10:00"}).json()
    assert {it["due_at"] for it in moved["messages"] if it["step"] == "check"} == {"2026-03-21T14:00:00Z"}
    restored = program.delete(path).json()
    assert all(it["lifted_at"] for it in restored["adjustments"])
    assert program.delete(path).status_code == 409
    assert program.put(path, {}).status_code == 422
    unknown = program.put("/appointments/1/steps/chekc", {"skip": True})
    assert (unknown.status_code, "check" in unknown.json()["detail"]) == (404, True)


def test_a_message_that_was_sent_shows_its_text_and_its_history(any_office: Office) -> None:
    registered(any_office)
    any_office.house.dispatch(PREPARE)
    program = any_office.program()
    (sent,) = program.get("/messages?step=prepare").json()["items"]
    told = program.get(f"/messages/{sent['id']}").json()
    assert told["status"] == "accepted"
    assert (told["attempts"][0]["address"], told["attempts"][0]["rehearsed"]) == ("zoe@patients.example", True)
    assert "prepare" in told["attempts"][0]["body"]
    assert [it["cause"] for it in told["history"]][:2] == ["claim", "begin"]


def test_what_is_not_held_is_neither_released_nor_dropped(office: Office) -> None:
    registered(office)
    for word in ("release", "drop"):
        assert office.program().post(f"/messages/1/{word}").status_code == 409


def test_a_message_is_sent_sooner_and_again(any_office: Office) -> None:
    registered(any_office)
    program = any_office.program()
    number = any_office.house.message(1, "prepare", Channel.EMAIL).id
    answer = program.post(f"/messages/{number}/send-now")
    assert answer.status_code == 200, answer.text
    assert answer.json()["at"] == "2026-03-10T15:00:00Z"
    any_office.house.dispatch(any_office.house.clock.now())
    assert any_office.house.message(1, "prepare", Channel.EMAIL).status is Status.ACCEPTED
    twice = program.post(f"/messages/{number}/resend", {})
    assert (twice.status_code, "twice" in twice.json()["detail"]) == (409, True)
    again = program.post(f"/messages/{number}/resend", {"although_reached": True})
    assert again.status_code == 201
    assert program.get(f"/messages/{again.json()['message']}").json()["occurrence"] == 2


def test_an_alert_is_taken_and_closed_with_its_reply(any_office: Office) -> None:
    number = reply(any_office, "north", "It hurts")
    raised = alert(any_office, "north", number)
    one, other = any_office.program(), any_office.program()
    first, second = one.post(f"/alerts/{raised}/take").json(), other.post(f"/alerts/{raised}/take").json()
    assert first["taken_by"] == second["taken_by"]
    assert one.get(f"/replies/{number}").json()["alerts"] == [raised]
    assert one.post(f"/alerts/{raised}/close").json()["closed_at"]
    assert one.get(f"/replies/{number}").json()["handled_by"] == first["taken_by"]
    causes = [it["cause"] for it in one.get(f"/alerts/{raised}").json()["history"]]
    assert causes == ["raised", "taken", "closed"]


def test_a_reply_is_answered_in_its_thread_once_however_often_that_is_sent(any_office: Office) -> None:
    number = reply(any_office, "north", "May I swim?")
    program, key = any_office.program(), {"Idempotency-Key": "answer-1"}
    first = program.post(f"/replies/{number}/answer", {"words": "Not before Friday, please."}, **key)
    again = program.post(f"/replies/{number}/answer", {"words": "Not before Friday, please."}, **key)
    assert first.status_code == 201, first.text
    assert (first.json()["channel"], again.json()) == ("sms", first.json())
    assert program.get("/messages?kind=desk").json()["items"][0]["reply"] == number
    assert len(program.get("/messages?kind=desk").json()["items"]) == 1


def test_a_patient_is_found_by_what_is_in_the_body_alone(any_office: Office) -> None:
    registered(any_office)
    program = any_office.program(Permission.READ, clinic="north")
    for by in (
        {"phone": "(416) 555-0123"},
        {"phone": "+14165550123"},
        {"email": "Zoe@patients.example"},
        {"external_id": "B-1"},
        {"text": "lach"},
        {"text": "Zoë", "clinic": "north"},
    ):
        assert [it["id"] for it in program.post("/patients/search", by).json()["items"]] == [1], by
    assert program.post("/patients/search", {"phone": "+14165550199"}).json() == {"items": [], "more": False}
    for none_or_two in ({}, {"phone": "+14165550123", "email": "zoe@patients.example"}):
        assert program.post("/patients/search", none_or_two).status_code == 422


def test_a_patient_is_corrected_and_wrong_addresses_are_refused(any_office: Office) -> None:
    registered(any_office)
    program = any_office.program()
    shown = program.patch("/patients/1", {"phone": "416 555 0188", "language": "fr", "email": None}).json()
    assert (shown["phone"], shown["language"], shown["email"]) == ("+14165550188", "fr", None)
    for body, field in (
        ({"email": "no mail"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"phone": None}, "phone"),
        ({"name": None}, "name"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
    ):
        answer = program.patch("/patients/1", body)
        assert answer.status_code == 422
        assert field in [it["field"] for it in answer.json()["errors"]]
    assert program.get("/patients/1").json() == shown


def test_a_word_on_consent_is_entered_once_and_holds(any_office: Office) -> None:
    registered(any_office)
    program, path = any_office.program(), "/patients/1/consent/sms/care"
    said = program.put(path, {"allowed": False, "words": "No texts, please."}).json()
    assert next(it for it in said["now"] if (it["channel"], it["purpose"]) == ("sms", "care"))["allowed"] is False
    assert said["ledger"][-1]["wording"] == "No texts, please."
    assert program.put(path, {"allowed": False, "words": "No texts, please."}).json() == said
    assert program.put(path, {"allowed": False, "words": "x", "lift_stop": True}).status_code == 422
    assert program.put("/patients/1/consent/fax/care", {"allowed": True, "words": "x"}).status_code == 422


def test_everything_is_paused_only_by_who_may_do_so_everywhere(any_office: Office) -> None:
    registered(any_office)
    north = any_office.program(Permission.READ, Permission.CARE, clinic="north")
    assert north.post("/pauses", {"everything": True}).status_code == 403
    assert north.post("/pauses", {"channel": "sms"}).status_code == 422
    first = north.post("/pauses", {"patient": 1, "why": "in hospital"})
    again = north.post("/pauses", {"appointment": 1})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["pause"] == first.json()["pause"]
    every = any_office.program()
    assert every.post("/pauses", {"everything": True, "channel": "sms"}).status_code == 201
    assert [it["patient"] for it in north.get("/pauses").json()["items"]] == [1, None]
    number = first.json()["pause"]["id"]
    assert [it["id"] for it in north.delete(f"/pauses/{number}").json()["lifted"]] == [number]
    assert north.delete(f"/pauses/{number}").status_code == 404


def test_all_that_is_held_of_a_patient_is_handed_out_and_erased(any_office: Office) -> None:
    registered(any_office)
    program = any_office.program()
    assert program.get("/patients/1/export").json()["patient"]["name"] == "Zoë Lachance"
    assert any_office.program(Permission.READ, Permission.CARE).post("/patients/1/erase").status_code == 403
    erased = program.post("/patients/1/erase")
    assert erased.status_code == 200, erased.text
    assert erased.json()["patient"] == 1
    assert program.get("/patients/1").json()["name"] == ""


def test_a_key_makes_keys_that_can_do_no_more_than_itself(any_office: Office) -> None:
    program = any_office.program(Permission.READ, Permission.MANAGE, clinic="north")
    made = program.post("/keys", {"name": "reader", "clinic": "north", "permissions": ["read"]})
    assert made.status_code == 201
    assert made.json()["bearer"].startswith("ac_")
    for body in (
        {"name": "eraser", "clinic": "north", "permissions": ["read", "erase"]},
        {"name": "other", "clinic": "south", "permissions": ["read"]},
        {"name": "all", "clinic": "*", "permissions": ["read"]},
    ):
        assert program.post("/keys", body).status_code in (403, 404, 422)
    number = made.json()["key"]["id"]
    assert program.delete(f"/keys/{number}").json()["revoked_at"]
    assert [it["name"] for it in program.get("/keys").json()["items"]] == ["reader", "key-1"]


def test_who_did_and_saw_what_is_on_record_without_a_patients_data(any_office: Office) -> None:
    registered(any_office)
    reader = any_office.program(Permission.READ, clinic="north")
    reader.get("/patients/1")
    reader.post("/patients/search", {"text": "Zoë"})
    reader.patch("/patients/1", {"language": "fr"})
    trail = any_office.program().get("/audit?actor=key:key-2")
    lines = [(it["action"], it["clinic"], it["subject"], it["outcome"]) for it in trail.json()["items"]]
    assert lines == [
        ("patient.corrected", None, None, "refused"),
        ("patients.searched", None, None, "done"),
        ("patient.seen", "north", "patient/1", "done"),
    ]
    assert "Zo" not in trail.text
    assert any_office.program(Permission.READ).get("/audit").status_code == 403


def test_an_endpoint_is_added_changed_and_called(any_office: Office) -> None:
    program = any_office.program()
    body = {"clinic": "north", "url": "https://bookings.example/hook", "title": "Bookings"}
    made = program.post("/webhooks", body)
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
    path = f"/webhooks/{made.json()['endpoint']['id']}"
    assert "secret" not in program.get(path).text
    assert program.post(f"{path}/ping").status_code == 201
    assert [it["kind"] for it in program.get(f"{path}/calls").json()["items"]] == ["ping"]
    assert program.patch(path, {"enabled": False}).json()["disabled_at"]
    south = any_office.program(clinic="south")
    assert (south.get(path).status_code, south.get("/webhooks").json()["items"]) == (404, [])


def test_deliveries_are_counted_by_day_and_channel(any_office: Office) -> None:
    registered(any_office)
    any_office.house.dispatch(PREPARE)
    any_office.house.dispatch(FIRST_HOURS)
    told = any_office.program().get("/deliveries?days=3&clinic=north").json()
    assert (told["from"], told["to"]) == ("2026-03-16", "2026-03-18")
    assert {(it["day"], it["channel"]) for it in told["days"]} >= {("2026-03-18", "sms")}


def test_clinics_and_treatments_are_those_of_the_key(office: Office) -> None:
    north = office.program(clinic="north")
    assert [it["id"] for it in north.get("/clinics").json()["items"]] == ["north"]
    assert "peel" in [it["id"] for it in north.get("/treatments?clinic=north").json()["items"]]
    assert north.get("/health").status_code == 403
    assert office.program().get("/health").json()["health"] in ("well", "warning", "wrong")
