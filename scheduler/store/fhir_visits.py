"""The visits of a patient that a FHIR resource may mean without naming them."""

from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.store.appointments import StoredAppointment, read_appointment
from scheduler.store.database import Tx
from scheduler.store.tables import appointments


def visits_within(
    tx: Tx, patient: int, treatment: str, first: datetime, last: datetime
) -> tuple[StoredAppointment, ...]:
    """Return a patient's visits for a treatment that begin within [first, last) and were not cancelled."""
    found = sa.select(appointments).where(
        appointments.c.patient_id == patient,
        appointments.c.treatment == treatment,
        appointments.c.starts_at >= first,
        appointments.c.starts_at < last,
        appointments.c.status != AppointmentStatus.CANCELLED,
    )
    return tuple(map(read_appointment, tx.connection.execute(found.order_by(appointments.c.id))))


def booked_after(tx: Tx, patient: int, now: datetime) -> tuple[int, ...]:
    """Return a patient's visits that are still to come."""
    found = sa.select(appointments.c.id).where(
        appointments.c.patient_id == patient,
        appointments.c.status == AppointmentStatus.BOOKED,
        appointments.c.starts_at > now,
    )
    return tuple(tx.connection.execute(found.order_by(appointments.c.id)).scalars())
