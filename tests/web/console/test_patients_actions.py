"""What is done at a patient's page: said before, done once, on record, and undone where it can be."""

import io
import json
import re
import zipfile
from html import unescape

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from scheduler.domain.access import Role
from scheduler.domain.adjustment import AdjustmentKind
from scheduler.domain.consent import Source
from scheduler.domain.states import Status
from scheduler.services.consent import stop_address
from scheduler.store.adjustments import adjustments_of
from scheduler.store.attempts import attempts_of
from scheduler.store.consents import stop_source
from scheduler.store.desk_tables import audit
from scheduler.store.messages import messages_of
from scheduler.store.patient_file import erasure_of
from scheduler.store.pauses import orders_covering
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, MAIL, NEXT_DAY, PHONE, PREPARE, SMS, TIPS, House, after
from tests.services.test_erasing import lived
from tests.web.desk import Visitor, desk_app, signed_in

NEW_PHONE = "+14165550177"


@pytest.fixture
def app(any_house: House) -> FastAPI:
    return desk_app(any_house)


@pytest.fixture
def anna(any_house: House, app: FastAPI) -> Visitor:
    return signed_in(app, any_house.store, Role.STAFF, "north")


@pytest.fixture
def olga(any_house: House, app: FastAPI) -> Visitor:
    return signed_in(app, any_house.store, Role.OPERATOR, "north")


def attended(house: House) -> int:
    appointment = house.register()
    for instant in (PREPARE, FIRST_HOURS):
        house.dispatch(instant)
    return appointment


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html.partition("<main")[2])).split())


def said(visitor: Visitor, path: str) -> str:
    answered = visitor.get(path)
    assert answered.status_code == 200
    return plain(answered.text)


def done(visitor: Visitor, path: str, **form: str | list[str]) -> str:
    """Send a form; return what the page that it leads to says was done."""
    answered = visitor.post(path, {"sent": "1", **form})
    assert answered.status_code == 303, plain(answered.text)
    return said(visitor, answered.headers["location"])


def actions_of(house: House) -> list[str]:
    with house.store.read() as tx:
        return [
            it.action for it in tx.connection.execute(sa.select(audit).order_by(audit.c.id)) if it.outcome == "done"
        ]


def test_a_step_is_skipped_noted_upon_and_taken_back(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    steps = f"/desk/patients/{any_house.patient(appointment).id}/visits/{appointment}/steps/tips"
    assert "is not sent for this appointment" in said(anna, f"{steps}/skip")
    assert any_house.statuses(appointment)["tips sms"] == "scheduled"
    assert "The step is skipped." in done(anna, f"{steps}/skip", note="allergic")
    assert any_house.statuses(appointment)["tips sms"] == "cancelled"
    assert "The note is saved." in done(anna, f"{steps}/note", note="spoke with her")
    with any_house.store.read() as tx:
        (known,) = [it for it in adjustments_of(tx, appointment) if it.lifted_at is None]
    assert (known.adjustment.kind, known.adjustment.by[:5]) == (AdjustmentKind.SKIP, "user:")
    assert "The exception is undone." in done(anna, f"{steps}/lift")
    assert any_house.statuses(appointment)["tips sms"] == "scheduled"
    assert {"step.skipped", "step.noted", "step.lifted"} <= set(actions_of(any_house))


def test_a_step_is_moved_to_a_wall_clock_time_of_the_clinic(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    path = f"/desk/patients/{any_house.patient(appointment).id}/visits/{appointment}/steps/tips/move"
    asked = anna.get(path).text
    assert 'type="datetime-local"' in asked
    assert 'value="2026-03-21T10:00"' in asked
    assert "The step is moved." in done(anna, path, at="2026-03-22T11:30")
    assert any_house.message(appointment, "tips").due_at == after(TIPS, days=1, hours=1, minutes=30)


def test_what_can_not_be_is_said_beside_the_form_with_what_was_typed(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    path = f"/desk/patients/{any_house.patient(appointment).id}/visits/{appointment}/steps/tips/move"
    wrong = anna.post(path, {"at": "soon", "note": "keep me"})
    assert wrong.status_code == 422
    assert "keep me" in wrong.text
    assert 'href="#at"' in wrong.text
    past = anna.post(path, {"at": "2026-03-01T10:00"})
    assert past.status_code == 409
    assert "The time given is past: Sun, Mar 1, 10:00" in past.text
    assert "Indiquez-en une ultérieure" in anna.post(path, {"at": "2026-03-01T10:00"}, Accept_Language="fr").text
    assert anna.get(path.replace("tips", "nothing")).status_code == 200
    assert anna.post(path.replace("tips/move", "nothing/skip"), {"note": ""}).status_code == 409


def test_a_message_is_sent_now(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    check = any_house.message(appointment, "check")
    path = f"/desk/patients/{any_house.patient(appointment).id}/messages/{check.id}/now"
    assert f"It goes out at once, by SMS, to {PHONE}." in said(anna, path)
    assert any_house.message(appointment, "check") == check
    assert "It goes out now." in done(anna, path)
    any_house.dispatch(any_house.clock.now())
    assert any_house.message(appointment, "check").status is Status.ACCEPTED
    refused = anna.post(path)
    assert refused.status_code == 409
    assert "Nothing of it is left to send" in refused.text
    assert '<button class="primary">' not in refused.text


def test_what_keeps_it_from_going_now_is_told_before(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    with any_house.store.write() as tx:
        for channel, to in ((SMS, PHONE), (EMAIL, MAIL)):
            stop_address(tx, "north", channel, to, source=Source.REPLY, by="x", now=FIRST_HOURS)
    check = any_house.message(appointment, "check")
    path = f"/desk/patients/{any_house.patient(appointment).id}/messages/{check.id}/now"
    assert "It can't go out: The patient stopped messages to this phone number." in said(anna, path)


def test_a_message_of_another_patient_is_not_there(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    other = any_house.register(name="Ben Roy", phone="+14165550199", email="ben@patients.example")
    number, foreign = any_house.patient(appointment).id, any_house.message(other, "tips").id
    assert anna.get(f"/desk/patients/{number}/messages/{foreign}/now").status_code == 404
    assert anna.post(f"/desk/patients/{number}/visits/{other}/steps/tips/skip", {"note": ""}).status_code == 404
    assert anna.post(f"/desk/patients/{number}/resend", {f"send_{foreign}": "ok"}).status_code == 404


def test_a_patient_is_paused_and_resumed(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    number = any_house.patient(appointment).id
    assert "due within a day" in said(anna, f"/desk/patients/{number}/pause")
    assert "Messages are paused." in done(anna, f"/desk/patients/{number}/pause", channel="sms", why="in hospital")
    with any_house.store.read() as tx:
        (order,) = orders_covering(tx, "north", number)
    assert (order.pause.scope.channel, order.why) == (SMS, "in hospital")
    any_house.dispatch(NEXT_DAY)
    assert any_house.message(appointment, "next_day", SMS).status is Status.SCHEDULED
    assert "Messages go on." in done(anna, f"/desk/patients/{number}/resume")
    any_house.dispatch(NEXT_DAY)
    assert any_house.message(appointment, "next_day", SMS).status is Status.ACCEPTED


def test_a_number_is_corrected_and_what_went_to_the_old_one_goes_again(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    number, sent = any_house.patient(appointment).id, any_house.message(appointment, "first_hours")
    epoch = any_house.patient(appointment).page_epoch
    path = f"/desk/patients/{number}/details"
    form = {"name": "Zoë Lachance", "phone": "416-555-0177", "email": MAIL, "language": "", "timezone": ""}
    told = done(anna, path, **form)
    assert "Saved. You can send again what did not arrive." in told
    assert any_house.patient(appointment).phone == NEW_PHONE
    assert any_house.patient(appointment).page_epoch == epoch + 1
    choose = anna.get(f"/desk/patients/{number}/resend").text
    assert f'name="send_{sent.id}" value="ok"' in choose
    assert "1 message goes out again." in done(anna, f"/desk/patients/{number}/resend", **{f"send_{sent.id}": "ok"})
    any_house.dispatch(any_house.clock.now())
    with any_house.store.read() as tx:
        (again,) = [it for it in messages_of(tx, appointment) if it.occurrence == 2]
        (attempt,) = attempts_of(tx, again.id)
    assert (again.step, again.status, attempt.address) == ("first_hours", Status.ACCEPTED, NEW_PHONE)
    assert anna.post(f"/desk/patients/{number}/resend", {f"send_{sent.id}": "ok"}).status_code == 409
    assert {"patient.corrected", "message.resent"} <= set(actions_of(any_house))


def test_details_that_can_not_be_are_told_field_by_field(any_house: House, anna: Visitor) -> None:
    number = any_house.patient(any_house.register()).id
    form = {"name": " ", "phone": "12", "email": "no mail", "language": "klingon", "timezone": "Mars/Base"}
    wrong = anna.post(f"/desk/patients/{number}/details", form)
    assert wrong.status_code == 422
    for name in form:
        assert f'href="#{name}"' in wrong.text
    assert 'value="Mars/Base"' in wrong.text
    nobody = anna.post(f"/desk/patients/{number}/details", {"name": "Zoë"})
    assert "else nothing reaches this patient" in nobody.text


def test_another_zone_moves_what_waits_to_its_clock(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    before = any_house.message(appointment, "tips").due_at
    form = {"name": "Zoë Lachance", "phone": PHONE, "email": MAIL, "language": "fr", "timezone": "America/Vancouver"}
    done(anna, f"/desk/patients/{any_house.patient(appointment).id}/details", **form)
    assert any_house.message(appointment, "tips").due_at == after(before, hours=3)
    assert any_house.patient(appointment).language == "fr"


def test_consent_is_entered_with_the_words(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    path = f"/desk/patients/{any_house.patient(appointment).id}/consent"
    empty = anna.post(path, {"words": ""})
    assert empty.status_code == 422
    assert 'href="#words"' in empty.text
    form: dict[str, str | list[str]] = {
        "channels": ["sms", "email"],
        "purposes": ["marketing"],
        "words": "yes please",
    }
    assert "Entered." in done(anna, path, verdict="grant", **form)
    assert any_house.ledger(appointment)["sms", "marketing"][-1] == "granted"
    assert "yes please" in said(anna, f"/desk/patients/{any_house.patient(appointment).id}")
    done(anna, path, verdict="revoke", **form)
    assert any_house.ledger(appointment)["email", "marketing"][-1] == "revoked"


def test_a_stop_is_lifted_only_where_that_is_said(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    number = any_house.patient(appointment).id
    assert "Nothing is sent to this patient any more" in said(anna, f"/desk/patients/{number}/stop")
    assert anna.post(f"/desk/patients/{number}/stop").status_code == 422
    assert "All messages are stopped." in done(anna, f"/desk/patients/{number}/stop", words="leave me alone")
    form: dict[str, str | list[str]] = {
        "verdict": "grant",
        "channels": ["sms"],
        "purposes": ["care"],
        "words": "again",
    }
    assert "The address is still stopped." in done(anna, f"/desk/patients/{number}/consent", **form)
    done(anna, f"/desk/patients/{number}/consent", **form, lift="yes")
    with any_house.store.read() as tx:
        assert stop_source(tx, "north", SMS, PHONE) is None
        assert stop_source(tx, "north", EMAIL, MAIL) == Source.STAFF


def test_links_are_closed(any_house: House, anna: Visitor) -> None:
    appointment = any_house.register()
    number, epoch = any_house.patient(appointment).id, any_house.patient(appointment).page_epoch
    assert "The links are closed." in done(anna, f"/desk/patients/{number}/links")
    assert any_house.patient(appointment).page_epoch == epoch + 1


def test_everything_is_exported_under_a_name_that_says_nothing(any_house: House, olga: Visitor) -> None:
    appointment = attended(any_house)
    number = any_house.patient(appointment).id
    given = olga.post(f"/desk/patients/{number}/export")
    assert given.status_code == 200
    assert given.headers["content-disposition"] == f'attachment; filename="patient-{number}-20260318.zip"'
    assert given.headers["cache-control"] == "no-store"
    assert given.headers["x-content-type-options"] == "nosniff"
    with zipfile.ZipFile(io.BytesIO(given.content)) as archive:
        names = archive.namelist()
        told = json.loads(archive.read(f"patient-{number}/patient-{number}.json"))
        page = archive.read(f"patient-{number}/patient-{number}.html").decode()
    assert "Lachance" not in "".join(names)
    assert told["patient"]["name"] == "Zoë Lachance"
    assert told["appointments"][0]["messages"][0]["hand_overs"][0]["text"].startswith("en prepare")
    assert "Zoë Lachance" in page
    assert actions_of(any_house)[-1] == "patient.exported"


def test_erasing_asks_for_the_word_and_then_is_done(any_house: House, olga: Visitor) -> None:
    appointment = attended(any_house)
    number = any_house.patient(appointment).id
    asked = said(olga, f"/desk/patients/{number}/erase")
    assert "This can't be undone." in asked
    assert "still to come and will be cancelled" in asked
    assert olga.post(f"/desk/patients/{number}/erase", {"word": "yes"}).status_code == 422
    assert any_house.patient(appointment).name == "Zoë Lachance"
    assert "The data were erased." in done(olga, f"/desk/patients/{number}/erase", word=" Erase ")
    after_it = olga.get(f"/desk/patients/{number}").text
    assert "Zoë" not in after_it
    assert "Erased patient" in after_it
    assert f"/patients/{number}/details" not in after_it
    with any_house.store.read() as tx:
        erasure = erasure_of(tx, number)
    assert erasure
    assert erasure.by.startswith("user:")
    assert actions_of(any_house)[-2:] == ["patient.erased", "patient.seen"] or "patient.erased" in actions_of(
        any_house
    )


def test_no_page_breaks_over_an_erased_patient(any_house: House, olga: Visitor) -> None:
    appointment = lived(any_house)
    number = any_house.patient(appointment).id
    done(olga, f"/desk/patients/{number}/erase", word="erase")
    some = (f"/patients/{number}?visit={appointment}", f"/patients/{number}/resend", "/", "/appointments", "/outbox")
    for path in (*some, "/inbox", "/inbox/alerts/1"):
        answered = olga.get(f"/desk{path}")
        assert answered.status_code == 200, path
        assert "Lachance" not in answered.text
        assert PHONE not in answered.text
    form = {"name": "Zoë Lachance", "phone": PHONE}
    assert olga.post(f"/desk/patients/{number}/details", form).status_code == 409


def test_an_erasure_waits_for_what_is_on_its_way(any_house: House, olga: Visitor) -> None:
    appointment = any_house.register()
    number = any_house.patient(appointment).id
    any_house.clock.move_to(PREPARE)
    any_house.prepare("engine", any_house.claim("engine"))
    assert "is being handed over" in said(olga, f"/desk/patients/{number}/erase")
    refused = olga.post(f"/desk/patients/{number}/erase", {"word": "erase"})
    assert refused.status_code == 409
    assert any_house.patient(appointment).name == "Zoë Lachance"


def test_held_messages_are_released_and_dropped(any_house: House, anna: Visitor) -> None:
    appointment = attended(any_house)
    number = any_house.patient(appointment).id
    ids = [any_house.message(appointment, step).id for step in ("tips", "check")]
    with any_house.store.write() as tx:
        held = sa.text("UPDATE messages SET status = 'held', brake = 'cap' WHERE id IN (:a, :b)")
        tx.connection.execute(held, {"a": ids[0], "b": ids[1]})
    any_house.clock.move_to(after(CHECK, hours=1))
    assert "no brake holds it again" in said(anna, f"/desk/patients/{number}/messages/{ids[1]}/release")
    assert "Released: it goes out now." in done(anna, f"/desk/patients/{number}/messages/{ids[1]}/release")
    assert "Dropped: it is not sent." in done(anna, f"/desk/patients/{number}/messages/{ids[0]}/drop")
    assert any_house.message(appointment, "tips").status is Status.EXPIRED
    assert anna.post(f"/desk/patients/{number}/messages/{ids[0]}/drop").status_code == 409


def test_a_form_of_another_site_changes_nothing(any_house: House, anna: Visitor) -> None:
    number = any_house.patient(any_house.register()).id
    foreign = anna.post(f"/desk/patients/{number}/stop", {"words": "x"}, Sec_Fetch_Site="cross-site")
    assert foreign.status_code == 403
    with any_house.store.read() as tx:
        assert stop_source(tx, "north", SMS, PHONE) is None
