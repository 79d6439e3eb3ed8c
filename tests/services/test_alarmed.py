"""While a reply that sounds bad is open, nothing that invites or offers goes to that patient; care does."""

from datetime import datetime

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.domain.states import Brake, Status
from scheduler.services.alerts import close_alert, raise_alert, take_alert
from scheduler.store.alerts import open_alerts
from tests.services.house import CHECK, EMAIL, OFFER, REBOOK, TIPS, House, after
from tests.services.replying import answer

FEVER = "I have a fever"
HEARD = after(CHECK, hours=1)


@pytest.fixture
def asked(any_house: House) -> House:
    """Zoë was asked on the second day."""
    any_house.register(consent_marketing="yes", consent_email="yes")
    any_house.dispatch(CHECK)
    return any_house


def close(house: House, at: datetime) -> None:
    house.clock.move_to(at)
    with house.store.write() as tx:
        for alert in open_alerts(tx):
            close_alert(tx, alert.id, by="Desk", now=at)


def test_an_invitation_waits_while_it_is_open_and_goes_out_when_it_is_closed(asked: House) -> None:
    answer(asked, FEVER, HEARD)
    asked.dispatch(TIPS)
    asked.dispatch(REBOOK)
    waiting = asked.message(1, "rebook", EMAIL)
    assert (waiting.status, waiting.brake) == (Status.SCHEDULED, Brake.ALARM)
    assert "it waits while a reply of the patient that sounds bad is open" in asked.why(1, "rebook", EMAIL)
    assert asked.message(1, "tips").status is Status.ACCEPTED  # care goes out
    close(asked, after(REBOOK, minutes=20))
    assert asked.message(1, "rebook", EMAIL).try_at == after(REBOOK, minutes=20)
    asked.dispatch(after(REBOOK, minutes=20))
    assert asked.message(1, "rebook", EMAIL).status is Status.ACCEPTED


def test_marketing_waits_too_and_taking_the_alert_does_not_end_that(asked: House) -> None:
    answer(asked, FEVER, HEARD)
    with asked.store.write() as tx:
        (alert,) = open_alerts(tx)
        take_alert(tx, alert.id, by="Desk", now=HEARD)
    asked.dispatch(OFFER)
    assert asked.message(1, "offer", EMAIL).brake is Brake.ALARM


def test_it_expires_where_nobody_closes_it_in_time(asked: House) -> None:
    answer(asked, FEVER, HEARD)
    asked.dispatch(REBOOK)
    until = asked.message(1, "rebook", EMAIL).useful_until
    asked.dispatch(until)
    assert asked.message(1, "rebook", EMAIL).status is Status.EXPIRED
    assert "sounds bad" in asked.why(1, "rebook", EMAIL)


def test_an_answer_that_only_needs_a_person_holds_nothing(asked: House) -> None:
    answer(asked, "Can I put on make-up?", HEARD)
    with asked.store.read() as tx:
        assert [it.kind for it in open_alerts(tx)] == [AlertKind.REPLY]
    asked.dispatch(REBOOK)
    assert asked.message(1, "rebook", EMAIL).status is Status.ACCEPTED


def test_another_patient_is_not_held(asked: House) -> None:
    other = asked.register(name="Adam Grant", phone="+14165550177", email="adam@patients.example")
    answer(asked, FEVER, HEARD)
    asked.dispatch(REBOOK)
    assert asked.message(other, "rebook", EMAIL).status is Status.ACCEPTED
    assert asked.message(1, "rebook", EMAIL).brake is Brake.ALARM


def test_of_a_shared_number_all_who_may_have_written_are_held(asked: House) -> None:
    other = asked.register(name="Adam Lachance", email="adam@patients.example")
    answer(asked, FEVER, HEARD)
    asked.dispatch(REBOOK)
    assert asked.message(1, "rebook", EMAIL).brake is Brake.ALARM
    assert asked.message(other, "rebook", EMAIL).brake is Brake.ALARM
    close(asked, after(REBOOK, minutes=5))
    asked.dispatch(after(REBOOK, minutes=5))
    assert asked.message(other, "rebook", EMAIL).status is Status.ACCEPTED


def test_two_open_alerts_hold_until_both_are_closed(asked: House) -> None:
    answer(asked, FEVER, HEARD)
    with asked.store.write() as tx:
        (first,) = open_alerts(tx)
        raise_alert(tx, AlertKind.URGENT, "reply/0", reasons=(), now=HEARD, clinic="north", reply_id=first.reply_id)
    asked.dispatch(REBOOK)
    with asked.store.write() as tx:
        first, _ = open_alerts(tx)
        close_alert(tx, first.id, by="Desk", now=REBOOK)
    asked.dispatch(after(REBOOK, minutes=1))
    assert asked.message(1, "rebook", EMAIL).brake is Brake.ALARM
    close(asked, after(REBOOK, minutes=2))
    asked.dispatch(after(REBOOK, minutes=2))
    assert asked.message(1, "rebook", EMAIL).status is Status.ACCEPTED


def test_a_reply_that_comes_between_the_decision_and_the_hand_over_counts(asked: House) -> None:
    asked.dispatch(TIPS)
    asked.clock.move_to(REBOOK)
    ids = asked.claim("engine")
    prepared = asked.decide("engine", ids)
    assert [it.due.message.step for it in prepared.letters] == ["rebook"]
    answer(asked, FEVER, REBOOK)
    assert asked.dispatcher("engine").sender().begin(prepared.letters) == []
    asked.dispatch(after(REBOOK, minutes=1))
    assert asked.message(1, "rebook", EMAIL).brake is Brake.ALARM
