"""Registers appointments: patient, consent, appointment and its planned messages, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduler.clock import Clock
from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.why import Why
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.book import Book, open_book
from scheduler.services.intake import CallOff, Registration
from scheduler.services.people import find_registered, follow_up, refuse_other_particulars, take_in
from scheduler.services.schedule import first_plan
from scheduler.store.appointments import StoredAppointment, set_appointment_status, set_external_id
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
    why: tuple[Why, ...] = ()
    """The same as codes, where pages say it in other languages."""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Takes checked registrations into the store.

    `follow` says what a changed appointment means: an import follows the booking system; a single
    registration (CLI, REST) refuses, so that a slip of the hand moves nobody. `exact` refuses other particulars of
    its patient too: for programs, which send the same again when they did not hear an answer.
    """

    configuration: Configuration
    clock: Clock
    by: str
    follow: bool = False
    exact: bool = False

    def register(self, tx: Tx, registration: Registration) -> Registered:
        """Register one appointment, or follow what changed. The caller commits.

        Raises ConflictError, before anything is written, for a change that can't be followed.
        """
        book = self.open(tx, registration.clinic, [registration])
        done = self.enter(book, registration)
        book.write()
        return done

    def open(
        self, tx: Tx, clinic: str, registrations: Sequence[Registration], called_off: Sequence[CallOff] = ()
    ) -> Book:
        """Open the book in which these, all of one clinic, are then entered. Whoever has entered them writes it."""
        named = [it.external_id for it in called_off]
        return open_book(tx, clinic, registrations, named, now=self.clock.now(), by=self.by)

    def enter(self, book: Book, registration: Registration) -> Registered:
        """Enter one of the registrations that the book was opened for; as if they came one by one.

        Raises ConflictError, before anything is changed, for a change that can't be followed.
        """
        known = self.find(book, registration)
        if registration.status in CALLED_OFF:
            return self._end(book, known, registration.status)
        return self._add(book, registration) if known is None else self._follow(book, known, registration)

    def call_off(self, book: Book, said: CallOff) -> Registered | None:
        """Call off the appointment of that id, for which the book was opened; None if none is called so."""
        known = book.find_named(said.external_id)
        return self._end(book, known, said.status) if known else None

    def find(self, book: Book, registration: Registration) -> StoredAppointment | None:
        """Find the appointment that a registration is about, changing nothing; None for a new one.

        One that was entered by hand is met again when the booking system names it. Raises ConflictError.
        """
        named = registration.external_id
        if named and (known := book.find_named(named)):
            return known
        person = find_registered(book, registration)
        return book.find_same(person.patient.id, registration) if person else None

    def _end(self, book: Book, known: StoredAppointment | None, status: AppointmentStatus) -> Registered:
        if known is None:
            said = f"{SAID[status]}, and was never registered"
            return Registered(Result.UNCHANGED, None, said, (Why(f"never_{status}"),))
        if known.status is status:
            return Registered(Result.UNCHANGED, known.id)
        book.change(known, lambda tx: call_off(tx, known.id, status, now=book.now, by=book.by))
        return Registered(Result.CANCELLED, known.id, SAID[status], (Why(f"off_{status}"),))

    def _add(self, book: Book, registration: Registration) -> Registered:
        clinic = self.configuration.clinic(registration.clinic)
        protocol = self.configuration.protocol_for(clinic.id, registration.treatment)
        patient = take_in(book, registration, clinic)
        added = StoredAppointment(
            id=book.next_visit_id(),
            clinic=clinic.id,
            patient_id=patient.id,
            external_id=registration.external_id,
            treatment=registration.treatment,
            starts_at=registration.starts_at,
            ends_at=registration.ends_at,
            status=registration.status or AppointmentStatus.BOOKED,
            protocol_digest=protocol.digest,
        )
        book.add_visit(first_plan(self.configuration, added, patient, now=book.now), protocol)
        return Registered(Result.REGISTERED, added.id)

    def _follow(self, book: Book, known: StoredAppointment, registration: Registration) -> Registered:
        self._refuse(known, registration)
        if self.exact:
            refuse_other_particulars(book, known, registration, self.configuration.clinic(registration.clinic))
        follow_up(book, known, registration, self.configuration.clinic(registration.clinic))
        if (named := registration.external_id) and not known.external_id:
            book.change(known, lambda tx: set_external_id(tx, known.id, named, now=book.now))
        if _stays_off(known, registration):
            why = Why(f"stays_{known.status}")
            return Registered(Result.UNCHANGED, known.id, STAYS_OFF[known.status], (why,))
        moved, again = _moved(known, registration), known.status in CALLED_OFF
        current = self._move(book, known, registration) if moved or again else known
        if registration.status is AppointmentStatus.COMPLETED and current.status is not registration.status:
            completed = registration.status
            book.change(known, lambda tx: set_appointment_status(tx, known.id, completed, now=book.now, by=book.by))
        if moved or again:
            if moved:
                return Registered(Result.RESCHEDULED, known.id)
            return Registered(Result.RESCHEDULED, known.id, "booked again", (Why("booked_again"),))
        return Registered(Result.UNCHANGED, known.id)

    def _move(self, book: Book, known: StoredAppointment, registration: Registration) -> StoredAppointment:
        starts_at, ends_at = registration.starts_at, registration.ends_at
        return book.change(
            known,
            lambda tx: reschedule(
                tx, self.configuration, known, starts_at=starts_at, ends_at=ends_at, now=book.now, by=book.by
            ),
        )

    def _refuse(self, known: StoredAppointment, registration: Registration) -> None:
        """Raise ConflictError for what can't be followed."""
        if registration.treatment != known.treatment:
            raise ConflictError(
                f"appointment {known.id} is for {known.treatment}, not {registration.treatment}: cancel it and "
                "register the new one with an external_id of its own",
                code="other_treatment",
                visit=known.id,
                treatment=known.treatment,
            )
        if self.follow:
            return
        named = f" (external_id {known.external_id})" if known.external_id else ""
        if known.status in CALLED_OFF:
            raise ConflictError(
                f"this is appointment {known.id}{named}, {SAID[known.status]}: "
                f"book it again with `aftercare reschedule {known.id} --at …`",
                code="called_off",
                visit=known.id,
            )
        if _moved(known, registration):
            raise ConflictError(
                f"this is appointment {known.id}{named}, registered for another time: "
                f"move it with `aftercare reschedule {known.id} --at …`",
                code="other_time",
                visit=known.id,
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
