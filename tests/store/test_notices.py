"""Notices in the outbox: once each, sealed, before everything else."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.domain.notice import MessageKind, NewNotice
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.errors import StoreError
from scheduler.store.claims import claim_due
from scheduler.store.consents import lift_stop, record_stop
from scheduler.store.database import Store
from scheduler.store.due import load_due
from scheduler.store.messages import get_message
from scheduler.store.notices import add_notices, load_notices
from scheduler.store.tables import messages
from tests.store.samples import NOW, planned, registered

NUMBER = "+14165550177"
LEASE = timedelta(minutes=1)


def answer(origin: str = "reply/1/answer", *, channel: Channel = Channel.SMS, to: str = NUMBER) -> NewNotice:
    return NewNotice(
        MessageKind.ANSWER, origin, "lumiere", channel, to, "answer_fine", "fr", NOW + timedelta(hours=4)
    )


def added(store: Store, *notices: NewNotice) -> list[int]:
    with store.write() as tx:
        return add_notices(tx, notices, now=NOW)


def test_a_notice_is_added_once_by_its_origin(store: Store) -> None:
    (first,) = added(store, answer())
    assert added(store, answer(), answer("reply/2/answer"))[1:] == []
    with store.read() as tx:
        message = get_message(tx, first)
    assert (message.kind, message.step, message.status) == (MessageKind.ANSWER, "answer_fine", Status.SCHEDULED)
    assert (message.patient_id, message.appointment_id) == (None, None)


def test_a_notice_is_loaded_with_where_it_goes_and_a_step_is_none(store: Store) -> None:
    (notice,) = added(store, answer())
    (step,) = registered(store, [planned()])
    with store.read() as tx:
        loaded = load_notices(tx, [step, notice])
        assert [(it.message.id, it.to, it.stopped, it.asked, it.alert) for it in loaded.due] == [
            (notice, NUMBER, False, None, None)
        ]
        assert [it.message.id for it in load_due(tx, [step, notice], now=NOW).due] == [step]


def test_its_recipient_is_sealed_and_one_that_was_changed_stops_only_itself(store: Store) -> None:
    one, other = added(store, answer(), answer("reply/2/answer"))
    with store.write() as tx:
        sealed = tx.connection.execute(
            sa.select(messages.c.recipient_sealed).where(messages.c.id == one)
        ).scalar_one()
        assert sealed
        assert NUMBER.encode() not in sealed
        spoilt = sa.update(messages).where(messages.c.id == one).values(recipient_sealed=sealed[:-1] + b"\0\0")
        tx.connection.execute(spoilt)
    with store.read() as tx:
        loaded = load_notices(tx, [one, other])
    assert ([it.id for it in loaded.unreadable], [it.message.id for it in loaded.due]) == ([one], [other])


def test_it_knows_a_stop_of_its_address_at_its_clinic_while_that_holds(store: Store) -> None:
    (notice,) = added(store, answer())

    def stopped() -> bool:
        with store.read() as tx:
            (due,) = load_notices(tx, [notice]).due
        return due.stopped

    with store.write() as tx:
        record_stop(tx, "serena", Channel.SMS, NUMBER, source="reply", by="test", now=NOW)
        record_stop(tx, "lumiere", Channel.EMAIL, "zoe@example.com", source="reply", by="test", now=NOW)
    assert not stopped()
    with store.write() as tx:
        record_stop(tx, "lumiere", Channel.SMS, NUMBER, source="reply", by="test", now=NOW)
    assert stopped()
    with store.write() as tx:
        lift_stop(tx, "lumiere", Channel.SMS, NUMBER, by="test", now=NOW)
    assert not stopped()


def test_a_notice_is_claimed_before_whatever_was_due_before_it(store: Store) -> None:
    steps = registered(store, [planned(), planned(step="other")])
    (notice,) = added(store, answer())
    with store.write() as tx:
        later = NOW + timedelta(days=30)
        assert claim_due(tx, now=later, limit=1, lease=LEASE, owner="engine") == [notice]
        assert sorted(claim_due(tx, now=later, limit=10, lease=LEASE, owner="engine")) == sorted(steps)


@pytest.mark.parametrize("change", [{"kind": "step"}, {"recipient_sealed": None}])
def test_the_database_itself_keeps_steps_and_notices_apart(store: Store, change: dict[str, object]) -> None:
    (notice,) = added(store, answer())
    with pytest.raises(StoreError, match="ck_messages"), store.write() as tx:
        tx.connection.execute(sa.update(messages).where(messages.c.id == notice).values(**change))
