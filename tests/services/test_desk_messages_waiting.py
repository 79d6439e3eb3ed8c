"""What staff wrote and what waits: for the morning, for a look at what the patient wrote since, and for no pause."""

import pytest

from scheduler.domain.brakes import Scope
from scheduler.domain.states import Status
from scheduler.services.desk_lost import tell_of_lost
from scheduler.services.desk_messages import WrittenMeanwhileError, seen_by
from scheduler.services.last_look import LastLook
from scheduler.store.alerts import open_alerts
from scheduler.store.replies import get_reply
from tests.servers.twilio import TwilioServer
from tests.services.house import House, after
from tests.services.test_desk_messages import MORNING, SOON, now, question
from tests.services.test_pausing import go_on, scope_of, stop
from tests.services.test_replies import AT_NIGHT, REPLIED, asked, texts_to
from tests.services.texting import Text
from tests.services.writing import answer_by_hand, write_by_hand


def test_in_quiet_hours_the_person_who_writes_chooses_whether_it_waits(any_live: House, twilio: TwilioServer) -> None:
    asked(any_live)
    any_live.clock.move_to(AT_NIGHT)
    reply = Text("May I swim?").send(any_live).id
    waits = answer_by_hand(any_live, reply, "In the morning.")
    assert waits.message.due_at == MORNING
    answer_by_hand(any_live, reply, "Now.", at_once=True, seen=waits.message.id)
    any_live.dispatch(AT_NIGHT)
    assert "Now." in texts_to(twilio)
    assert "In the morning." not in texts_to(twilio)
    any_live.dispatch(MORNING)
    assert texts_to(twilio)[-1] == "In the morning."


@pytest.mark.parametrize(
    "texts", [("Actually it is bleeding a lot",), ("Actually it is bleeding a lot", "May I swim?")]
)
def test_an_answer_that_waits_does_not_go_to_a_patient_who_writes_of_a_trouble(
    any_live: House, twilio: TwilioServer, texts: tuple[str, ...]
) -> None:
    asked(any_live)
    any_live.clock.move_to(AT_NIGHT)
    reply = Text("May I swim?").send(any_live).id
    waits = answer_by_hand(any_live, reply, "All fine, see you.")
    for number, text in enumerate(texts, start=1):
        any_live.clock.move_to(after(AT_NIGHT, minutes=number))
        Text(text).send(any_live)
    any_live.dispatch(MORNING)
    assert "All fine, see you." not in texts_to(twilio)
    kept = now(any_live, waits)
    assert (kept.status, kept.reasons[-1].code) == (Status.SUPPRESSED, "wrote_since")
    with any_live.store.write() as tx:
        tell_of_lost(tx, now=MORNING)
        assert f"message/{kept.id}" in [it.subject for it in open_alerts(tx)]


def test_an_answer_that_waits_goes_out_when_what_came_after_is_no_trouble(
    any_live: House, twilio: TwilioServer
) -> None:
    asked(any_live)
    any_live.clock.move_to(AT_NIGHT)
    reply = Text("May I swim?").send(any_live).id
    answer_by_hand(any_live, reply, "All fine, see you.")
    any_live.clock.move_to(after(AT_NIGHT, minutes=1))
    Text("Thank you!").send(any_live)
    any_live.dispatch(MORNING)
    assert texts_to(twilio).count("All fine, see you.") == 1


def test_a_trouble_that_is_told_between_the_decision_and_the_sending_keeps_an_answer_back(any_live: House) -> None:
    asked(any_live)
    any_live.clock.move_to(REPLIED)
    written = answer_by_hand(any_live, Text("May I swim?").send(any_live).id)
    any_live.clock.move_to(SOON)
    letters = any_live.prepare("here", any_live.claim("here")).letters
    assert written.message.id in [it.due.message.id for it in letters]
    Text("Actually it is bleeding a lot").send(any_live)
    with any_live.store.write() as tx:
        left = LastLook(any_live.configuration).may_begin(tx, letters, now=SOON)
    assert written.message.id not in [it.due.message.id for it in left]


def test_a_form_stops_once_for_what_the_patient_wrote_since_in_any_thread(any_live: House) -> None:
    reply = question(any_live)
    with any_live.store.read() as tx:
        patient = get_reply(tx, reply).patient_id
        staff, heard = seen_by(tx, "north", patient=patient, reply=reply)
    newer = Text("Actually it is bleeding a lot").send(any_live).id
    with pytest.raises(WrittenMeanwhileError, match="the patient has written meanwhile") as stopped:
        answer_by_hand(any_live, reply, "All fine.", seen=staff, heard=heard)
    assert [it.id for it in stopped.value.replies] == [newer]
    other = answer_by_hand(any_live, newer, "Call us now.", by="user:ben")
    with pytest.raises(WrittenMeanwhileError, match="user:ben has answered meanwhile and the patient has written"):
        answer_by_hand(any_live, reply, "All fine.", seen=staff, heard=heard)
    answer_by_hand(any_live, reply, "Not today.", seen=other.message.id, heard=newer)


def test_what_is_late_into_the_next_night_waits_for_the_morning_too(house: House) -> None:
    written = answer_by_hand(house, question(house))
    stop(house, Scope("north"))
    house.dispatch(SOON)
    go_on(house, Scope("north"))
    house.dispatch(AT_NIGHT)
    waiting = now(house, written)
    assert (waiting.status, waiting.try_at) == (Status.SCHEDULED, MORNING)


def test_a_pause_of_the_patient_keeps_the_machine_still_and_not_people(house: House) -> None:
    appointment = asked(house)
    reply = Text("May I swim?").send(house).id
    stop(house, scope_of(house, appointment))
    written = answer_by_hand(house, reply)
    house.dispatch(SOON)
    assert now(house, written).status is Status.ACCEPTED
    other = write_by_hand(house, house.patient(appointment).id, "How are you?")
    house.dispatch(after(SOON, minutes=1))
    assert now(house, other).brake == "pause"
    go_on(house, scope_of(house, appointment))
    house.dispatch(after(SOON, minutes=2))
    assert now(house, other).status is Status.ACCEPTED
