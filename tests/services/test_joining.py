"""Who writes three times needs one person: further replies join the open alert, and who took it hears of them."""

from datetime import timedelta

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.services.alerts import close_alert, take_alert
from scheduler.services.replies import deal_with
from scheduler.store.alerts import Alert, alerts_of_reply, all_alerts, open_alerts
from scheduler.store.replies import get_reply
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, House, after
from tests.services.on_call import BOB, Phones, history, now, rung, with_on_call
from tests.services.replying import answer
from tests.services.test_unreached import DOCTOR

HEARD = after(CHECK, minutes=30)
LATER = after(HEARD, minutes=2)
OTHER = "+14165550177"


@pytest.fixture
def desk(any_live: House) -> House:
    """Zoë was asked; a doctor and Bob are on call."""
    any_live.configuration = with_on_call(DOCTOR, BOB)
    any_live.register()
    any_live.dispatch(CHECK)
    return any_live


@pytest.fixture
def phones(twilio: TwilioServer, smtp: SmtpServer) -> Phones:
    return Phones(twilio, smtp)


def only(house: House) -> Alert:
    with house.store.read() as tx:
        (alert,) = open_alerts(tx)
    return alert


def staff(phones: Phones) -> list[str]:
    """Whoever of the contacts was told."""
    return [to for to in phones.rung if to in (DOCTOR.sms, BOB.sms)]


def test_three_replies_of_one_patient_are_one_alert(desk: House, phones: Phones) -> None:
    ids = [
        answer(desk, text, after(HEARD, minutes=it)).reply_id
        for it, text in enumerate(["3", "there is pus", "and fever now"])
    ]
    alert = only(desk)
    assert (alert.kind, alert.reply_id) == (AlertKind.URGENT, ids[0])
    assert [it.cause.value for it in history(desk, alert)] == ["raised", "rung", "joined", "joined"]
    desk.dispatch(after(HEARD, minutes=3))
    assert staff(phones) == ["+14165550133"]
    with desk.store.read() as tx:
        assert {it.id for reply in ids for it in alerts_of_reply(tx, reply)} == {alert.id}
    with desk.store.write() as tx:
        close_alert(tx, alert.id, by="Doctor", now=after(HEARD, minutes=4))
    with desk.store.read() as tx:
        assert {get_reply(tx, it).handled_by for it in ids} == {"Doctor"}


def test_what_sounds_bad_makes_an_open_alert_urgent_and_rings_anew_though_it_was_taken(
    desk: House, phones: Phones
) -> None:
    answer(desk, "Can I swim?", HEARD)
    question = only(desk)
    assert question.kind is AlertKind.REPLY
    desk.dispatch(HEARD)
    phones.forget()
    with desk.store.write() as tx:
        take_alert(tx, question.id, by="Bob", now=after(HEARD, minutes=1))
    answer(desk, "I have a fever and pus", LATER)
    alert = only(desk)
    assert (alert.id, alert.kind, alert.taken_at) == (question.id, AlertKind.URGENT, None)
    assert alert.ring_at == LATER + timedelta(minutes=10)
    desk.dispatch(LATER)
    assert staff(phones) == ["+14165550112"]
    assert "URGENT" in dict(phones.texts)["+14165550112"].upper()


def test_who_took_it_is_told_that_more_was_written(desk: House, phones: Phones) -> None:
    answer(desk, "3", HEARD)
    desk.dispatch(HEARD)
    alert = only(desk)
    with desk.store.write() as tx:
        take_alert(tx, alert.id, by="Doctor", now=after(HEARD, minutes=1))
    phones.forget()
    answer(desk, "there is pus", LATER)
    desk.dispatch(LATER)
    assert staff(phones) == ["+14165550133"]
    assert now(desk, alert).taken_by == "Doctor"
    desk.dispatch(after(LATER, minutes=30))
    assert staff(phones) == ["+14165550133"]
    assert len(rung(desk, alert)) == 2


def test_what_was_taken_long_ago_rings_anew(desk: House, phones: Phones) -> None:
    answer(desk, "3", HEARD)
    desk.dispatch(HEARD)
    alert = only(desk)
    with desk.store.write() as tx:
        take_alert(tx, alert.id, by="Doctor", now=after(HEARD, minutes=1))
    phones.forget()
    at = after(HEARD, minutes=62)
    answer(desk, "there is pus", at)
    desk.dispatch(at)
    assert now(desk, alert).taken_by is None
    assert staff(phones) == ["+14165550112"]


def test_what_was_closed_is_joined_by_nothing(desk: House) -> None:
    answer(desk, "3", HEARD)
    with desk.store.write() as tx:
        close_alert(tx, only(desk).id, by="Doctor", now=after(HEARD, minutes=1))
    answer(desk, "there is pus", LATER)
    with desk.store.read() as tx:
        assert len(all_alerts(tx)) == 2


def test_another_patients_reply_is_an_alert_of_its_own(desk: House) -> None:
    desk.register(name="Adam Roy", phone=OTHER, email="adam@patients.example")
    answer(desk, "3", HEARD)
    answer(desk, "fever and pus", LATER, sender=OTHER)
    with desk.store.read() as tx:
        assert len(open_alerts(tx)) == 2


def test_replies_of_a_number_that_nobody_has_join_each_other(desk: House) -> None:
    answer(desk, "I have a fever and pus", HEARD, sender=OTHER)
    answer(desk, "my lips are swelling", LATER, sender=OTHER)
    assert only(desk).kind is AlertKind.URGENT


def test_dealing_with_one_reply_leaves_the_alert_open_for_the_other(desk: House) -> None:
    first, second = (answer(desk, text, HEARD).reply_id for text in ("3", "there is pus"))
    alert = only(desk)
    with desk.store.write() as tx:
        deal_with(tx, first, by="Desk", now=LATER)
    assert now(desk, alert).closed_at is None
    with desk.store.write() as tx:
        deal_with(tx, second, by="Desk", now=LATER)
    assert now(desk, alert).closed_at == LATER
