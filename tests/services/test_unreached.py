"""A ring that reaches nobody costs no time: the next on call is told at once, and it is on record who was not."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.domain.clinic import OnCall
from scheduler.domain.consent import Source
from scheduler.domain.notice import AlertCause
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.services.alerts import take_alert
from scheduler.services.consent import stop_address
from scheduler.services.reachable import hard_to_reach
from scheduler.store.alerts import Alert
from scheduler.store.claims import release_expired
from scheduler.store.tables import messages
from tests.servers.behaviours import refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import House, after
from tests.services.on_call import BOB, CAROL, Phones, alarm, history, now, ring, rung, with_on_call

DAY = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
DOCTOR = OnCall("Doctor", sms="+14165550133")


@pytest.fixture
def ward(any_live: House) -> House:
    any_live.configuration = with_on_call(DOCTOR, BOB, CAROL)
    any_live.clock.move_to(DAY)
    return any_live


@pytest.fixture
def phones(twilio: TwilioServer, smtp: SmtpServer) -> Phones:
    return Phones(twilio, smtp)


def missed(house: House, alert: Alert) -> list[str]:
    story = history(house, alert)
    return [dict(it.reasons[0].params)["by"] for it in story if it.cause is AlertCause.MISSED]


@pytest.mark.parametrize(("status", "code"), [(400, 21610), (400, 21211)])
def test_a_contact_whom_the_provider_refuses_costs_no_time(
    ward: House, phones: Phones, twilio: TwilioServer, status: int, code: int
) -> None:
    twilio.script.append(refuse(status, code))
    alert = alarm(ward)
    ward.dispatch(DAY)
    assert phones.rung == ["+14165550112"]
    assert [(at, who.partition(":")[0]) for at, who in rung(ward, alert)] == [(DAY, "Doctor"), (DAY, "Bob")]
    assert missed(ward, alert) == ["Doctor"]
    assert now(ward, alert).ring_at == after(DAY, minutes=10)


def test_where_nobody_can_be_reached_each_is_tried_once_in_a_round(
    ward: House, phones: Phones, twilio: TwilioServer
) -> None:
    ward.configuration = with_on_call(DOCTOR, BOB)
    twilio.default = refuse(400, 21610)
    alert = alarm(ward)
    for minutes in range(10):
        ward.dispatch(after(DAY, minutes=minutes))
    assert missed(ward, alert) == ["Doctor", "Bob"]
    ward.dispatch(after(DAY, minutes=10))
    ward.dispatch(after(DAY, minutes=11))
    assert missed(ward, alert) == ["Doctor", "Bob"] * 2
    assert phones.rung == []


def test_a_channel_that_is_refused_lets_who_has_another_be_told_at_once_and_bursts_nobody_later(
    ward: House, phones: Phones, twilio: TwilioServer
) -> None:
    ward.configuration = with_on_call(DOCTOR, CAROL)
    twilio.default = refuse(401, 20003)
    alarm(ward)
    ward.dispatch(DAY)
    assert phones.rung == ["carol@north.example"]
    for minutes in range(10, 61, 10):
        ward.dispatch(after(DAY, minutes=minutes))
    with ward.store.read() as tx:
        waiting = sa.select(messages.c.id).where(messages.c.status == Status.SCHEDULED, messages.c.channel == "sms")
        urgent = waiting.where(messages.c.step == "alert_urgent")
        assert len(tx.connection.execute(urgent).all()) == 1


def test_a_ring_that_still_waits_gives_way_to_a_later_one_to_the_same_contact(
    ward: House, twilio: TwilioServer
) -> None:
    ward.configuration = with_on_call(DOCTOR)
    alert = alarm(ward)
    for minutes in (10, 20):
        ward.clock.move_to(after(DAY, minutes=minutes))
        assert ring(ward) == 1
    with ward.store.read() as tx:
        stood = tx.connection.execute(sa.select(messages.c.origin, messages.c.status).order_by(messages.c.id)).all()
    assert [tuple(it) for it in stood] == [
        (f"alert/{alert.id}/1/sms", Status.CANCELLED),
        (f"alert/{alert.id}/2/sms", Status.CANCELLED),
        (f"alert/{alert.id}/3/sms", Status.SCHEDULED),
    ]
    ward.dispatch(after(DAY, minutes=20))
    assert len(twilio.taken) == 1


def test_a_ring_that_died_in_an_engines_hands_is_made_again_at_once_to_the_same_contact(
    ward: House, phones: Phones
) -> None:
    alert = alarm(ward)
    ward.prepare("killed", ward.claim("killed"))
    with ward.store.write() as tx:
        assert release_expired(tx, now=after(DAY, minutes=2)).lost
    ward.dispatch(after(DAY, minutes=2))
    assert phones.rung == ["+14165550133"]
    assert [who.partition(":")[0] for _, who in rung(ward, alert)] == ["Doctor", "Doctor"]
    ward.dispatch(after(DAY, minutes=10))
    assert [who.partition(":")[0] for _, who in rung(ward, alert)] == ["Doctor", "Doctor", "Bob"]


def test_once_taken_a_dead_ring_rings_nobody(ward: House, phones: Phones, twilio: TwilioServer) -> None:
    twilio.default = refuse(400, 21610)
    ward.configuration = with_on_call(DOCTOR)
    alert = alarm(ward, AlertKind.REPLY)
    with ward.store.write() as tx:
        take_alert(tx, alert.id, by="Desk", now=DAY)
    ward.dispatch(after(DAY, minutes=1))
    assert missed(ward, alert) == []
    assert phones.rung == []


def test_doctor_warns_of_a_contact_whose_last_ring_failed_and_of_one_who_stopped(
    ward: House, twilio: TwilioServer
) -> None:
    assert list(hard_to_reach(ward.store, ward.configuration)) == []
    twilio.script.append(refuse(400, 21211))
    alarm(ward)
    ward.dispatch(DAY)
    (failed,) = hard_to_reach(ward.store, ward.configuration)
    assert failed.message == "north: Doctor may not be reached by sms: the last alert to it failed"
    with ward.store.write() as tx:
        stop_address(tx, "north", Channel.SMS, "+14165550112", source=Source.REPLY, by="Bob", now=DAY)
    said = [it.message for it in hard_to_reach(ward.store, ward.configuration)]
    assert "north: Bob may not be reached by sms: it asked for no more messages" in said
