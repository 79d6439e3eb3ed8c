"""The inbox's pages: the list, threads, taking, answering, closing; who may do what; what is hostile stays text."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from scheduler.clock import SystemClock
from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.alert import AlertKind
from scheduler.services.alerts import raise_alert
from scheduler.services.tokens import digest
from scheduler.store.alerts import get_alert
from scheduler.store.desk_notes import notes_on
from scheduler.store.replies import get_reply
from scheduler.store.sessions import end_session
from scheduler.store.tables import replies
from tests.servers.twilio import TwilioServer
from tests.services.house import House, after, configuration
from tests.services.test_desk_messages import answer_on_page
from tests.services.test_replies import REPLIED, asked, texts_to
from tests.services.texting import Text, alerts
from tests.services.writing import answer_by_hand
from tests.web.console.inboxes import form_in, seen_in, somebody, thread_of
from tests.web.desk import Visitor, as_session, desk_app, make_session, make_user, signed_in

STRANGER = "+14165550188"


def test_the_list_has_what_was_written_by_urgency_with_the_patients_name(ward: House, anna: Visitor) -> None:
    Text("May I swim?").send(ward)
    Text("I have a fever and pus", sender=STRANGER).send(ward)
    page = anna.get("/desk/inbox")
    assert page.status_code == 200
    assert page.text.index("I have a fever and pus") < page.text.index("May I swim?")
    assert "Zoë Lachance" in page.text
    assert "Zo" not in str(page.url)


def test_the_navigation_says_how_much_is_open(ward: House, anna: Visitor) -> None:
    assert 'class="count"' not in anna.get("/desk/inbox").text
    Text("May I swim?").send(ward)
    assert re.search(r'class="count">.*?1</span>', anna.get("/desk/inbox").text)


@pytest.mark.parametrize("view", ["open", "free", "mine", "done", "all", "nonsense"])
def test_each_view_that_is_empty_says_what_to_do(anna: Visitor, view: str) -> None:
    page = anna.get(f"/desk/inbox?view={view}")
    assert page.status_code == 200
    assert 'class="empty"' in page.text


def test_a_thread_shows_what_was_asked_written_made_of_it_and_answered(ward: House, anna: Visitor) -> None:
    path, _ = thread_of(ward, "3, I have a fever and pus")
    ward.dispatch(REPLIED)
    page = anna.get(path).text
    for piece in ("3, I have a fever and pus", "Zoë Lachance", "tel:+14165550123", "/desk/patients/", "pus", "911"):
        assert piece in page
    assert "needling for Zoë" in page or "for Zoë" in page


def test_a_reply_that_an_alert_is_about_leads_to_the_alerts_thread(ward: House, anna: Visitor) -> None:
    path, reply = thread_of(ward, "May I swim?")
    led = anna.get(f"/desk/inbox/replies/{reply}")
    assert (led.status_code, led.headers["location"]) == (303, path)


def test_a_reply_without_an_alert_has_a_thread_of_its_own_and_is_closed_there(ward: House, anna: Visitor) -> None:
    reply = Text("2").send(ward)
    page = anna.get(f"/desk/inbox/replies/{reply.id}")
    assert page.status_code == 200
    assert anna.post(f"/desk/inbox/replies/{reply.id}/take").status_code == 303
    with ward.store.read() as tx:
        assert (get_reply(tx, reply.id).taken_by or "") == "user:anna"
    done = anna.post(f"/desk/inbox/replies/{reply.id}/close", {"seen": seen_in(page.text), "note": "Called her."})
    assert done.status_code == 303
    with ward.store.read() as tx:
        assert get_reply(tx, reply.id).handled_by == "user:anna"
    assert "Called her." in anna.get(f"/desk/inbox/replies/{reply.id}").text


def test_who_takes_it_is_shown_and_the_slower_is_told(ward: House, app: FastAPI, anna: Visitor) -> None:
    path, _ = thread_of(ward, "May I swim?")
    ben = somebody(ward, app, "ben")
    assert anna.post(f"{path}/take").status_code == 303
    late = ben.post(f"{path}/take")
    assert late.status_code == 409
    assert "anna was faster" in late.text
    assert "anna" in ben.get("/desk/inbox").text
    assert anna.get("/desk/inbox?view=mine").text.count("May I swim?") == 1


def test_what_is_given_back_is_free_and_rings_again(ward: House, anna: Visitor) -> None:
    path, _ = thread_of(ward, "3, I have a fever and pus")
    anna.post(f"{path}/take")
    assert anna.post(f"{path}/give-back").status_code == 303
    (alert,) = alerts(ward)
    assert (alert.taken_by, alert.ring_at) == (None, ward.clock.now())
    assert "anna gave it back" in anna.get(path).text


def test_closing_closes_what_was_seen_and_not_what_came_after(ward: House, anna: Visitor) -> None:
    path, _ = thread_of(ward, "May I swim?")
    seen = seen_in(anna.get(path).text)
    ward.clock.move_to(after(REPLIED, minutes=3))
    Text("And may I run?").send(ward)
    refused = anna.post(f"{path}/close", {"seen": seen, "note": "Told her."})
    assert refused.status_code == 409
    assert "And may I run?" in refused.text
    assert "Told her." in refused.text
    assert len([it for it in alerts(ward) if it.closed_at is None]) == 1
    done = anna.post(f"{path}/close", {"seen": seen_in(refused.text), "note": "Told her."})
    assert done.status_code == 303
    (alert,) = alerts(ward)
    with ward.store.read() as tx:
        (note,) = notes_on(tx, replies=[], alerts=[alert.id])
        assert all(row.handled_at for row in tx.connection.execute(sa.select(replies.c.handled_at)))
    assert (note.text, note.by) == ("Told her.", "user:anna")
    assert "May I swim?" not in anna.get("/desk/inbox").text
    assert "And may I run?" in anna.get("/desk/inbox?view=done").text


def test_a_fault_is_not_closed_by_hand(ward: House, anna: Visitor) -> None:
    with ward.store.write() as tx:
        fault = raise_alert(tx, AlertKind.CIRCUIT, "sms/x", reasons=(), now=ward.clock.now())
    assert fault
    path = f"/desk/inbox/alerts/{fault.id}"
    assert "/close" not in anna.get(path).text
    assert anna.post(f"{path}/close", {"seen": "0"}).status_code == 409
    with ward.store.read() as tx:
        assert get_alert(tx, fault.id).closed_at is None


def test_who_may_only_read_sees_no_button_and_is_refused(ward: House, app: FastAPI) -> None:
    path, _ = thread_of(ward, "May I swim?")
    viewer = signed_in(app, ward.store, Role.VIEWER, "north")
    assert "data-answer" not in viewer.get(path).text
    for what in ("take", "give-back", "close", "answer"):
        assert viewer.post(f"{path}/{what}", {"seen": "9"}).status_code == 403


def test_another_clinics_threads_do_not_exist(ward: House, app: FastAPI) -> None:
    path, reply = thread_of(ward, "May I swim?")
    other = signed_in(app, ward.store, Role.ADMIN, "south")
    assert other.get(path).status_code == 404
    assert other.get(f"/desk/inbox/replies/{reply}").status_code == 404
    for what in ("take", "give-back", "close", "answer"):
        assert other.post(f"{path}/{what}", {"seen": "9"}).status_code == 404
    assert "May I swim?" not in other.get("/desk/inbox").text
    assert other.get("/desk/inbox?clinic=north").status_code == 404


@pytest.mark.parametrize(
    "path", ["alerts/999", "replies/999", "alerts/0", "alerts/x", "nothing/1", "alerts/" + "9" * 30]
)
def test_what_is_not_there_is_not_found(anna: Visitor, path: str) -> None:
    assert anna.get(f"/desk/inbox/{path}").status_code == 404


def test_a_reply_of_nobody_known_is_answered_by_the_clinic_that_is_chosen(
    ward: House, app: FastAPI, twilio: TwilioServer
) -> None:
    everywhere = somebody(ward, app, "carla", Role.STAFF, EVERY_CLINIC)
    path, _ = thread_of(ward, "Do you have time for me?", sender=STRANGER)
    page = everywhere.get(path).text
    assert "No patient has this number" in page
    fields = {**form_in(page), "channel": "sms", "clinic": "north", "words": "Please call us.", "do": "send"}
    assert everywhere.post(f"{path}/answer", fields).status_code == 303
    ward.dispatch(after(REPLIED, minutes=1))
    assert texts_to(twilio, STRANGER)[-1] == "Please call us."


def test_a_reply_that_cannot_be_opened_is_shown_as_such_and_hides_nothing_else(ward: House, anna: Visitor) -> None:
    broken, reply = thread_of(ward, "May I swim?")
    thread_of(ward, "I have a fever and pus", sender=STRANGER)
    with ward.store.write() as tx:
        tx.connection.execute(sa.update(replies).where(replies.c.id == reply).values(body_sealed=b"broken"))
    listed = anna.get("/desk/inbox")
    assert listed.status_code == 200
    assert "I have a fever and pus" in listed.text
    assert "cannot be opened" in listed.text
    shown = anna.get(broken)
    assert shown.status_code == 200
    assert "cannot be opened" in shown.text
    assert anna.post(f"{broken}/close", {"seen": seen_in(shown.text)}).status_code == 303


def test_markup_in_what_was_written_stays_text(ward: House, anna: Visitor) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> my skin has pus"
    path, reply = thread_of(ward, hostile)
    answer_by_hand(ward, reply, "<b>bold</b>{{ 7*7 }}")
    anna.post(f"{path}/close", {"seen": "99", "note": "<i>note</i>"})
    for page in (anna.get("/desk/inbox?view=done").text, anna.get(path).text):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<b>bold" not in page
        assert "<i>note" not in page
        assert "&lt;script&gt;" in page


def test_an_email_answers_what_was_asked_by_email(live: House) -> None:
    live.configuration = configuration()
    appointment = asked(live, phone="")
    reply = answer_on_page(live, appointment, "May I swim?")
    anna = signed_in(desk_app(live), live.store, Role.STAFF, "north")
    path = anna.get(f"/desk/inbox/replies/{reply}").headers["location"]
    page = anna.get(path).text
    assert 'value="Re: ' in page
    sent = {**form_in(page), "channel": "email", "subject": "Re: swimming", "words": "Not today.", "do": "send"}
    assert anna.post(f"{path}/answer", sent).status_code == 303
    assert live.dispatch(after(REPLIED, minutes=1))["sent"] == 1


def test_a_patient_who_did_not_write_is_written_to_where_consent_allows_it(ward: House, anna: Visitor) -> None:
    patient = ward.patient(1).id
    page = anna.get(f"/desk/patients/{patient}/write")
    assert page.status_code == 200
    fields = {**form_in(page.text), "channel": "sms", "words": "We found your scarf."}
    looked = anna.post(f"/desk/patients/{patient}/write", {**fields, "do": "preview"})
    assert "North: We found your scarf." in looked.text
    sent = anna.post(f"/desk/patients/{patient}/write", {**fields, "do": "send"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/desk/patients/{patient}")
    assert ward.dispatch(after(REPLIED, minutes=1))["sent"] == 1


def test_another_clinics_patient_cannot_be_written_to(ward: House, app: FastAPI) -> None:
    other = signed_in(app, ward.store, Role.ADMIN, "south")
    assert other.get("/desk/patients/1/write").status_code == 404
    assert other.post("/desk/patients/1/write", {"words": "x"}).status_code == 404


def test_a_page_of_another_site_can_answer_in_nobodys_name(ward: House, anna: Visitor) -> None:
    path, _ = thread_of(ward, "May I swim?")
    assert anna.post(f"{path}/take", {}, Sec_Fetch_Site="cross-site").status_code == 403


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_pages_speak_each_language(ward: House, app: FastAPI, language: str) -> None:
    path, _ = thread_of(ward, "3, I have a fever and pus")
    anna = replace(signed_in(app, ward.store, Role.STAFF, "north"))
    for page in (anna.get("/desk/inbox", Accept_Language=language), anna.get(path, Accept_Language=language)):
        assert f'<html lang="{language}"' in page.text


def test_what_is_looked_at_and_done_goes_on_record_without_what_was_written(ward: House, anna: Visitor) -> None:
    path, _ = thread_of(ward, "May I swim?")
    anna.get(path)
    anna.post(f"{path}/take")
    with ward.store.read() as tx:
        rows = tx.connection.execute(
            sa.text("SELECT actor, action, clinic, subject, outcome FROM audit ORDER BY id")
        ).all()
    alert = path.rpartition("/")[2]
    assert ("user:anna", "thread.seen", "north", f"alert/{alert}", "done") in [tuple(it) for it in rows]
    assert ("user:anna", "thread.taken", "north", f"alert/{alert}", "done") in [tuple(it) for it in rows]


def test_what_was_typed_when_the_session_had_run_out_stands_in_the_form_after_the_next_login(
    ward: House, app: FastAPI
) -> None:
    path, _ = thread_of(ward, "May I swim?")
    user = make_user(ward.store, "carla", Role.STAFF, "north")
    late = as_session(app, make_session(ward.store, user, now=SystemClock().now() - timedelta(hours=2)))
    words = {"channel": "sms", "words": "Not for two days.", "do": "send", "form": "x" * 20}

    refused = late.post(f"{path}/answer", words)

    assert refused.status_code == 401
    assert f"/desk/login?to={quote(path.removeprefix('/desk'), safe='')}" in refused.text
    assert "kept for an hour" in refused.text
    assert "Not for two days." not in refused.text
    carla = as_session(app, make_session(ward.store, user))
    page = carla.get(path).text
    assert "Not for two days." in page
    assert "It was not sent" in page
    assert "Not for two days." not in somebody(ward, app, "ben").get(path).text
    sent = {**form_in(page), "channel": "sms", "words": "Not for two days.", "do": "send"}
    assert carla.post(f"{path}/answer", sent).status_code == 303
    assert "It was not sent" not in carla.get(path).text


def test_a_session_that_was_ended_keeps_nothing(ward: House, app: FastAPI) -> None:
    path, _ = thread_of(ward, "May I swim?")
    user = make_user(ward.store, "carla", Role.STAFF, "north")
    token = make_session(ward.store, user)
    with ward.store.write() as tx:
        end_session(tx, digest(token), now=SystemClock().now())
    refused = as_session(app, token).post(f"{path}/answer", {"words": "Not for two days.", "do": "send"})
    assert refused.status_code == 401
    assert "kept for an hour" not in refused.text
    assert "Not for two days." not in as_session(app, make_session(ward.store, user)).get(path).text
