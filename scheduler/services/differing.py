"""How what is said of a known appointment differs from what is known, and which differences can't be followed."""

from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.errors import ConflictError
from scheduler.services.intake import CallOff, Registration
from scheduler.store.appointments import StoredAppointment

SAID = {AppointmentStatus.CANCELLED: "cancelled", AppointmentStatus.NO_SHOW: "no-show"}
STAYS_OFF = {
    AppointmentStatus.CANCELLED: "cancelled here; say booked in the status column or reschedule to book it again",
    AppointmentStatus.NO_SHOW: "no-show here; say completed in the status column, or reschedule, if that is wrong",
}


def refuse_change(known: StoredAppointment, registration: Registration, *, follow: bool) -> None:
    """Raise ConflictError for what can't be followed; `follow` as for a Registrar."""
    if registration.treatment != known.treatment:
        raise ConflictError(
            f"appointment {known.id} is for {known.treatment}, not {registration.treatment}: cancel it and "
            "register the new one with an external_id of its own",
            code="other_treatment",
            visit=known.id,
            treatment=known.treatment,
        )
    if follow:
        return
    named = f" (external_id {known.external_id})" if known.external_id else ""
    if known.status in CALLED_OFF:
        raise ConflictError(
            f"this is appointment {known.id}{named}, {SAID[known.status]}: "
            f"book it again with `aftercare reschedule {known.id} --at …`",
            code="called_off",
            visit=known.id,
        )
    if moves(known, registration):
        raise ConflictError(
            f"this is appointment {known.id}{named}, registered for another time: "
            f"move it with `aftercare reschedule {known.id} --at …`",
            code="other_time",
            visit=known.id,
        )


def refuse_other_treatment(known: StoredAppointment, said: CallOff) -> None:
    """Raise ConflictError where another visit is called off under an appointment's id: numbers are used again."""
    if said.treatment and said.treatment != known.treatment:
        raise ConflictError(
            f"appointment {known.id} is for {known.treatment}, not {said.treatment}: it was not called off; cancel "
            "it here if it is the one that is meant",
            code="off_other_treatment",
            visit=known.id,
            treatment=known.treatment,
        )


def moves(known: StoredAppointment, registration: Registration) -> bool:
    """Whether it is at another time now; an end that is not said stays."""
    ends_at = registration.ends_at or known.ends_at
    return registration.starts_at != known.starts_at or (ends_at != known.ends_at)


def stays_off(known: StoredAppointment, registration: Registration) -> bool:
    """Whether a visit that was called off is not on again: it has its old start, and nothing says that it is on.

    One that was missed is on again only if it took place: many exports go on saying "booked". It counts where the
    source says so anew, later than it said that nobody came.
    """
    if known.status not in CALLED_OFF or registration.starts_at != known.starts_at:
        return False
    if known.status is AppointmentStatus.NO_SHOW:
        return registration.status is not AppointmentStatus.COMPLETED and not _says_anew(known, registration)
    return registration.status is None


def _says_anew(known: StoredAppointment, registration: Registration) -> bool:
    """Whether a source says that a visit is on, later than the word that was taken last and than staff decided."""
    if registration.status is None or registration.age is None or registration.age.may_be_older(known.decided_at):
        return False
    return known.said_at is not None and known.said_at < registration.age.earliest
