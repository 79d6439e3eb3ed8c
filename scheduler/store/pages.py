"""What a patient's page looks up beside the patient and the visit; and the revoking of its links."""

from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.errors import NotFoundError
from scheduler.store.appointments import StoredAppointment
from scheduler.store.database import Tx
from scheduler.store.tables import appointments, patients


def is_rebooked(tx: Tx, visit: StoredAppointment) -> bool:
    """Whether the patient has a later appointment for the same treatment."""
    later = sa.select(appointments.c.id).where(
        appointments.c.patient_id == visit.patient_id,
        appointments.c.treatment == visit.treatment,
        appointments.c.starts_at > visit.starts_at,
        appointments.c.status.in_([AppointmentStatus.BOOKED, AppointmentStatus.COMPLETED]),
    )
    return tx.connection.execute(later.limit(1)).first() is not None


def revoke_pages(tx: Tx, patient_id: int, *, now: datetime) -> None:
    """Close every link to a patient's pages that was given out until now. The caller commits.

    Raises NotFoundError.
    """
    more = sa.update(patients).where(patients.c.id == patient_id)
    changed = tx.connection.execute(more.values(page_epoch=patients.c.page_epoch + 1, updated_at=now))
    if not changed.rowcount:
        raise NotFoundError(f"there is no patient {patient_id}")
