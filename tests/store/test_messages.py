from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from scheduler.domain.protocol import Channel
from scheduler.domain.states import Cause, Status
from scheduler.errors import NotFoundError
from scheduler.store.database import Store
from scheduler.store.events import events_of
from scheduler.store.health import count_overdue, newest_event
from scheduler.store.messages import get_message, messages_of
from scheduler.store.plans import add_planned
from tests.store.samples import (
    DIGEST,
    NOW,
    a_patient,
    an_appointment,
    begun,
    claimed,
    many_due,
    planned,
    registered,
)

DAY = timedelta(days=1)


def test_a_planned_message_comes_back_as_planned(store: Store) -> None:
    plan = planned(ask="redness", fallback=(Channel.EMAIL,))
    with store.write() as tx:
        appointment = an_appointment(tx, a_patient(tx))
        (one,) = add_planned(tx, appointment, [plan], protocol_digest=DIGEST, now=NOW)
    with store.read() as tx:
        (row,) = messages_of(tx, appointment.id)
        assert row == get_message(tx, one)

    assert row.origin == f"{appointment.id}/redness_check/sms/1"
    assert (row.clinic, row.patient_id, row.appointment_id) == ("lumiere", appointment.patient_id, appointment.id)
    assert (row.step, row.channel, row.occurrence, row.purpose) == (plan.step, plan.channel, 1, plan.purpose)
    assert (row.planned_at, row.due_at, row.try_at) == (plan.planned_at, plan.due_at, plan.due_at)
    assert (row.useful_until, row.if_late, row.ask) == (plan.useful_until, plan.if_late, "redness")
    assert (row.fallback, row.reasons, row.status) == ((Channel.EMAIL,), plan.reasons, Status.SCHEDULED)
    assert (row.tries, row.protocol_digest, row.created_at) == (0, DIGEST, NOW)


def test_an_appointments_messages_come_in_the_order_in_which_they_are_due(store: Store) -> None:
    with store.write() as tx:
        appointment = an_appointment(tx, a_patient(tx))
        plan = [planned("late", due_at=NOW + DAY), planned("early", due_at=NOW)]
        add_planned(tx, appointment, plan, protocol_digest=DIGEST, now=NOW)
        assert [message.step for message in messages_of(tx, appointment.id)] == ["early", "late"]


def test_a_message_that_is_there_already_is_not_added_again(store: Store) -> None:
    with store.write() as tx:
        appointment = an_appointment(tx, a_patient(tx))
        first = add_planned(tx, appointment, [planned("a")], protocol_digest=DIGEST, now=NOW)
        again = [planned("a", due_at=NOW + DAY), planned("b"), planned("a", occurrence=2)]
        added = add_planned(tx, appointment, again, protocol_digest=DIGEST, now=NOW)

        assert len(added) == 2
        assert get_message(tx, first[0]).due_at == NOW


def test_nothing_begins_as_sent(store: Store) -> None:
    with store.write() as tx:
        appointment = an_appointment(tx, a_patient(tx))
        assert add_planned(tx, appointment, [], protocol_digest=DIGEST, now=NOW) == []
        with pytest.raises(ValueError, match="begins as scheduled"):
            add_planned(tx, appointment, [planned(status=Status.SENDING)], protocol_digest=DIGEST, now=NOW)


def test_instants_come_back_in_utc_to_the_microsecond_whatever_zone_they_had(store: Store) -> None:
    local = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    (one,) = registered(store, [planned(due_at=local)])
    with store.read() as tx:
        row = get_message(tx, one)

    assert row.due_at == local
    assert row.due_at.isoformat() == "2026-03-29T00:30:00.123456+00:00"


def test_a_naive_instant_is_a_programming_error(store: Store) -> None:
    naive = replace(planned(), due_at=datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001  (that is the point)
    with pytest.raises(Exception, match="an instant has a time zone"):
        registered(store, [naive])


def test_the_history_of_an_appointment_has_that_of_its_messages(store: Store) -> None:
    (one,) = registered(store, [planned()])
    claimed(store)
    begun(store, [one])
    with store.read() as tx:
        history = events_of(tx, get_message(tx, one).of_visit)

    assert [event.cause for event in history] == ["registered", Cause.CLAIM, Cause.BEGIN]
    assert [event.message_id for event in history] == [None, one, one]


def test_what_is_overdue_is_counted_and_the_newest_record_known(store: Store) -> None:
    with store.read() as tx:
        assert (count_overdue(tx, before=NOW), newest_event(tx)) == (0, None)
    many_due(store, 3)
    claimed(store, limit=1)
    with store.read() as tx:
        assert (count_overdue(tx, before=NOW), newest_event(tx)) == (2, NOW)


def test_a_message_that_is_not_there_is_named_by_number(store: Store) -> None:
    with store.read() as tx, pytest.raises(NotFoundError, match="there is no message 99"):
        get_message(tx, 99)
