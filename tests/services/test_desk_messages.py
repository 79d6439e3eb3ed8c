"""Texts that staff write: sent once, in the patient's thread, by the rules of consent and quiet hours."""

from dataclasses import replace
from email import message_from_bytes
from email.message import Message as Mail

import pytest

from scheduler.domain.brakes import Scope
from scheduler.domain.clinic import SmsSender
from scheduler.domain.consent import Source
from scheduler.domain.states import Status
from scheduler.errors import ConflictError
from scheduler.services.alerts import close_alert
from scheduler.services.consent import stop_address, stop_patient
from scheduler.services.desk_messages import WrittenMeanwhileError
from scheduler.services.desk_ways import HELPS_FOR
from scheduler.services.replies import take_page_answer
from scheduler.store.alerts import open_alerts
from scheduler.store.database import open_store
from scheduler.store.desk_messages import DeskMessage, desk_messages_of_replies
from scheduler.store.messages import Message, get_message, messages_of
from scheduler.store.patients import get_patient
from scheduler.store.replies import latest_replies
from tests.servers.behaviours import CLOSE_AFTER_TAKING, refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, MAIL, PHONE, SMS, House, after
from tests.services.replying import words
from tests.services.test_pausing import stop
from tests.services.test_replies import AT_NIGHT, REPLIED, asked, stopped, texts_to
from tests.services.texting import NORTH, Text, alerted
from tests.services.writing import answer_by_hand, form, write_by_hand

SOON = after(REPLIED, minutes=5)
MORNING = after(CHECK, hours=22)
"""Eight in the morning in Toronto, when quiet hours end."""


def question(house: House, text: str = "May I swim?") -> int:
    """Let Zoë ask something; return the reply."""
    asked(house)
    reply = Text(text).send(house)
    house.dispatch(REPLIED)
    return reply.id


def now(house: House, written: DeskMessage) -> Message:
    with house.store.read() as tx:
        return get_message(tx, written.message.id)


def mails_by_hand(smtp: SmtpServer) -> list[Mail]:
    """Return the mails that no machine wrote."""
    mails = [message_from_bytes(it.content) for it in smtp.delivered_to(MAIL)]
    return [it for it in mails if "Auto-Submitted" not in it]


def test_an_answer_goes_to_the_number_that_wrote_in_the_words_that_were_written(
    any_live: House, twilio: TwilioServer
) -> None:
    written = answer_by_hand(any_live, question(any_live), "Not today.\nIn two days you may.")
    assert written.message.status is Status.SCHEDULED
    assert any_live.dispatch(SOON)["sent"] == 1
    assert texts_to(twilio)[-1] == "Not today.\nIn two days you may."
    assert twilio.taken[-1].params["From"] == NORTH
    assert now(any_live, written).status is Status.ACCEPTED
    any_live.dispatch(after(SOON, hours=2))
    assert texts_to(twilio).count("Not today.\nIn two days you may.") == 1


def test_the_record_says_who_wrote_it_and_keeps_the_words_sealed(any_live: House) -> None:
    reply = question(any_live)
    answer_by_hand(any_live, reply, "Not today.", by="user:anna")
    with any_live.store.read() as tx:
        (known,) = desk_messages_of_replies(tx, [reply])
    assert known.text is not None
    assert (known.by, known.text.words) == ("user:anna", "Not today.")
    assert b"Not today" not in (known.message.words_sealed or b"")
    assert "Not today" not in repr(known)


def test_a_form_that_is_sent_twice_sends_once(any_live: House, twilio: TwilioServer) -> None:
    reply, same = question(any_live), form()
    first = answer_by_hand(any_live, reply, form_id=same)
    assert answer_by_hand(any_live, reply, form_id=same).message.id == first.message.id
    any_live.dispatch(SOON)
    assert texts_to(twilio).count("Please use a cold pack.") == 1


def test_a_form_that_somebody_goes_back_to_and_changes_is_refused_and_not_taken_for_sent(any_live: House) -> None:
    reply, same = question(any_live), form()
    answer_by_hand(any_live, reply, "Please use a cold pack.", form_id=same)
    with pytest.raises(ConflictError, match="was sent before, with other words"):
        answer_by_hand(any_live, reply, "And come in tomorrow.", form_id=same)


def test_of_two_who_answer_at_once_the_second_is_told(any_live: House, twilio: TwilioServer) -> None:
    reply = question(any_live)
    first = answer_by_hand(any_live, reply, "Yes.", by="user:anna")
    with pytest.raises(WrittenMeanwhileError, match="user:anna has answered meanwhile"):
        answer_by_hand(any_live, reply, "No.", by="user:ben")
    answer_by_hand(any_live, reply, "As Anna said.", by="user:ben", seen=first.message.id)
    any_live.dispatch(SOON)
    assert texts_to(twilio)[-2:] == ["Yes.", "As Anna said."]


@pytest.mark.parametrize("dies", ["claimed", "begun"])
def test_an_engine_that_is_killed_with_it_in_hand_loses_nothing_and_sends_nothing_twice(
    any_live: House, twilio: TwilioServer, dies: str
) -> None:
    written = answer_by_hand(any_live, question(any_live))
    any_live.clock.move_to(SOON)
    ids = any_live.claim("dead")
    assert ids == [written.message.id]
    if dies == "begun":
        assert len(any_live.prepare("dead", ids).letters) == 1
    with open_store(any_live.settings) as other:
        survivor = any_live.on(other)
        for minutes in (1, 3, 6, 9, 15, 30, 60):
            survivor.dispatch(after(SOON, minutes=minutes))
    assert now(any_live, written).status is Status.ACCEPTED
    assert texts_to(twilio).count("Please use a cold pack.") == 1


def test_an_answer_that_twilio_took_without_saying_so_is_found_and_not_sent_again(
    any_live: House, twilio: TwilioServer
) -> None:
    written = answer_by_hand(any_live, question(any_live))
    twilio.script.append(CLOSE_AFTER_TAKING)
    for minutes in (0, 2, 5, 60):
        any_live.dispatch(after(SOON, minutes=minutes))
    assert now(any_live, written).status is Status.ACCEPTED
    assert texts_to(twilio).count("Please use a cold pack.") == 1


def test_a_stopped_number_is_refused_in_words_and_one_that_stops_later_gets_nothing(
    any_live: House, twilio: TwilioServer
) -> None:
    reply = question(any_live)
    written = answer_by_hand(any_live, reply)
    with any_live.store.write() as tx:
        stop_address(tx, "north", SMS, PHONE, source=Source.STAFF, by="Ada", now=any_live.clock.now())
    assert stopped(any_live)
    with pytest.raises(ConflictError, match="stopped messages to this phone number"):
        answer_by_hand(any_live, reply, seen=written.message.id)
    before = len(texts_to(twilio))
    any_live.dispatch(SOON)
    assert len(texts_to(twilio)) == before
    assert now(any_live, written).status is Status.SUPPRESSED
    any_live.dispatch(after(SOON, minutes=1))
    assert "not_sent" in alerted(any_live)


def test_a_stop_between_deciding_and_handing_over_keeps_it_back(any_live: House) -> None:
    written = answer_by_hand(any_live, question(any_live))
    any_live.clock.move_to(SOON)
    prepared = any_live.decide("engine", any_live.claim("engine"))
    with any_live.store.write() as tx:
        stop_address(tx, "north", SMS, PHONE, source=Source.STAFF, by="Ada", now=any_live.clock.now())
    assert any_live.dispatcher("engine").sender().begin(prepared.letters) == []
    any_live.dispatch(after(SOON, minutes=2))
    assert now(any_live, written).status is Status.SUPPRESSED


def test_a_text_that_fails_is_told_of_once_with_who_wrote_it(any_live: House, twilio: TwilioServer) -> None:
    reply = question(any_live)
    with any_live.store.write() as tx:
        for alert in open_alerts(tx):
            close_alert(tx, alert.id, by="Ada", now=any_live.clock.now())
    written = answer_by_hand(any_live, reply)
    twilio.script.append(refuse(400, 21211))
    any_live.dispatch(SOON)
    for minutes in (1, 2, 3):
        any_live.dispatch(after(SOON, minutes=minutes))
    with any_live.store.read() as tx:
        (alert,) = open_alerts(tx)
    assert (alert.kind.value, alert.reply_id, alert.clinic) == ("not_sent", reply, "north")
    assert dict(alert.reasons[0].params) == {
        "message": str(written.message.id),
        "by": "user:anna",
        "status": "failed",
    }


def test_what_could_not_go_out_in_a_day_expires_and_is_told_of(house: House) -> None:
    written = answer_by_hand(house, question(house))
    stop(house, Scope("north"))
    house.dispatch(SOON)
    assert (now(house, written).status, now(house, written).brake) == (Status.SCHEDULED, "pause")
    house.dispatch(after(REPLIED, seconds=HELPS_FOR.total_seconds() + 60))
    assert now(house, written).status is Status.EXPIRED
    house.dispatch(after(REPLIED, hours=25))
    assert "not_sent" in alerted(house)


def test_from_a_messaging_service_it_comes_from_the_number_that_was_written_to(
    live: House, twilio: TwilioServer
) -> None:
    reply = question(live)
    clinics = dict(live.configuration.clinics)
    service = SmsSender(messaging_service="MG0123456789abcdef0123456789abcdef")
    clinics["north"] = replace(clinics["north"], sms=service)
    live.configuration = replace(live.configuration, clinics=clinics)
    answer_by_hand(live, reply)
    live.dispatch(SOON)
    assert twilio.taken[-1].params["From"] == NORTH
    assert "MessagingServiceSid" not in twilio.taken[-1].params


def test_an_email_stands_in_the_thread_of_the_question_and_of_what_staff_wrote_before(
    live: House, smtp: SmtpServer
) -> None:
    appointment = asked(live, phone="")
    with live.store.write() as tx:
        patient = get_patient(tx, live.patient(appointment).id)
    asked_by = message_from_bytes(smtp.delivered_to(MAIL)[-1].content)
    reply = answer_on_page(live, appointment, "May I swim?")
    first = answer_by_hand(
        live, reply, "Not today.\n\nIn *two* days <b>you</b> may.", channel=EMAIL, subject="Re: check"
    )
    live.dispatch(SOON)
    second = answer_by_hand(live, reply, "And no sauna.", channel=EMAIL, seen=first.message.id)
    live.dispatch(after(SOON, minutes=1))
    one, two = mails_by_hand(smtp)
    assert one["In-Reply-To"] == asked_by["Message-ID"]
    assert two["In-Reply-To"] == one["Message-ID"]
    assert two["References"].split() == [asked_by["Message-ID"], one["Message-ID"]]
    assert (one["Subject"], one["From"]) == ("Re: check", "North <care@north.example>")
    assert patient.name.split()[-1] in str(one["To"]) or "=?utf-8?" in str(one["To"])
    plain, html = (part.get_payload(decode=True).decode() for part in one.get_payload())  # type: ignore[union-attr]  # it has two parts
    assert "In *two* days <b>you</b> may." in plain
    assert "&lt;b&gt;you&lt;/b&gt;" in html
    assert "<b>you" not in html
    assert now(live, second).status is Status.ACCEPTED


def answer_on_page(house: House, appointment: int, text: str) -> int:
    with house.store.read() as tx:
        check = next(it.id for it in messages_of(tx, appointment) if it.ask and it.status is Status.ACCEPTED)
    with house.store.write() as tx:
        take_page_answer(
            tx,
            house.configuration,
            words(),
            patient_id=house.patient(appointment).id,
            message_id=check,
            text=text,
            form_id="page-form",
            received_at=house.clock.now(),
            by="test",
        )
    with house.store.read() as tx:
        return latest_replies(tx)[0].id


def test_who_refused_texts_gets_none_that_no_reply_comes_before(house: House) -> None:
    appointment = house.register(treatment="laser", consent_sms="no")
    with pytest.raises(ConflictError, match="did not agree to care messages by SMS"):
        write_by_hand(house, house.patient(appointment).id, "How are you?")


def test_a_text_without_a_reply_says_who_writes_and_how_to_stop_and_goes_to_the_number_of_now(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register(treatment="laser", external_id="7")
    patient = any_live.patient(appointment)
    any_live.clock.move_to(AT_NIGHT)
    written = write_by_hand(any_live, patient.id, "We found your scarf.")
    any_live.enter(any_live.registration(treatment="laser", external_id="7", phone="+14165550177"))
    any_live.dispatch(MORNING)
    sent = next(it for it in twilio.taken if "scarf" in it.body)
    assert sent.to == any_live.patient(appointment).phone
    assert sent.body == "North: We found your scarf.\nReply STOP to end."
    assert now(any_live, written).status is Status.ACCEPTED


def test_consent_that_is_taken_back_before_it_goes_out_counts(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    any_live.clock.move_to(AT_NIGHT)
    written = write_by_hand(any_live, any_live.patient(appointment).id, "We found your scarf.")
    with any_live.store.write() as tx:
        stop_patient(
            tx,
            any_live.patient(appointment).id,
            source=Source.STAFF,
            wording="no more",
            by="Ada",
            now=any_live.clock.now(),
        )
    any_live.dispatch(MORNING)
    assert now(any_live, written).status is Status.SUPPRESSED
    assert not any("scarf" in it.body for it in twilio.taken)


def test_a_number_that_takes_no_text_is_refused_in_words(house: House) -> None:
    asked(house)
    reply = Text("May I swim?", sender="SHORTNAME").send(house)
    with pytest.raises(ConflictError, match="No text can go to"):
        answer_by_hand(house, reply.id)
