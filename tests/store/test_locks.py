"""Who waits for whom on PostgreSQL, where several write at once. What would wait for too long fails as "locked"."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.protocol import Channel
from scheduler.errors import StoreError
from scheduler.settings import Settings
from scheduler.store.appointments import StoredAppointment, get_appointment, set_appointment_status
from scheduler.store.database import Store, open_store
from scheduler.store.messages import messages_of
from scheduler.store.patients import get_patient
from scheduler.store.plans import add_planned
from tests.store.samples import DIGEST, NOW, ZOE, a_patient, an_appointment, find, planned

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
            find(two, ZOE)
        assert get_appointment(one, visit.id) == visit


def test_the_registrations_of_one_clinic_wait_for_each_other_and_those_of_two_do_not(
    desk: Store, engine: Store, visit: StoredAppointment
) -> None:
    with desk.write() as one:
        assert find(one, replace(ZOE, phone="+14165550177", email=None)) is None
        with engine.write() as two:
            assert find(two, ZOE, clinic="serena") is None
            assert get_patient(two, visit.patient_id).id == visit.patient_id
        with pytest.raises(StoreError, match="locked"), engine.write() as two:
            find(two, ZOE)
