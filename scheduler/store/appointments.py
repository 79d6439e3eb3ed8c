"""The appointments: added, found again, moved, ended; each change with its event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.appointment import Appointment, AppointmentCause, AppointmentStatus
from scheduler.errors import NotFoundError
from scheduler.store.database import Tx
from scheduler.store.events import record_visit
from scheduler.store.patients import hold_patients
from scheduler.store.tables import appointments, patients


@dataclass(frozen=True, slots=True)
class StoredAppointment:
    """One visit as the store has it; `external_id` is the booking system's. Instants are aware UTC."""

    id: int
    clinic: str
    patient_id: int
    external_id: str | None
    treatment: str
    starts_at: datetime
    ends_at: datetime | None
    status: AppointmentStatus

    @property
    def visit(self) -> Appointment:
        """What planning and deciding need of it."""
        return Appointment(self.starts_at, self.ends_at, self.status)


def add_appointment(
    tx: Tx,
    *,
    clinic: str,
    patient_id: int,
    treatment: str,
    starts_at: datetime,
    now: datetime,
    by: str,
    ends_at: datetime | None = None,
    external_id: str | None = None,
) -> StoredAppointment:
    """Add a booked appointment and return it. The caller commits.

    Raises ConflictError at the end of the transaction when the clinic has that `external_id`, or when the patient
    has that treatment at that start without one: look with `find_by_external_id` or `find_same` before.
    """
    values = {
        "clinic": clinic,
        "patient_id": patient_id,
        "external_id": external_id,
        "treatment": treatment,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "status": AppointmentStatus.BOOKED,
    }
    insert = sa.insert(appointments).values(**values, created_at=now, updated_at=now)
    row = tx.connection.execute(insert.returning(appointments)).one()
    record_visit(tx, row.id, AppointmentCause.REGISTERED, at=now, by=by)
    return read_appointment(row)


def get_appointment(tx: Tx, appointment_id: int) -> StoredAppointment:
    """Return an appointment, held until the commit in a writing transaction. Raises NotFoundError."""
    found = _find(tx, appointments.c.id == appointment_id)
    if found is None:
        raise NotFoundError(f"there is no appointment {appointment_id}")
    return found


def find_by_external_id(tx: Tx, clinic: str, external_id: str) -> StoredAppointment | None:
    """Find what the clinic's booking system calls `external_id`."""
    return _find(tx, appointments.c.clinic == clinic, appointments.c.external_id == external_id)


def find_same(
    tx: Tx, patient_id: int, treatment: str, starts_at: datetime, *, without_id: bool = False
) -> StoredAppointment | None:
    """Find the patient's appointment for that treatment at that start, which is the same one by the design.

    `without_id`: only one that the booking system has not named yet.
    """
    unnamed = [appointments.c.external_id.is_(None)] if without_id else []
    return _find(
        tx,
        appointments.c.patient_id == patient_id,
        appointments.c.treatment == treatment,
        appointments.c.starts_at == starts_at,
        *unnamed,
    )


def move_appointment(
    tx: Tx, appointment_id: int, *, starts_at: datetime, ends_at: datetime | None, now: datetime, by: str
) -> StoredAppointment:
    """Give an appointment another time and return it. Its messages stay: the caller plans them anew, and commits.

    Raises NotFoundError.
    """
    moved = _update(tx, appointment_id, {"starts_at": starts_at, "ends_at": ends_at, "updated_at": now})
    record_visit(tx, appointment_id, AppointmentCause.RESCHEDULED, at=now, by=by)
    return moved


def set_external_id(tx: Tx, appointment_id: int, external_id: str, *, now: datetime) -> None:
    """Note what the booking system calls an appointment. The caller commits, and knows that no other is called so."""
    _update(tx, appointment_id, {"external_id": external_id, "updated_at": now})


def set_appointment_status(tx: Tx, appointment_id: int, status: AppointmentStatus, *, now: datetime, by: str) -> bool:
    """Set where a visit stands; return False, recording nothing, when it stands there already.

    Its messages stay as they are; the caller commits. Raises NotFoundError.
    """
    if get_appointment(tx, appointment_id).status is status:
        return False
    _update(tx, appointment_id, {"status": status, "updated_at": now})
    record_visit(tx, appointment_id, AppointmentCause(status.value), at=now, by=by)
    return True


def read_appointment(row: sa.Row[Any]) -> StoredAppointment:
    """Read a row that has the columns of `appointments`."""
    return StoredAppointment(
        id=row.id,
        clinic=row.clinic,
        patient_id=row.patient_id,
        external_id=row.external_id,
        treatment=row.treatment,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        status=row.status,
    )


def _find(tx: Tx, *conditions: sa.ColumnElement[bool]) -> StoredAppointment | None:
    """Return the earliest that fits; a writing transaction holds it, and before it its patient, until the commit."""
    found = sa.select(appointments).where(*conditions).order_by(appointments.c.starts_at, appointments.c.id).limit(1)
    if tx.writing and tx.dialect == "postgresql":
        hold_patients(tx, patients.c.id.in_(found.with_only_columns(appointments.c.patient_id)))
        found = found.with_for_update(key_share=True)
    row = tx.connection.execute(found).one_or_none()
    return read_appointment(row) if row else None


def _update(tx: Tx, appointment_id: int, values: dict[str, Any]) -> StoredAppointment:
    update = sa.update(appointments).where(appointments.c.id == appointment_id).values(values)
    row = tx.connection.execute(update.returning(appointments)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no appointment {appointment_id}")
    return read_appointment(row)
