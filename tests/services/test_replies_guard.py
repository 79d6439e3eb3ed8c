"""No answer is answered for ever: few to one number, none to machines, none to our own numbers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from scheduler.domain.clinic import OnCall
from scheduler.domain.consequences import MOST_ALERTS, MOST_ANSWERS
from scheduler.domain.reasons import load_reasons
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.services.alerts import close_alert, take_alert
from scheduler.settings import Settings
from scheduler.store.database import open_store
from scheduler.store.joins import replies_joined
from scheduler.store.replies import reasons_of_replies
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, House, after, configuration
from tests.services.on_call import with_on_call
from tests.services.test_replies import REPLIED, asked
from tests.services.texting import NORTH, Text, alerted, alerts, answered, answers, replies

BESIDE = "+14165550177"
DESK = "+14165550111"
NORTH_SERVICE = "+14165550199"
"""A number of a messaging service of ours, which no clinic's file names."""


def silence(house: House) -> str:
    """Return why the latest reply is not answered."""
    latest = replies(house)[0]
    with house.store.read() as tx:
        return load_reasons(reasons_of_replies(tx, [latest.id])[latest.id])[0].code


def test_a_number_gets_three_answers_in_a_day_and_the_next_when_the_first_is_a_day_ago(any_live: House) -> None:
    asked(any_live)
    for n in range(MOST_ANSWERS + 2):
        any_live.clock.move_to(after(REPLIED, hours=n))
        Text(f"What time do you open on day {n}?").send(any_live)
    assert len(answers(any_live)) == MOST_ANSWERS
    assert silence(any_live) == "not_answered_often"
    any_live.clock.move_to(after(REPLIED, hours=24, minutes=1))
    Text("What time do you open on Sunday?").send(any_live)
    assert len(answers(any_live)) == MOST_ANSWERS + 1


def test_what_sounds_bad_reaches_a_person_however_much_was_answered(live: House) -> None:
    asked(live)
    for n in range(MOST_ANSWERS):
        Text(f"What time do you open on day {n}?").send(live)
    assert Text("I have a fever and pus").send(live).triage is Triage.URGENT
    assert (answered(live)[MOST_ANSWERS:], alerted(live)[-1]) == (["answer_urgent"], "urgent")
    Text("the fever is worse").send(live)
    assert (len(answers(live)), alerted(live)[-1]) == (MOST_ANSWERS + 1, "urgent")
    assert silence(live) == "not_answered_often"


def test_who_is_driving_and_tells_of_something_bad_is_told_whom_to_call(live: House) -> None:
    asked(live)
    Text("I am driving, I have fever and pus").send(live)
    assert (answered(live), alerted(live)) == (["answer_urgent"], ["urgent"])


def test_of_a_number_that_several_share_the_same_words_come_from_each(live: House) -> None:
    asked(live)
    live.register(treatment="needling", name="Mia Lachance")
    Text("2").send(live)
    Text("2").send(live)
    assert (answered(live), alerted(live)) == (["answer_concern"] * 2, ["reply"])
    assert len(replies(live)) == 2


def test_a_ring_that_comes_back_to_a_number_of_ours_rings_no_more(live: House, twilio: TwilioServer) -> None:
    live.configuration = with_on_call(OnCall("Desk", sms=NORTH))
    asked(live)
    Text("3, I have a fever and pus").send(live)
    live.dispatch(REPLIED)
    (ring,) = (it.body for it in twilio.taken if it.to == NORTH)
    assert Text(ring, sender=NORTH).send(live).triage is Triage.URGENT
    assert alerted(live) == ["urgent"]


def test_the_same_text_is_answered_once_a_day_however_it_is_spelled(live: House) -> None:
    asked(live)
    Text("What time do you open?").send(live)
    Text("what time do you  OPEN?").send(live)
    assert (answered(live), alerted(live)) == (["answer_question"], ["reply"])
    assert silence(live) == "not_answered_same"
    live.clock.move_to(after(REPLIED, hours=25))
    Text("What time do you open?").send(live)
    assert len(answers(live)) == 2


@pytest.mark.parametrize(
    "body",
    [
        "Automatic reply: I am away until Monday",
        "I'm driving right now.",
        "AUTO-REPLY out of office",
        "Réponse automatique : je suis absente",
        "Respuesta automática",
        "Message blocking is active.",
        "Message not delivered",
    ],
)
def test_what_a_machine_wrote_is_kept_and_neither_answered_nor_told_of(live: House, body: str) -> None:
    asked(live)
    Text(body).send(live)
    assert (answered(live), alerted(live), silence(live)) == ([], [], "not_answered_automatic")


def test_what_only_looks_like_a_machines_and_asks_something_reaches_a_person(live: House) -> None:
    asked(live)
    Text("I am driving over, where can I park?").send(live)
    assert (answered(live), alerted(live)) == (["answer_question"], ["reply"])


def test_our_own_text_that_comes_back_is_not_answered(live: House, twilio: TwilioServer) -> None:
    asked(live)
    Text(twilio.taken[-1].body).send(live)
    assert (answered(live), silence(live)) == ([], "not_answered_automatic")


def test_a_text_of_another_clinics_number_is_not_answered(live: House) -> None:
    Text("What time do you open?", sender="+34600000000").send(live)
    Text("STOP", sender="+34600000000").send(live)
    assert (answered(live), alerted(live)) == ([], [])


def test_whoever_is_on_call_is_not_told_of_what_they_wrote_themselves(live: House) -> None:
    live.configuration = configuration()
    asked(live)
    Text("What time do you open?").send(live)
    live.dispatch(REPLIED)
    Text("Seen, I call her. Fever?", sender="+14165550111").send(live)
    assert (answered(live), alerted(live)) == (["answer_question"], ["reply"])
    assert silence(live) == "not_answered_staff"


def rings(twilio: TwilioServer) -> int:
    return sum(it.to == DESK for it in twilio.taken)


def test_a_flood_of_nonsense_rings_few_times_and_what_sounds_bad_among_it_at_once(
    live: House, twilio: TwilioServer
) -> None:
    live.configuration = configuration()
    live.clock.move_to(CHECK)
    for n in range(MOST_ALERTS + 5):
        Text("zebra " * (n + 2), sender=BESIDE).send(live)
        live.dispatch(CHECK)
    assert (alerted(live), rings(twilio)) == (["reply"], 1)
    Text("I have a fever and pus", sender=BESIDE).send(live)
    live.dispatch(CHECK)
    assert (alerted(live), rings(twilio)) == (["urgent"], 2)
    assert len(replies(live)) == MOST_ALERTS + 6


def test_who_took_the_alert_of_a_flood_is_rung_no_more_than_ten_times(live: House, twilio: TwilioServer) -> None:
    live.configuration = with_on_call(OnCall("Desk", sms=DESK))
    live.clock.move_to(CHECK)
    for n in range(MOST_ALERTS + 5):
        live.clock.move_to(after(CHECK, minutes=n))
        reply = Text("zebra " * (n + 2), sender=BESIDE).send(live)
        live.dispatch(after(CHECK, minutes=n))
        assert n == 0 or joined(live, reply.id)
        with live.store.write() as tx:
            take_alert(tx, alerts(live)[0].id, by="Desk", now=live.clock.now())
    assert rings(twilio) == MOST_ALERTS


def test_whoever_asks_for_a_person_after_a_flood_is_told_of(live: House) -> None:
    asked(live)
    for n in range(MOST_ALERTS + 5):
        Text("zebra " * (n + 2)).send(live)
    reply = Text("Which cream may I use?").send(live)
    assert joined(live, reply.id)


def test_nonsense_is_told_of_again_once_a_person_is_through_with_the_last(live: House) -> None:
    for n in range(MOST_ALERTS):
        Text("zebra " * (n + 2), sender=BESIDE).send(live)
    with live.store.write() as tx:
        close_alert(tx, alerts(live)[0].id, by="Desk", now=live.clock.now())
    Text("my zebra is wooden", sender=BESIDE).send(live)
    assert alerted(live) == ["reply", "reply"]


def joined(house: House, reply_id: int) -> bool:
    """Whether a reply joined the first alert."""
    with house.store.read() as tx:
        return reply_id in replies_joined(tx, alerts(house)[0].id)


@pytest.mark.parametrize("sender", ["22345", "SHORT", "whatsapp:+14165550123", "", NORTH_SERVICE])
def test_where_no_text_can_go_none_goes_and_a_person_is_told_of_a_stranger(live: House, sender: str) -> None:
    asked(live)
    reply = Text("Which cream may I use?", sender=sender, to=NORTH_SERVICE).send(live)
    assert (reply.sender, reply.patient_id) == (sender, None)
    assert (answered(live), alerted(live), silence(live)) == ([], ["reply"], "not_answered_unreachable")
    Text("I have a fever and pus", sender=sender, to=NORTH_SERVICE).send(live)
    assert (answered(live), alerted(live)[-1]) == ([], "urgent")


def test_the_same_bad_news_again_reaches_a_person_who_sees_that_it_was_answered_before(live: House) -> None:
    asked(live)
    Text("3").send(live)
    live.clock.move_to(after(REPLIED, hours=3))
    again = Text("3").send(live)
    assert (answered(live), silence(live)) == (["answer_urgent"], "not_answered_same")
    assert joined(live, again.id)


def delivered(twilio: TwilioServer, sender: str, to: str) -> Callable[[], list[Text]]:
    """Return what gives the texts that went to `to` since it was asked last, as the other side gets them."""
    given = 0

    def fresh() -> list[Text]:
        nonlocal given
        found = [it.body for it in twilio.taken if it.to == to and it.params.get("From") == sender]
        news, given = found[given:], len(found)
        return [Text(body, sender=sender, to=to) for body in news]

    return fresh


@pytest.mark.parametrize("opening", ["What time do you open?", "wooden zebra lamp", "1", "I have a fever and pus"])
def test_two_installations_that_write_to_each_other_fall_silent(
    live: House, twilio: TwilioServer, sqlite_settings: Settings, opening: str
) -> None:
    """Each has the other's number as a patient's; neither knows that it is a machine's."""
    with open_store(replace(sqlite_settings, data_dir=sqlite_settings.data_dir / "other")) as store:
        sides = _Sides(live, live.on(store), twilio)
        sides.talk(opening)
        assert sides.rounds < 10
        for house in (sides.one, sides.other):
            assert len(answers(house)) <= MOST_ANSWERS
            assert {it.status for it in answers(house)} <= {Status.ACCEPTED}


class _Sides:
    """Two installations; what one sends the other gets, until nobody says anything more."""

    def __init__(self, one: House, other: House, twilio: TwilioServer) -> None:
        clinics = dict(other.configuration.clinics)
        sms = clinics["north"].sms
        assert sms
        clinics["north"] = replace(clinics["north"], sms=replace(sms, number=BESIDE))
        other.configuration = replace(other.configuration, clinics=clinics)
        self.one, self.other, self.rounds = one, other, 0
        self._to_other = delivered(twilio, NORTH, BESIDE)
        self._to_one = delivered(twilio, BESIDE, NORTH)

    def talk(self, opening: str) -> None:
        self.one.register(treatment="needling", phone=BESIDE)
        self.other.register(treatment="needling", phone=NORTH)
        self.one.clock.move_to(CHECK)
        self.other.clock = self.one.clock
        self._get(self.one, [Text(opening, sender=BESIDE, to=NORTH)])
        for minute in range(1, 50):
            now = after(CHECK, minutes=minute)
            self.one.dispatch(now)
            self.other.dispatch(now)
            said = [*self._to_other()], [*self._to_one()]
            if not any(said):
                return
            self.rounds = minute
            self._get(self.other, said[0])
            self._get(self.one, said[1])
        pytest.fail("they talk for ever")

    def _get(self, house: House, texts: list[Text]) -> None:
        for text in texts:
            text.send(house)


def test_a_patient_whose_number_is_also_somebodys_on_call_is_a_patient(live: House) -> None:
    live.configuration = configuration()
    asked(live, phone="+14165550111")
    assert Text("1", sender="+14165550111").send(live).patient_id
    assert answered(live) == ["answer_fine"]


def test_several_at_work_at_once_take_each_text_in_once_and_keep_the_limits(any_live: House) -> None:
    numbers = [f"+1416555{2000 + n}" for n in range(3)]
    for number in numbers:
        any_live.register(treatment="needling", name=f"Patient {number}", phone=number)
    any_live.dispatch(CHECK)
    for n in range(10):
        for number in numbers:
            Text(f"What time do you open on day {n}?", sender=number).store(any_live)
    with ThreadPoolExecutor(4) as pool:
        handled = [*pool.map(lambda n: any_live.replies(f"engine {n}").handle(), range(4))]
    assert sum(handled) == len(replies(any_live)) == 30
    assert len(answers(any_live)) == MOST_ANSWERS * len(numbers)
