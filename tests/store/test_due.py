from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Entry, Verdict
from scheduler.domain.lateness import Sent, Unit
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.states import Cause, Status
from scheduler.store.appointments import set_appointment_status
from scheduler.store.consents import add_entries, record_stop
from scheduler.store.database import Store
from scheduler.store.due import DueMessage, Loaded, load_due
from scheduler.store.moves import Move, Outcome
from scheduler.store.plans import add_planned
from scheduler.store.tables import patients
from scheduler.store.transitions import finish
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
BOB = Person("Bob Stone", phone="+14165550177", email="bob@patients.example")
ALICE = Person("Alice Roy", phone="+14165550199", email=None)


def loaded(store: Store, ids: list[int]) -> Loaded:
    with store.read() as tx:
        return load_due(tx, ids, now=NOW)


def due(store: Store, ids: list[int]) -> list[DueMessage]:
    return loaded(store, ids).due


def spoil(store: Store, patient_id: int, **values: bytes | None) -> None:
    with store.write() as tx:
        tx.connection.execute(sa.update(patients).where(patients.c.id == patient_id).values(values))


def ended(store: Store, message_id: int, cause: Cause, end: Status, *, try_at: datetime | None = None) -> None:
    move = Move(message_id, Status.SENDING, cause, end, by="alice", try_at=try_at)
    with store.write() as tx:
        assert finish(tx, [Outcome(f"token-{message_id}", move)], now=NOW) == [message_id]


def test_a_due_message_brings_its_patient_and_appointment_opened(store: Store) -> None:
    (one,) = registered(store, [planned()])
    (found,) = due(store, [one])

    assert found.message == message(store, one)
    assert (found.patient.name, found.patient.phone, found.patient.email) == (ZOE.name, ZOE.phone, ZOE.email)
    assert found.appointment.starts_at == NOW - 2 * DAY
    assert (found.ledger, found.stopped, found.rebooked) == ((), {}, False)
    assert (found.sent, found.others) == ((), ())


def test_they_come_in_the_order_asked_for_without_those_that_are_gone(store: Store) -> None:
    one, two = registered(store, [planned("a"), planned("b")])

    assert [found.message.id for found in due(store, [two, 99, one])] == [two, one]
    assert due(store, []) == []


def test_the_ledger_is_that_of_the_patient(store: Store) -> None:
    entry = Entry(Channel.SMS, Purpose.CARE, Verdict.GRANTED, NOW, "registration")
    (one,), (two,) = registered(store, [planned()]), registered(store, [planned()], ALICE)
    with store.write() as tx:
        add_entries(tx, [(message(store, one).of_patient, entry)], by="test")

    assert [found.ledger for found in due(store, [one, two])] == [(entry,), ()]


def test_a_stop_of_one_address_stops_one_channel_of_all_who_share_it(store: Store) -> None:
    (one,), (two,) = registered(store, [planned()]), registered(store, [planned()], replace(ALICE, phone=ZOE.phone))
    with store.write() as tx:
        record_stop(tx, "lumiere", Channel.SMS, ZOE.phone or "", source="reply", by="patient", now=NOW)
        record_stop(tx, "serena", Channel.EMAIL, ZOE.email or "", source="reply", by="patient", now=NOW)

    assert [found.stopped for found in due(store, [one, two])] == [{Channel.SMS: "reply"}] * 2


@pytest.mark.parametrize("status", AppointmentStatus)
def test_rebooked_is_who_has_a_later_appointment_booked_or_over(store: Store, status: AppointmentStatus) -> None:
    with store.write() as tx:
        zoe = a_patient(tx)
        first, later = an_appointment(tx, zoe), an_appointment(tx, zoe, starts_at=NOW + DAY)
        ids = [
            add_planned(tx, appointment, [planned()], protocol_digest=DIGEST, now=NOW)[0]
            for appointment in (first, later)
        ]
        set_appointment_status(tx, later.id, status, now=NOW, by="test")

    on = status in (AppointmentStatus.BOOKED, AppointmentStatus.COMPLETED)
    assert [found.rebooked for found in due(store, ids)] == [on, False]


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


def test_what_waits_for_another_try_comes_along_too(store: Store) -> None:
    one, two = registered(store, [planned("a"), planned("b", due_at=NOW - DAY)])
    claimed(store, limit=1)
    begun(store, [two])
    ended(store, two, Cause.RETRY, Status.SCHEDULED, try_at=NOW + DAY)

    (found,) = due(store, [one])
    assert [(it.message.id, it.message.try_at) for it in found.others] == [(two, NOW + DAY)]
    assert found.sent == ()


@pytest.mark.parametrize(
    ("cause", "end", "told"),
    [
        (None, Status.SENDING, True),
        (Cause.ACCEPT, Status.ACCEPTED, True),
        (Cause.LOSE, Status.UNKNOWN, True),
        (Cause.RECEIPT, Status.DELIVERED, True),
        (Cause.RECEIPT, Status.UNDELIVERED, False),
        (Cause.REFUSE, Status.FAILED, False),
        (Cause.RETRY, Status.SCHEDULED, False),
    ],
)
def test_what_a_provider_took_or_may_have_taken_is_told(
    store: Store, cause: Cause | None, end: Status, *, told: bool
) -> None:
    early, late = NOW - DAY, NOW - DAY / 2
    one, two = registered(store, [planned("a", due_at=early), planned("b", due_at=late)])
    claimed(store)
    begun(store, [two])
    if cause:
        ended(store, two, cause, end)

    (found,) = due(store, [one])
    unit = Unit(found.appointment.id, "b", 1)
    assert found.sent == ((Sent(unit, Purpose.CARE, late, NOW),) if told else ())


def test_what_was_sent_long_before_a_batch_was_planned_for_is_passed_over(store: Store) -> None:
    old, recent = NOW - 3 * DAY, NOW - DAY / 2
    one, two, three = registered(store, [planned("a", due_at=old), planned("b", due_at=recent), planned("c")])
    for number, at in ((one, old), (two, recent)):
        claimed(store, now=at, limit=1)
        begun(store, [number], now=at)

    (found,) = due(store, [three])
    assert [it.unit.step for it in found.sent] == ["b"]


def test_a_patient_who_cant_be_opened_stops_no_other(store: Store) -> None:
    ids = [registered(store, [planned()], person)[0] for person in (ZOE, ALICE)]
    zoe = message(store, ids[0])
    spoil(store, zoe.of_patient, name_sealed=b"\x01abcd" + bytes(40))

    found = loaded(store, ids)
    assert [it.message.id for it in found.due] == ids[1:]
    assert found.unreadable == [zoe]


@pytest.mark.parametrize("column", ["phone_sealed", "email_sealed"])
def test_an_address_that_was_put_in_the_place_of_another_is_not_written_to(store: Store, column: str) -> None:
    ids = [registered(store, [planned()], person)[0] for person in (ZOE, BOB)]
    zoe, bob = (message(store, number).of_patient for number in ids)
    with store.read() as tx:
        other = tx.connection.execute(sa.select(patients.c[column]).where(patients.c.id == bob)).scalar_one()
    spoil(store, zoe, **{column: other})

    found = loaded(store, ids)
    assert [it.id for it in found.unreadable] == ids[:1]
    assert [it.message.id for it in found.due] == ids[1:]


@pytest.mark.parametrize("column", ["phone_hash", "email_sealed"])
def test_an_address_or_a_hash_without_the_other_is_not_written_to(store: Store, column: str) -> None:
    (one,) = registered(store, [planned()])
    spoil(store, message(store, one).of_patient, **{column: None})

    assert [it.id for it in loaded(store, [one]).unreadable] == [one]


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
    assert lengths[0] == lengths[1] <= 11
