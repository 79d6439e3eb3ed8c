from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Entry, Verdict
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.states import Status
from scheduler.store.appointments import set_appointment_status
from scheduler.store.consents import add_entries, record_stop
from scheduler.store.database import Store
from scheduler.store.due import DueMessage, load_due
from scheduler.store.messages import add_planned
from tests.store.samples import (
    DIGEST,
    NOW,
    ZOE,
    Person,
    a_patient,
    an_appointment,
    begun,
    claimed,
    message,
    planned,
    registered,
)
from tests.store.test_transitions import counted

DAY = timedelta(days=1)
ALICE = Person("Alice Roy", phone="+14165550199", email=None)


def due(store: Store, ids: list[int]) -> list[DueMessage]:
    with store.read() as tx:
        return load_due(tx, ids, now=NOW)


def test_a_due_message_brings_its_patient_and_appointment_opened(store: Store) -> None:
    (one,) = registered(store, [planned()])
    (found,) = due(store, [one])

    assert found.message == message(store, one)
    assert (found.patient.name, found.patient.phone, found.patient.email) == (ZOE.name, ZOE.phone, ZOE.email)
    assert found.appointment.starts_at == NOW - 2 * DAY
    assert (found.ledger, found.stopped, found.rebooked) == ((), frozenset(), False)
    assert (found.last_started_at, found.others) == (None, ())


def test_they_come_in_the_order_asked_for_without_those_that_are_gone(store: Store) -> None:
    one, two = registered(store, [planned("a"), planned("b")])

    assert [found.message.id for found in due(store, [two, 99, one])] == [two, one]
    assert due(store, []) == []


def test_the_ledger_is_that_of_the_patient(store: Store) -> None:
    entry = Entry(Channel.SMS, Purpose.CARE, Verdict.GRANTED, NOW, "registration")
    (one,), (two,) = registered(store, [planned()]), registered(store, [planned()], ALICE)
    with store.write() as tx:
        add_entries(tx, message(store, one).patient_id, [entry], by="test")

    assert [found.ledger for found in due(store, [one, two])] == [(entry,), ()]


def test_a_stop_of_one_address_stops_one_channel_of_all_who_share_it(store: Store) -> None:
    (one,), (two,) = registered(store, [planned()]), registered(store, [planned()], replace(ALICE, phone=ZOE.phone))
    with store.write() as tx:
        record_stop(tx, "lumiere", Channel.SMS, ZOE.phone or "", source="reply", by="patient", now=NOW)
        record_stop(tx, "serena", Channel.EMAIL, ZOE.email or "", source="reply", by="patient", now=NOW)

    assert [found.stopped for found in due(store, [one, two])] == [frozenset({Channel.SMS})] * 2


@pytest.mark.parametrize("status", AppointmentStatus)
def test_rebooked_is_who_has_a_later_booked_appointment(store: Store, status: AppointmentStatus) -> None:
    with store.write() as tx:
        zoe = a_patient(tx)
        first, later = an_appointment(tx, zoe), an_appointment(tx, zoe, starts_at=NOW + DAY)
        ids = [
            add_planned(tx, appointment, [planned()], protocol_digest=DIGEST, now=NOW)[0]
            for appointment in (first, later)
        ]
        set_appointment_status(tx, later.id, status, now=NOW, by="test")

    assert [found.rebooked for found in due(store, ids)] == [status is AppointmentStatus.BOOKED, False]


def test_what_else_of_the_patient_is_due_comes_along_unless_it_is_in_the_batch(store: Store) -> None:
    one, two, _later, _over = registered(
        store,
        [planned("a"), planned("b"), planned("c", due_at=NOW + DAY), planned("d", status=Status.EXPIRED)],
    )
    (stranger,) = registered(store, [planned()], ALICE)

    (found,) = due(store, [one])
    assert [other.message.id for other in found.others] == [two]
    assert found.others[0].appointment == found.appointment
    assert all(not found.others for found in due(store, [one, two, stranger]))


def test_when_the_patient_was_last_sent_anything_is_known(store: Store) -> None:
    one, two = registered(store, [planned("a", due_at=NOW - DAY), planned("b")])
    claimed(store, limit=1)
    begun(store, [one])

    assert due(store, [two])[0].last_started_at == NOW


def test_any_number_of_due_messages_takes_the_same_number_of_queries(store: Store) -> None:
    lengths = []
    for count in (1, 60):
        ids = [
            number
            for n in range(count)
            for number in registered(store, [planned()], Person(f"Patient {n} of {count}"))
        ]
        with counted(store) as statements:
            assert len(due(store, ids)) == count
        lengths.append(len(statements))
    assert lengths[0] == lengths[1] <= 8
