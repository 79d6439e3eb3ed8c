"""Registers one appointment: patient, consent, appointment and its planned messages, in one transaction."""

from dataclasses import dataclass
from enum import StrEnum

from scheduler.clock import Clock
from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.intake import CallOff, Registration
from scheduler.services.people import find_registered, follow_up, take_in
from scheduler.services.schedule import plan_anew
from scheduler.store.appointments import (
    StoredAppointment,
    add_appointment,
    find_by_external_id,
    find_same,
    get_appointment,
    set_appointment_status,
    set_external_id,
)
from scheduler.store.database import Tx

SAID = {AppointmentStatus.CANCELLED: "cancelled", AppointmentStatus.NO_SHOW: "no-show"}
STAYS_OFF = {
    AppointmentStatus.CANCELLED: "cancelled here; say booked in the status column or reschedule to book it again",
    AppointmentStatus.NO_SHOW: "no-show here; say completed in the status column, or reschedule, if that is wrong",
}


class Result(StrEnum):
    """What became of a registration."""

    REGISTERED = "registered"
    UNCHANGED = "unchanged"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Registered:
    """The result, the appointment where there is one, and a reason in words where there is something to say."""

    result: Result
    appointment: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Takes checked registrations into the store.

    `follow` says what a changed appointment means: an import follows the booking system; a single
    registration (CLI, REST) refuses, so that a slip of the hand moves nobody.
    """

    configuration: Configuration
    clock: Clock
    by: str
    follow: bool = False

    def register(self, tx: Tx, registration: Registration) -> Registered:
        """Register, or follow what changed. The caller commits.

        Raises ConflictError, before anything is written, for a change that can't be followed.
        """
        known = self._known(tx, registration)
        if registration.status in CALLED_OFF:
            return self._end(tx, known, registration.status)
        return self._add(tx, registration) if known is None else self._follow(tx, known, registration)

    def call_off(self, tx: Tx, said: CallOff) -> Registered | None:
        """Call off the appointment of that id; None if none is called so. The caller commits."""
        known = find_by_external_id(tx, said.clinic, said.external_id)
        return self._end(tx, known, said.status) if known else None

    def _known(self, tx: Tx, registration: Registration) -> StoredAppointment | None:
        """Find the appointment; one that was entered by hand is met again when the booking system names it."""
        named = registration.external_id
        if named and (known := find_by_external_id(tx, registration.clinic, named)):
            return known
        patient = find_registered(tx, registration)
        if patient is None:
            return None
        return find_same(tx, patient.id, registration.treatment, registration.starts_at, without_id=bool(named))

    def _end(self, tx: Tx, known: StoredAppointment | None, status: AppointmentStatus) -> Registered:
        if known is None:
            return Registered(Result.UNCHANGED, None, f"{SAID[status]}, and was never registered")
        if known.status is status:
            return Registered(Result.UNCHANGED, known.id)
        call_off(tx, known.id, status, now=self.clock.now(), by=self.by)
        return Registered(Result.CANCELLED, known.id, SAID[status])

    def _add(self, tx: Tx, registration: Registration) -> Registered:
        now = self.clock.now()
        clinic = self.configuration.clinic(registration.clinic)
        patient = take_in(tx, registration, clinic, now=now, by=self.by)
        added = add_appointment(
            tx,
            clinic=clinic.id,
            patient_id=patient.id,
            treatment=registration.treatment,
            external_id=registration.external_id,
            starts_at=registration.starts_at,
            ends_at=registration.ends_at,
            now=now,
            by=self.by,
        )
        if registration.status is AppointmentStatus.COMPLETED:
            set_appointment_status(tx, added.id, registration.status, now=now, by=self.by)
        plan_anew(tx, self.configuration, get_appointment(tx, added.id), patient, now=now, by=self.by)
        return Registered(Result.REGISTERED, added.id)

    def _follow(self, tx: Tx, known: StoredAppointment, registration: Registration) -> Registered:
        self._refuse(known, registration)
        now = self.clock.now()
        clinic = self.configuration.clinic(registration.clinic)
        follow_up(tx, known, registration, clinic, now=now, by=self.by)
        if registration.external_id and not known.external_id:
            set_external_id(tx, known.id, registration.external_id, now=now)
        if _stays_off(known, registration):
            return Registered(Result.UNCHANGED, known.id, STAYS_OFF[known.status])
        moved, again = _moved(known, registration), known.status in CALLED_OFF
        if moved or again:
            reschedule(
                tx,
                self.configuration,
                known,
                starts_at=registration.starts_at,
                ends_at=registration.ends_at,
                now=now,
                by=self.by,
            )
        if registration.status is AppointmentStatus.COMPLETED:
            set_appointment_status(tx, known.id, registration.status, now=now, by=self.by)
        if moved or again:
            return Registered(Result.RESCHEDULED, known.id, "" if moved else "booked again")
        return Registered(Result.UNCHANGED, known.id)

    def _refuse(self, known: StoredAppointment, registration: Registration) -> None:
        """Raise ConflictError for what can't be followed."""
        if registration.treatment != known.treatment:
            raise ConflictError(
                f"appointment {known.id} is for {known.treatment}, not {registration.treatment}: cancel it and "
                "register the new one with an external_id of its own"
            )
        if self.follow:
            return
        named = f" (external_id {known.external_id})" if known.external_id else ""
        if known.status in CALLED_OFF:
            raise ConflictError(
                f"this is appointment {known.id}{named}, {SAID[known.status]}: "
                f"book it again with `aftercare reschedule {known.id} --at …`"
            )
        if _moved(known, registration):
            raise ConflictError(
                f"this is appointment {known.id}{named}, registered for another time: "
                f"move it with `aftercare reschedule {known.id} --at …`"
            )


def _moved(known: StoredAppointment, registration: Registration) -> bool:
    ends_at = registration.ends_at or known.ends_at
    return registration.starts_at != known.starts_at or (ends_at != known.ends_at)


def _stays_off(known: StoredAppointment, registration: Registration) -> bool:
    """Whether a visit that was called off is not on again: it has its old start, and nothing says that it is on.

    One that was missed is on again only if it took place: many exports go on saying "booked".
    """
    if known.status not in CALLED_OFF or registration.starts_at != known.starts_at:
        return False
    if known.status is AppointmentStatus.NO_SHOW:
        return registration.status is not AppointmentStatus.COMPLETED
    return registration.status is None
