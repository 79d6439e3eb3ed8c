"""What follows from a patient's reply: it is kept, answered, told of, planned after, and counts as consent."""

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.services.asking import OPEN_FOR
from scheduler.services.replies import deal_with
from scheduler.store.consents import is_stopped, stop_in_force
from scheduler.store.messages import messages_of
from scheduler.store.provider_events import add_provider_event
from scheduler.store.tables import provider_events
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, PHONE, SMS, House, after, configuration
from tests.services.texting import NORTH, Text, alerted, alerts, answered, answers, replies

REPLIED = after(CHECK, minutes=20)
AT_NIGHT = after(CHECK, hours=13)
STRANGER = "+14165550188"


def asked(house: House, **more: str) -> int:
    """Ask Zoë how her skin is, and let twenty minutes pass; return the appointment."""
    appointment = house.register(treatment="needling", **more)
    house.dispatch(CHECK)
    house.clock.move_to(REPLIED)
    assert question(house, appointment)
    return appointment


def question(house: House, appointment: int) -> int:
    """Return the check that was handed over."""
    with house.store.read() as tx:
        return next(it.id for it in messages_of(tx, appointment) if it.ask and it.status is Status.ACCEPTED)


def texts_to(twilio: TwilioServer, number: str = PHONE) -> list[str]:
    return [it.body for it in twilio.taken if it.to == number]


def stopped(house: House, clinic: str = "north", number: str = PHONE) -> bool:
    with house.store.read() as tx:
        return is_stopped(tx, clinic, Channel.SMS, number)


def test_a_reply_that_sounds_bad_is_answered_with_whom_to_call_and_reaches_who_is_on_call(
    any_live: House, twilio: TwilioServer
) -> None:
    any_live.configuration = configuration()
    appointment = asked(any_live)
    reply = Text("3, I have a fever and pus").send(any_live)
    assert (reply.triage, reply.patient_id) == (Triage.URGENT, any_live.patient(appointment).id)
    assert reply.question == question(any_live, appointment)
    assert reply.body == "3, I have a fever and pus"
    assert (answered(any_live), alerted(any_live)) == (["answer_urgent"], ["urgent"])
    any_live.dispatch(REPLIED)
    assert "911" in texts_to(twilio)[-1]
    assert "Zoë" not in texts_to(twilio)[-1]
    (rung,) = texts_to(twilio, "+14165550111")
    assert "Zoë" not in rung
    assert PHONE not in rung


def test_at_night_too_who_wrote_is_answered_and_who_is_on_call_is_told_at_once(
    live: House, twilio: TwilioServer
) -> None:
    live.configuration = configuration()
    asked(live)
    live.clock.move_to(AT_NIGHT)
    Text("I have a fever and pus").send(live)
    live.dispatch(AT_NIGHT)
    assert len(texts_to(twilio)) == 2
    assert len(texts_to(twilio, "+14165550111")) == 1


def test_a_concern_is_answered_and_asked_about_again_two_days_later(any_live: House) -> None:
    appointment = asked(any_live)
    assert Text("2").send(any_live).triage is Triage.CONCERN
    assert (answered(any_live), alerted(any_live)) == (["answer_concern"], [])
    recheck = any_live.message(appointment, "recheck")
    assert (recheck.status, recheck.due_at) == (Status.SCHEDULED, after(CHECK, days=2))


def test_a_concern_that_nobody_asks_about_again_reaches_a_person(live: House) -> None:
    appointment = live.register(treatment="peel")
    for at in (after(CHECK, days=-2), after(CHECK, days=-1), CHECK):
        live.dispatch(at)
    assert live.message(appointment, "check").status is Status.ACCEPTED
    Text("2").send(live)
    assert (answered(live), alerted(live)) == (["answer_concern"], ["reply"])


def test_well_is_thanked_for_and_nobody_is_told(live: House) -> None:
    asked(live)
    assert Text("1").send(live).triage is Triage.FINE
    assert (answered(live), alerted(live)) == (["answer_fine"], [])


@pytest.mark.parametrize(
    ("body", "template"),
    [
        ("What time do you open on Monday?", "answer_question"),
        ("wooden zebra lamp", "answer_unknown"),
        ("", "answer_unknown"),
    ],
)
def test_what_a_person_has_to_read_is_answered_so_and_told_of(live: House, body: str, template: str) -> None:
    asked(live)
    Text(body).send(live)
    assert (answered(live), alerted(live)) == ([template], ["reply"])


def test_the_answer_is_in_the_patients_language(live: House, twilio: TwilioServer) -> None:
    asked(live, language="fr")
    Text("1").send(live)
    live.dispatch(REPLIED)
    assert "merci" in texts_to(twilio)[-1].lower()


def test_a_keyword_stops_and_is_left_to_twilio_to_answer(any_live: House) -> None:
    asked(any_live)
    assert Text("STOP").send(any_live).stops
    assert (answered(any_live), alerted(any_live), stopped(any_live)) == ([], [], True)


def test_a_service_with_words_of_its_own_says_which_of_them_it_answered(live: House) -> None:
    asked(live)
    Text("ARRET", more={"OptOutType": "STOP"}).send(live)
    assert (answered(live), stopped(live)) == ([], True)


def test_free_words_stop_too_after_one_confirmation(any_live: House, twilio: TwilioServer) -> None:
    appointment = asked(any_live)
    Text("please stop texting me").send(any_live)
    assert (answered(any_live), alerted(any_live), stopped(any_live)) == (["answer_stopped"], [], True)
    assert answers(any_live)[0].origin.endswith("/stopped")
    any_live.dispatch(REPLIED)
    assert len(texts_to(twilio)) == 2
    any_live.dispatch(after(CHECK, days=5))
    assert any_live.message(appointment, "week").status is Status.SUPPRESSED
    assert len(texts_to(twilio)) == 2


def test_who_has_stopped_is_not_told_so_again(any_live: House) -> None:
    asked(any_live)
    for n, body in enumerate(("please stop texting me", "I said stop sending me messages", "take me off your list")):
        any_live.clock.move_to(after(REPLIED, minutes=n))
        assert Text(body).send(any_live).stops
    assert (answered(any_live), stopped(any_live)) == (["answer_stopped"], True)


def test_who_stops_and_tells_of_something_bad_is_told_whom_to_call_and_stopped(
    live: House, twilio: TwilioServer
) -> None:
    asked(live)
    reply = Text("Please stop texting me. I have a fever and pus").send(live)
    assert (reply.triage, reply.stops, stopped(live)) == (Triage.URGENT, True, True)
    assert (answered(live), alerted(live)) == (["answer_urgent"], ["urgent"])
    live.dispatch(REPLIED)
    assert "911" in texts_to(twilio)[-1]


def test_a_stop_at_one_clinic_leaves_the_others(live: House) -> None:
    asked(live)
    Text("STOP").send(live)
    assert not stopped(live, "south")


def test_start_lifts_the_stop_and_is_left_to_twilio_to_answer(any_live: House) -> None:
    asked(any_live)
    Text("STOP").send(any_live)
    Text("START").send(any_live)
    assert (answered(any_live), alerted(any_live), stopped(any_live)) == ([], [], False)


def test_yes_opts_in_only_where_something_was_stopped(live: House) -> None:
    asked(live)
    Text("YES").send(live)
    assert len(answered(live)) == 1
    Text("STOP").send(live)
    Text("Yes").send(live)
    assert (len(answered(live)), stopped(live)) == (1, False)


def test_a_wrong_number_gets_one_answer_and_nothing_more_until_staff_correct_it(any_live: House) -> None:
    asked(any_live)
    assert Text("You have the wrong number").send(any_live).triage is Triage.WRONG_NUMBER
    assert (answered(any_live), alerted(any_live)) == (["answer_wrong_number"], ["wrong_number"])
    with any_live.store.read() as tx:
        stop = stop_in_force(tx, "north", Channel.SMS, PHONE)
    assert stop
    assert stop.source == "wrong_number"
    any_live.clock.move_to(after(REPLIED, days=2))
    Text("I said: you have the wrong number").send(any_live)
    assert answered(any_live) == ["answer_wrong_number"]


def test_who_has_a_wrong_number_can_not_start_the_texts_and_a_person_is_told_of_the_wish(live: House) -> None:
    asked(live)
    Text("You have the wrong number").send(live)
    Text("START").send(live)
    assert (stopped(live), alerted(live)) == (True, ["wrong_number", "reply"])


def test_help_is_left_to_twilio_where_it_answers_and_else_to_a_person(live: House) -> None:
    live.register()
    Text("HELP").send(live)
    assert (answered(live), alerted(live)) == ([], [])
    Text("AIDE").send(live)
    assert (answered(live), alerted(live)) == (["answer_help"], ["reply"])


def test_help_of_who_was_asked_how_it_is_reaches_a_person_though_twilio_answers_it(any_live: House) -> None:
    asked(any_live)
    Text("HELP").send(any_live)
    assert (answered(any_live), alerted(any_live)) == ([], ["reply"])
    Text("HELP").send(any_live)
    assert alerted(any_live) == ["reply"]


def test_help_is_answered_after_a_stop_too(any_live: House, twilio: TwilioServer) -> None:
    asked(any_live, language="fr")
    Text("please stop texting me").send(any_live)
    any_live.dispatch(REPLIED)
    Text("AIDE").send(any_live)
    any_live.dispatch(after(REPLIED, minutes=1))
    assert [(it.step, it.status) for it in answers(any_live)] == [
        ("answer_stopped", Status.ACCEPTED),
        ("answer_help", Status.ACCEPTED),
    ]
    assert len(texts_to(twilio)) == 3


@pytest.mark.parametrize(
    "body",
    ["2, can someone call me please?", "2 please call me", "2, appelez-moi svp", "a bit red. could you call me"],
)
def test_a_concern_that_also_wishes_a_call_is_told_of_and_asked_about_again(any_live: House, body: str) -> None:
    appointment = asked(any_live)
    assert Text(body).send(any_live).triage is Triage.CONCERN
    (alert,) = alerts(any_live)
    assert [it.code for it in alert.reasons] == ["reply_concern", "reply_asks"]
    assert answered(any_live) == ["answer_concern"]
    assert any_live.message(appointment, "recheck").status is Status.SCHEDULED


def test_well_with_a_question_is_a_question(live: House) -> None:
    asked(live)
    assert Text("1 but can you call me").send(live).triage is Triage.QUESTION
    assert alerted(live) == ["reply"]


def test_a_shared_number_is_never_guessed_and_the_alert_names_who_it_may_be(any_live: House) -> None:
    zoe, max_ = asked(any_live), any_live.register(treatment="needling", name="Max Lachance")
    reply = Text("2").send(any_live)
    assert (reply.patient_id, reply.question) == (None, None)
    (alert,) = alerts(any_live)
    ids = f"{any_live.patient(zoe).id}, {any_live.patient(max_).id}"
    assert ids in sentence(alert.reasons, any_live.configuration.clinic("north").timezone)
    assert answered(any_live) == ["answer_concern"]
    assert all(("recheck", SMS) not in any_live.messages(it) for it in (zoe, max_))


def test_a_stop_on_a_shared_number_counts_for_all_who_have_it(live: House) -> None:
    first, second = asked(live), live.register(treatment="needling", name="Max Lachance")
    Text("please stop texting me").send(live)
    for appointment in (first, second):
        assert live.ledger(appointment)["sms", "care"][-1] == "revoked"


def test_a_text_of_a_stranger_is_kept_and_told_of_but_not_answered(any_live: House) -> None:
    asked(any_live)
    reply = Text("What time do you open?", sender=STRANGER).send(any_live)
    assert (reply.clinic, reply.patient_id, reply.sender) == ("north", None, STRANGER)
    assert (answered(any_live), alerted(any_live)) == ([], ["reply"])


def test_a_stranger_who_tells_of_something_bad_is_told_whom_to_call(live: House) -> None:
    Text("I have a fever and pus", sender=STRANGER).send(live)
    assert (answered(live), alerted(live)) == (["answer_urgent"], ["urgent"])


def test_the_stop_of_a_stranger_is_on_record_and_nobody_is_told(live: House) -> None:
    Text("STOP", sender=STRANGER).send(live)
    assert (stopped(live, number=STRANGER), alerted(live)) == (True, [])


def test_a_text_to_a_number_that_is_nobodys_goes_to_the_clinic_that_last_wrote(any_live: House) -> None:
    asked(any_live)
    assert Text("1", to="+14165550177").send(any_live).clinic == "north"
    reply = Text("fever and pus", sender=STRANGER, to="+14165550177").send(any_live)
    assert reply.clinic is None
    assert [(it.kind.value, it.clinic) for it in alerts(any_live)] == [("urgent", None)]


def test_a_picture_is_counted_and_never_passes_as_well_without_a_person(live: House) -> None:
    asked(live)
    reply = Text("1", more={"NumMedia": "2", "MediaUrl0": "https://api.twilio.com/picture"}).send(live)
    assert (reply.triage, reply.media) == (Triage.FINE, 2)
    assert (answered(live), alerted(live)) == (["answer_unknown"], ["reply"])


def test_a_question_stays_open_for_a_week(live: House) -> None:
    asked(live)
    live.clock.move_to(after(CHECK, seconds=OPEN_FOR.total_seconds() + 60))
    reply = Text("2").send(live)
    assert (reply.question, alerted(live)) == (None, ["reply"])


def test_a_text_that_comes_twice_is_one_reply_with_one_answer(any_live: House) -> None:
    asked(any_live)
    text = Text("1")
    for _ in range(3):
        text.send(any_live)
    any_live.dispatch(after(REPLIED, minutes=1))
    text.send(any_live)
    assert (len(replies(any_live)), len(answers(any_live))) == (1, 1)


def test_a_text_whose_call_was_thrown_away_meanwhile_is_still_one_reply(live: House) -> None:
    asked(live)
    text = Text("1")
    text.send(live)
    with live.store.write() as tx:
        tx.connection.execute(sa.delete(provider_events))
    text.send(live)
    assert (len(replies(live)), len(answers(live))) == (1, 1)


def test_what_was_stored_and_not_worked_on_is_done_by_the_next_pass(any_live: House) -> None:
    asked(any_live)
    Text("1").store(any_live)
    any_live.dispatch(after(REPLIED, minutes=1))
    assert [it.status for it in answers(any_live)] == [Status.ACCEPTED]


def test_a_call_that_can_not_be_opened_stops_no_other_and_a_person_is_told(live: House) -> None:
    asked(live)
    with live.store.write() as tx:
        broken = add_provider_event(
            tx, unique_id="broken", provider="twilio", kind="inbound", payload="", now=live.clock.now()
        )
        spoiled = sa.update(provider_events).where(provider_events.c.id == broken)
        tx.connection.execute(spoiled.values(payload_sealed=b"nothing"))
    Text("1").send(live)
    assert (alerted(live), answered(live)) == (["urgent"], ["answer_fine"])


def test_a_person_says_that_a_reply_is_dealt_with_and_its_alert_ends(live: House) -> None:
    asked(live)
    reply = Text("What time do you open?").send(live)
    with live.store.write() as tx:
        assert deal_with(tx, reply.id, by="Ada", now=live.clock.now())
        assert not deal_with(tx, reply.id, by="Bob", now=live.clock.now())
    assert replies(live)[0].handled_by == "Ada"
    assert alerts(live)[0].closed_at == live.clock.now()


def test_the_log_says_nothing_that_a_patient_wrote_or_is_called(live: House) -> None:
    asked(live)
    with capture_logs() as lines:
        Text("Zoë here, I have a fever and pus").send(live)
        Text("You have the wrong number").send(live)
    said = str(lines)
    for word in ("fever", "Zoë", PHONE, "wrong number"):
        assert word not in said
    assert NORTH not in said
