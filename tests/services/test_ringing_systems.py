"""Alerts that ring at a system of the clinic: signed calls, made again, or given up."""

import pytest
import sqlalchemy as sa

from scheduler.domain.clinic import OnCall
from scheduler.domain.states import Status
from scheduler.services.alerts import take_alert
from scheduler.store.tables import messages
from tests.servers.behaviours import CLOSE_AFTER_TAKING, refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.servers.webhook import WebhookServer
from tests.services.house import House, after
from tests.services.on_call import ALICE, BOB, CAROL, Phones, alarm, with_on_call
from tests.services.test_ringing import DAY


@pytest.fixture
def ward(any_live: House) -> House:
    """The installation with somebody on call at north, by day."""
    any_live.configuration = with_on_call(ALICE, BOB, CAROL)
    any_live.clock.move_to(DAY)
    return any_live


@pytest.fixture
def phones(twilio: TwilioServer, smtp: SmtpServer) -> Phones:
    return Phones(twilio, smtp)


def test_a_system_gets_a_signed_call_without_anything_of_a_patient(ward: House, receiver: WebhookServer) -> None:
    receiver.now = ward.clock.now
    ward.configuration = with_on_call(OnCall("Pager", webhook=receiver.url))
    alert = alarm(ward)
    ward.dispatch(DAY)
    (call,) = receiver.taken.values()
    assert call.said == {
        "type": "alert",
        "alert": alert.id,
        "kind": "urgent",
        "clinic": "north",
        "opened_at": "2026-03-10T15:00:00Z",
        "link": call.said["link"],
    }
    assert call.said["link"].startswith("http://127.0.0.1:8000/a/")


def test_a_call_that_may_have_been_taken_is_made_again_under_the_same_id(
    ward: House, receiver: WebhookServer
) -> None:
    receiver.now = ward.clock.now
    receiver.script.append(CLOSE_AFTER_TAKING)
    ward.configuration = with_on_call(OnCall("Pager", webhook=receiver.url))
    alarm(ward)
    ward.dispatch(DAY)
    assert len(receiver.calls) == 1
    for minutes in (2, 4, 6):
        ward.dispatch(after(DAY, minutes=minutes))
    assert len(receiver.calls) == 2
    assert len(receiver.taken) == 1


def test_a_receiver_that_is_gone_fails_that_ring_and_the_next_is_told_at_once(
    ward: House, receiver: WebhookServer, phones: Phones
) -> None:
    receiver.now = ward.clock.now
    receiver.default = refuse(410)
    ward.configuration = with_on_call(OnCall("Pager", webhook=receiver.url), BOB)
    alarm(ward)
    ward.dispatch(DAY)
    ward.dispatch(after(DAY, minutes=5))
    assert len(receiver.calls) == 1
    assert phones.rung == ["+14165550112"]


def test_a_ring_that_still_waits_does_not_go_out_once_somebody_took_the_alert(
    ward: House, phones: Phones, twilio: TwilioServer
) -> None:
    ward.configuration = with_on_call(BOB)
    twilio.script.append(refuse(429, 20429))
    alert = alarm(ward)
    ward.dispatch(DAY)
    with ward.store.write() as tx:
        take_alert(tx, alert.id, by="Desk", now=DAY)
    ward.dispatch(after(DAY, minutes=8))
    assert phones.texts == []
    with ward.store.read() as tx:
        assert tx.connection.execute(sa.select(messages.c.status)).scalars().all() == [Status.SUPPRESSED]
