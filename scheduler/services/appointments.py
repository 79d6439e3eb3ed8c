"""What is done with an appointment: cancel, reschedule, complete, no-show; its messages follow.

Staff decide so: no older word of a booking system undoes it. Who follows a source's word says `decided=False`.
"""

from collections.abc import Sequence
from datetime import datetime

from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.reasons import Reason
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.adjusting import lapse_moves
from scheduler.services.erased import refuse_erased
from scheduler.services.schedule import cancel_unsent, plan_anew
from scheduler.store.appointments import (
    StoredAppointment,
    get_appointment,
    move_appointment,
    note_decision,
    set_appointment_status,
)
from scheduler.store.database import Tx
from scheduler.store.patients import get_patient


def call_off(
    tx: Tx,
    appointment_id: int,
    status: AppointmentStatus,
    *,
    now: datetime,
    by: str,
    reasons: Sequence[Reason] = (),
    decided: bool = True,
) -> None:
    """Cancel an appointment, or note that the patient did not come; what is unsent is cancelled. The caller commits.

    Raises NotFoundError.
    """
    changed = set_appointment_status(tx, appointment_id, status, now=now, by=by, reasons=reasons)
    if changed and decided:
        note_decision(tx, appointment_id, now)
    cancel_unsent(tx, appointment_id, status, now=now, by=by)


def complete(tx: Tx, appointment: StoredAppointment, *, now: datetime, by: str) -> None:
    """Note that an appointment took place. The caller commits.

    Raises ConflictError for one that is still to come, or that was called off: its messages are cancelled, and
    only a new time plans them anew. So it does where the patient's data were erased.
    """
    refuse_erased(tx, appointment.patient_id)
    if appointment.starts_at > now:
        said = f"appointment {appointment.id} is still to come: complete it once it has begun"
        raise ConflictError(said, code="to_come")
    if appointment.status in CALLED_OFF:
        raise ConflictError(
            f"appointment {appointment.id} is {appointment.status}: book it again first with "
            f"`aftercare reschedule {appointment.id} --at …`",
            code="called_off",
            visit=appointment.id,
        )
    if set_appointment_status(tx, appointment.id, AppointmentStatus.COMPLETED, now=now, by=by):
        note_decision(tx, appointment.id, now)


def reschedule(
    tx: Tx,
    configuration: Configuration,
    appointment: StoredAppointment,
    *,
    starts_at: datetime,
    ends_at: datetime | None = None,
    now: datetime,
    by: str,
    decided: bool = True,
) -> None:
    """Move an appointment, or book one again that was called off; what is unsent is planned anew. The caller commits.

    Without `ends_at` it keeps its length. Raises ConflictError where the patient's data were erased.
    """
    refuse_erased(tx, appointment.patient_id)
    if ends_at is None and appointment.ends_at is not None:
        ends_at = starts_at + (appointment.ends_at - appointment.starts_at)
    if (starts_at, ends_at) != (appointment.starts_at, appointment.ends_at):
        move_appointment(tx, appointment.id, starts_at=starts_at, ends_at=ends_at, now=now, by=by)
        lapse_moves(tx, appointment.id, now=now, by=by)
    set_appointment_status(tx, appointment.id, AppointmentStatus.BOOKED, now=now, by=by)
    if decided:
        note_decision(tx, appointment.id, now)
    moved = get_appointment(tx, appointment.id)
    plan_anew(tx, configuration, moved, get_patient(tx, moved.patient_id), now=now, by=by)
