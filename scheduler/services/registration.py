"""Registers one appointment: patient, consent, appointment and its planned messages, in one transaction."""

from dataclasses import dataclass
from enum import StrEnum

from scheduler.clock import Clock
from scheduler.domain.appointment import AppointmentStatus
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.appointments import CALLED_OFF, call_off, reschedule
from scheduler.services.intake import Registration
from scheduler.services.people import find_registered, follow_up, take_in
from scheduler.services.schedule import plan_anew
from scheduler.store.appointments import (
    StoredAppointment,
    add_appointment,
    find_by_external_id,
    find_same,
    get_appointment,
    set_appointment_status,
)
from scheduler.store.database import Tx

SAID = {AppointmentStatus.CANCELLED: "cancelled", AppointmentStatus.NO_SHOW: "no-show"}


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
        return self._add(tx, registration) if known is None else self._follow(tx, known, registration)

    def _known(self, tx: Tx, registration: Registration) -> StoredAppointment | None:
        if registration.external_id:
            return find_by_external_id(tx, registration.clinic, registration.external_id)
        patient = find_registered(tx, registration)
        if patient is None:
            return None
        return find_same(tx, patient.id, registration.treatment, registration.starts_at)

    def _add(self, tx: Tx, registration: Registration) -> Registered:
        if registration.status in CALLED_OFF:
            return Registered(Result.UNCHANGED, None, f"{SAID[registration.status]}, and was never registered")
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
        if registration.status in CALLED_OFF:
            call_off(tx, known.id, registration.status, now=now, by=self.by)
            changed = known.status is not registration.status
            return Registered(
                Result.CANCELLED if changed else Result.UNCHANGED,
                known.id,
                SAID[registration.status] if changed else "",
            )
        moved, again = _moved(known, registration), _booked_again(known, registration)
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
        if not self.follow and _moved(known, registration):
            named = f" (external_id {known.external_id})" if known.external_id else ""
            raise ConflictError(
                f"this is appointment {known.id}{named}, registered for another time: "
                f"move it with `aftercare reschedule {known.id} --at …`"
            )


def _moved(known: StoredAppointment, registration: Registration) -> bool:
    ends_at = registration.ends_at or known.ends_at
    return registration.starts_at != known.starts_at or (ends_at != known.ends_at)


def _booked_again(known: StoredAppointment, registration: Registration) -> bool:
    """Whether a visit that was called off is on again at the same time.

    One that was missed is so only if the clinic now says that it took place: many exports go on saying "booked".
    """
    if known.status is AppointmentStatus.NO_SHOW:
        return registration.status is AppointmentStatus.COMPLETED
    return known.status is AppointmentStatus.CANCELLED
