from datetime import timedelta

import pytest

from scheduler.domain.appointment import AppointmentCause, AppointmentStatus
from scheduler.errors import ConflictError, NotFoundError
from scheduler.store.appointments import get_appointment, move_appointment, set_appointment_status
from scheduler.store.database import Store, Tx
from scheduler.store.events import events_of
from scheduler.store.visits import Visits, find_visits
from tests.store.samples import NOW, a_patient, an_appointment

DAY = timedelta(days=1)


def named(tx: Tx, clinic: str) -> Visits:
    return find_visits(tx, clinic, ["B-1"], [], [], hold=tx.writing)


def of(tx: Tx, patient_id: int) -> Visits:
    return find_visits(tx, "lumiere", [], [patient_id], [NOW, NOW + DAY], hold=tx.writing)


def test_an_appointment_is_found_by_what_the_booking_system_calls_it(store: Store) -> None:
    with store.write() as tx:
        added = an_appointment(tx, a_patient(tx), external_id="B-1")
    with store.read() as tx:
        assert named(tx, "lumiere").named("B-1") == get_appointment(tx, added.id) == added
        assert named(tx, "serena").named("B-1") is None


def test_without_an_external_id_patient_treatment_and_start_make_it_the_same(store: Store) -> None:
    with store.write() as tx:
        zoe = a_patient(tx)
        added = an_appointment(tx, zoe, starts_at=NOW)
        assert of(tx, zoe.id).same(zoe.id, "microneedling", NOW) == added
        assert of(tx, zoe.id).same(zoe.id, "microneedling", NOW + DAY) is None
        assert of(tx, zoe.id).same(zoe.id, "peel", NOW) is None


@pytest.mark.parametrize("external_id", ["B-1", None])
def test_the_same_appointment_is_never_stored_twice(store: Store, external_id: str | None) -> None:
    with store.write() as tx:
        zoe = a_patient(tx)
        an_appointment(tx, zoe, external_id=external_id)
    with pytest.raises(ConflictError, match="try again"), store.write() as tx:
        an_appointment(tx, zoe, external_id=external_id)


def test_a_patient_may_have_two_bookings_at_once_when_the_system_says_they_are_two(store: Store) -> None:
    with store.write() as tx:
        zoe = a_patient(tx)
        one, two = (an_appointment(tx, zoe, starts_at=NOW, external_id=name) for name in ("B-1", "B-2"))
    assert one.id != two.id


def test_each_change_is_in_the_history_with_who_and_when(store: Store) -> None:
    with store.write() as tx:
        one = an_appointment(tx, a_patient(tx))
        moved = move_appointment(tx, one.id, starts_at=NOW + DAY, ends_at=None, now=NOW, by="desk")
        assert moved.starts_at == NOW + DAY
        assert set_appointment_status(tx, one.id, AppointmentStatus.CANCELLED, now=NOW + DAY, by="cli")
        assert not set_appointment_status(tx, one.id, AppointmentStatus.CANCELLED, now=NOW + DAY, by="cli")
    with store.read() as tx:
        history = events_of(tx, one.id)
        assert get_appointment(tx, one.id).status is AppointmentStatus.CANCELLED
    assert [(event.cause, event.by) for event in history] == [
        (AppointmentCause.REGISTERED, "test"),
        (AppointmentCause.RESCHEDULED, "desk"),
        (AppointmentCause.CANCELLED, "cli"),
    ]


def test_what_is_not_there_is_named_by_number(store: Store) -> None:
    with store.write() as tx:
        with pytest.raises(NotFoundError, match="there is no appointment 99"):
            get_appointment(tx, 99)
        with pytest.raises(NotFoundError, match="there is no appointment 99"):
            move_appointment(tx, 99, starts_at=NOW, ends_at=None, now=NOW, by="desk")
