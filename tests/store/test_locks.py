"""Who waits for whom on PostgreSQL, where several write at once. What would wait for too long fails as "locked"."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.protocol import Channel
from scheduler.errors import StoreError
from scheduler.settings import Settings
from scheduler.store.appointments import StoredAppointment, find_same, get_appointment, set_appointment_status
from scheduler.store.database import Store, Tx, open_store
from scheduler.store.messages import add_planned, messages_of
from scheduler.store.patients import find_patient, get_patient
from tests.store.samples import DIGEST, NOW, ZOE, Person, a_patient, an_appointment, planned

pytestmark = pytest.mark.postgres
PATIENCE = timedelta(milliseconds=200)


@pytest.fixture
def desk(postgres_settings: Settings) -> Iterator[Store]:
    with open_store(postgres_settings, patience=PATIENCE) as opened:
        yield opened


@pytest.fixture
def engine(postgres_settings: Settings) -> Iterator[Store]:
    with open_store(postgres_settings, patience=PATIENCE) as opened:
        yield opened


@pytest.fixture
def visit(desk: Store) -> StoredAppointment:
    with desk.write() as tx:
        appointment = an_appointment(tx, a_patient(tx))
        add_planned(tx, appointment, [planned()], protocol_digest=DIGEST, now=NOW)
    return appointment


def found(tx: Tx, person: Person) -> int | None:
    known = find_patient(tx, "lumiere", ref=None, name=person.name, phone=person.phone, email=None)
    return known.id if known else None


def test_a_message_is_added_while_the_desk_holds_its_appointment(
    desk: Store, engine: Store, visit: StoredAppointment
) -> None:
    """An engine that holds messages adds a fallback; the desk holds the appointment and waits for the messages."""
    with desk.write() as one, engine.write() as two:
        set_appointment_status(one, visit.id, AppointmentStatus.CANCELLED, now=NOW, by="desk")
        messages_of(two, visit.id, for_update=True)
        assert add_planned(two, visit, [planned(channel=Channel.EMAIL)], protocol_digest=DIGEST, now=NOW)


def test_an_appointment_is_added_while_another_transaction_holds_its_patient(
    desk: Store, engine: Store, visit: StoredAppointment
) -> None:
    with desk.write() as one, engine.write() as two:
        patient = get_patient(one, visit.patient_id)
        assert an_appointment(two, patient, starts_at=NOW).patient_id == patient.id


def test_whoever_wants_an_appointment_waits_for_its_patient_first(
    desk: Store, engine: Store, visit: StoredAppointment
) -> None:
    with desk.write() as one:
        get_patient(one, visit.patient_id)
        with pytest.raises(StoreError, match="locked"), engine.write() as two:
            get_appointment(two, visit.id)
        with pytest.raises(StoreError, match="locked"), engine.write() as two:
            find_same(two, visit.patient_id, visit.treatment, visit.starts_at)
        assert get_appointment(one, visit.id) == visit


def test_a_known_patient_is_found_while_another_of_that_name_is_being_added(
    desk: Store, engine: Store, visit: StoredAppointment
) -> None:
    with desk.write() as one, engine.write() as two:
        assert found(one, replace(ZOE, phone="+14165550177")) is None
        assert found(two, ZOE) == visit.patient_id
