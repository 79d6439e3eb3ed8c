"""The appointments: added, moved, ended; each change with its event. `visits` finds them again."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.appointment import Appointment, AppointmentCause, AppointmentStatus
from scheduler.domain.reasons import Reason
from scheduler.errors import NotFoundError
from scheduler.store.batches import among
from scheduler.store.bulk import Plain, insert_rows
from scheduler.store.columns import instant_text, read_instant, reads_words
from scheduler.store.database import Tx
from scheduler.store.events import record_visits
from scheduler.store.patients import hold_patients
from scheduler.store.tables import appointments, patients

_read_status = reads_words(AppointmentStatus)

_ADDED = (
    "id",
    "clinic",
    "patient_id",
    "external_id",
    "treatment",
    "starts_at",
    "ends_at",
    "status",
    "created_at",
    "updated_at",
    "protocol_digest",
    "said_at",
)


@dataclass(frozen=True, slots=True)
class StoredAppointment:
    """One visit as the store has it; `external_id` is the booking system's. Instants are aware UTC.

    It goes by the version of its protocol that has `protocol_digest` (None: it is older than versions are, and goes
    by the file), but for the steps in `pins`, which go by the version of the digest beside them.

    `said_at` is when its source last changed what was taken of it, by the source's clock; `decided_at` when staff
    last moved it, called it off, booked it again or completed it, by ours. None: nobody said, nobody did.
    """

    id: int
    clinic: str
    patient_id: int
    external_id: str | None
    treatment: str
    starts_at: datetime
    ends_at: datetime | None
    status: AppointmentStatus
    protocol_digest: str | None = None
    pins: Mapping[str, str] = field(default_factory=dict)
    said_at: datetime | None = None
    decided_at: datetime | None = None

    @property
    def visit(self) -> Appointment:
        """What planning and deciding need of it."""
        return Appointment(self.starts_at, self.ends_at, self.status)


def add_appointments(tx: Tx, visits: Sequence[StoredAppointment], *, now: datetime, by: str) -> None:
    """Add appointments under the ids that they have: `bulk.reserve` gave them. The caller commits.

    Raises ConflictError at the end of the transaction when the clinic has an `external_id`, or when a patient has
    that treatment at that start without one: look with `known.look_up` before.
    """
    insert_rows(tx, "appointments", _ADDED, [_new_row(visit, instant_text(now)) for visit in visits])
    record_visits(tx, [happened for visit in visits for happened in _history(visit)], at=now, by=by)


def get_appointment(tx: Tx, appointment_id: int) -> StoredAppointment:
    """Return an appointment. Raises NotFoundError.

    A writing transaction holds it, and before it its patient, until the commit.
    """
    found = sa.select(appointments).where(appointments.c.id == appointment_id)
    if tx.writing and tx.dialect == "postgresql":
        hold_patients(tx, patients.c.id.in_(found.with_only_columns(appointments.c.patient_id)))
        found = found.with_for_update(key_share=True)
    row = tx.connection.execute(found).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no appointment {appointment_id}")
    return read_appointment(row)


def hold_appointments(tx: Tx, ids: Collection[int]) -> None:
    """Hold appointments until the commit, before any message is held: nobody else moves them or plans them anew.

    Whoever holds messages first and wants their appointment then may meet the desk coming the other way. Their
    patients are held before them, all in one order. SQLite has one writer at a time and needs none of it.
    """
    if not ids or tx.dialect != "postgresql":
        return
    these = among(tx, appointments.c.id, ids)
    hold_patients(tx, patients.c.id.in_(sa.select(appointments.c.patient_id).where(these)))
    rows = sa.select(appointments.c.id).where(these).order_by(appointments.c.id)
    tx.connection.execute(rows.with_for_update(key_share=True))


def move_appointment(
    tx: Tx, appointment_id: int, *, starts_at: datetime, ends_at: datetime | None, now: datetime, by: str
) -> StoredAppointment:
    """Give an appointment another time and return it. Its messages stay: the caller plans them anew, and commits.

    Raises NotFoundError.
    """
    moved = _update(tx, appointment_id, {"starts_at": starts_at, "ends_at": ends_at, "updated_at": now})
    record_visits(tx, [(appointment_id, AppointmentCause.RESCHEDULED)], at=now, by=by)
    return moved


def has_double(tx: Tx, visit: StoredAppointment) -> bool:
    """Whether another visit without an id is of the same patient, treatment and start: there may be one alone."""
    same = (
        appointments.c.patient_id == visit.patient_id,
        appointments.c.treatment == visit.treatment,
        appointments.c.starts_at == visit.starts_at,
        appointments.c.external_id.is_(None),
        appointments.c.id != visit.id,
    )
    return tx.connection.execute(sa.select(appointments.c.id).where(*same)).first() is not None


def set_external_id(tx: Tx, appointment_id: int, external_id: str | None, *, now: datetime) -> None:
    """Note what the booking system calls an appointment; None: nothing any more.

    The caller commits, and knows that no other is called so.
    """
    _update(tx, appointment_id, {"external_id": external_id, "updated_at": now})


def note_said(tx: Tx, appointment_id: int, said_at: datetime | None) -> None:
    """Keep when the source last changed what is taken of a visit: its older words are behind. The caller commits."""
    _update(tx, appointment_id, {"said_at": said_at})


def note_decision(tx: Tx, appointment_id: int, decided_at: datetime | None) -> None:
    """Keep when staff last decided of a visit: no older word of a source undoes that. The caller commits."""
    _update(tx, appointment_id, {"decided_at": decided_at})


def set_appointment_status(
    tx: Tx,
    appointment_id: int,
    status: AppointmentStatus,
    *,
    now: datetime,
    by: str,
    reasons: Sequence[Reason] = (),
) -> bool:
    """Set where a visit stands, for these reasons; return False, recording nothing, when it stands there already.

    Its messages stay as they are; the caller commits. Raises NotFoundError.
    """
    if get_appointment(tx, appointment_id).status is status:
        return False
    _update(tx, appointment_id, {"status": status, "updated_at": now})
    record_visits(tx, [(appointment_id, AppointmentCause(status.value))], at=now, by=by, reasons=reasons)
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
        protocol_digest=row.protocol_digest,
        pins=read_pins(row.pins),
        said_at=row.said_at,
        decided_at=row.decided_at,
    )


def read_raw_appointment(row: Any) -> StoredAppointment:
    """Read a row of those columns as the driver hands them over, see `fetching.raw`."""
    return StoredAppointment(
        id=row.id,
        clinic=row.clinic,
        patient_id=row.patient_id,
        external_id=row.external_id,
        treatment=row.treatment,
        starts_at=read_instant(row.starts_at),
        ends_at=None if row.ends_at is None else read_instant(row.ends_at),
        status=_read_status(row.status),
        protocol_digest=row.protocol_digest,
        pins=read_pins(row.pins),
        said_at=None if row.said_at is None else read_instant(row.said_at),
        decided_at=None if row.decided_at is None else read_instant(row.decided_at),
    )


def read_pins(text: str | None) -> Mapping[str, str]:
    """Read which steps of a visit go by another version of the protocol: the digest of each."""
    return json.loads(text) if text else {}


def _new_row(visit: StoredAppointment, now: str) -> tuple[Plain, ...]:
    return (
        visit.id,
        visit.clinic,
        visit.patient_id,
        visit.external_id,
        visit.treatment,
        instant_text(visit.starts_at),
        instant_text(visit.ends_at) if visit.ends_at else None,
        visit.status.value,
        now,
        now,
        visit.protocol_digest,
        instant_text(visit.said_at) if visit.said_at else None,
    )


def _history(visit: StoredAppointment) -> Iterator[tuple[int, AppointmentCause]]:
    """Yield what has happened to a visit that is new: one may have taken place before it was heard of."""
    yield visit.id, AppointmentCause.REGISTERED
    if visit.status is not AppointmentStatus.BOOKED:
        yield visit.id, AppointmentCause(visit.status.value)


def _update(tx: Tx, appointment_id: int, values: dict[str, Any]) -> StoredAppointment:
    update = sa.update(appointments).where(appointments.c.id == appointment_id).values(values)
    row = tx.connection.execute(update.returning(appointments)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no appointment {appointment_id}")
    return read_appointment(row)
