"""Registers appointments: patient, consent, appointment and its planned messages, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduler.clock import Clock
from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.why import Why
from scheduler.domain.word import WordAge
from scheduler.protocols.configuration import Configuration
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.book import Book, open_book
from scheduler.services.differing import (
    SAID,
    STAYS_OFF,
    moves,
    refuse_change,
    refuse_other_treatment,
    stays_off,
)
from scheduler.services.intake import CallOff, Registration
from scheduler.services.order import anothers_off, decided_since, keep_age, older_than, refuse_ahead
from scheduler.services.people import (
    find_registered,
    follow_up,
    names_another,
    passed_over,
    refuse_anothers,
    refuse_other_particulars,
    take_in,
)
from scheduler.services.schedule import first_plan
from scheduler.store.appointments import StoredAppointment, set_appointment_status, set_external_id
from scheduler.store.database import Tx


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
    its patient too: for programs, which send the same again when they did not hear an answer. `decides`: a person
    says it, so that no older word of a source undoes it.

    Of two words that follow each other in the wrong order the newer counts, where both say how old they are; one
    that does not is as new as its arrival.
    """

    configuration: Configuration
    clock: Clock
    by: str
    follow: bool = False
    exact: bool = False
    decides: bool = False

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
        return open_book(tx, clinic, registrations, called_off, now=self.clock.now(), by=self.by)

    def enter(self, book: Book, registration: Registration) -> Registered:
        """Enter one of the registrations that the book was opened for; as if they came one by one.

        Raises ConflictError, before anything is changed, for a change that can't be followed.
        """
        known = self.find(book, registration)
        if known and self._is_free(book, known, registration):
            book.free_id(known)
            known = self.find(book, registration)
        if known is None:
            return self._enter_new(book, registration)
        if older := self._look(book, known, registration):
            return older
        if registration.status in CALLED_OFF:
            return self._end(book, known, registration.status, registration.age)
        return _with_passed_over(book, self._follow(book, known, registration), registration)

    def call_off(self, book: Book, said: CallOff) -> Registered | None:
        """Call off the appointment of that id, for which the book was opened; None if none is called so.

        Raises ConflictError where it is said of somebody else than the appointment is for.
        """
        known = book.find_named(said.external_id)
        if known:
            refuse_other_treatment(known, said)
            return self._look(book, known, said) or self._end(book, known, said.status, said.age)
        refuse_ahead(said.age, book.now)
        if said.age and said.age.instant:
            book.keep_off(said, said.age.instant)
        return None

    def end(self, book: Book, known: StoredAppointment, status: AppointmentStatus, age: WordAge | None) -> Registered:
        """Call off an appointment that was found by other names than its id, unless that is an older word."""
        if age and age.is_older(known.said_at):
            return _unchanged(known.id, older_than(known.said_at))
        return self._end(book, known, status, age)

    def find(self, book: Book, registration: Registration) -> StoredAppointment | None:
        """Find the appointment that a registration is about, changing nothing; None for a new one.

        One that was entered by hand is met again when the booking system names it. Raises ConflictError.
        """
        named = registration.external_id
        if named and (known := book.find_named(named)):
            return known
        person = find_registered(book, registration)
        return book.find_same(person.patient.id, registration) if person else None

    def _is_free(self, book: Book, known: StoredAppointment, registration: Registration) -> bool:
        """Whether the id of an appointment that was called off may go to somebody else, of whom it is said anew.

        Raises ConflictError for what could not be registered then.
        """
        if not self.follow or known.status not in CALLED_OFF or registration.external_id != known.external_id:
            return False
        if registration.status in CALLED_OFF or (registration.age and registration.age.is_older(known.said_at)):
            return False
        if not names_another(book, known, registration):
            return False
        refuse_ahead(registration.age, book.now)
        find_registered(book, registration)
        return True

    def _look(self, book: Book, known: StoredAppointment, said: Registration | CallOff) -> Registered | None:
        """Look who is meant, and how old the word is; return what is said of an older one.

        Raises ConflictError for somebody else's appointment, and for what was said days from now.
        """
        if said.external_id:
            refuse_anothers(book.person(known.patient_id).patient, known, said)
        refuse_ahead(said.age, book.now)
        if self.follow and said.age and said.age.is_older(known.said_at):
            return _unchanged(known.id, older_than(known.said_at))
        return None

    def _enter_new(self, book: Book, registration: Registration) -> Registered:
        refuse_ahead(registration.age, book.now)
        if registration.status in CALLED_OFF:
            said = f"{SAID[registration.status]}, and was never registered"
            return Registered(Result.UNCHANGED, None, said, (Why(f"never_{registration.status}"),))
        off = book.off_before(registration.external_id) if registration.external_id else None
        if off and registration.age and registration.age.is_older(off.said_at):
            if book.is_anothers(off, registration):
                raise anothers_off(registration.external_id)
            return _unchanged(None, older_than(off.said_at))
        return _with_passed_over(book, self._add(book, registration), registration)

    def _end(
        self, book: Book, known: StoredAppointment, status: AppointmentStatus, age: WordAge | None
    ) -> Registered:
        if known.status is status:
            keep_age(book, known, age)
            return Registered(Result.UNCHANGED, known.id)
        if age and age.may_be_older(known.decided_at):
            keep_age(book, known, age)
            return _unchanged(known.id, decided_since(known.decided_at))
        book.change(known, lambda tx: call_off(tx, known.id, status, now=book.now, by=book.by, decided=self.decides))
        keep_age(book, known, age)
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
            said_at=registration.age.instant if registration.age else None,
        )
        book.add_visit(first_plan(self.configuration, added, patient, now=book.now), protocol)
        book.note_said_of(patient.id, added.said_at)
        return Registered(Result.REGISTERED, added.id)

    def _follow(self, book: Book, known: StoredAppointment, registration: Registration) -> Registered:
        refuse_change(known, registration, follow=self.follow)
        if self.exact:
            refuse_other_particulars(book, known, registration, self.configuration.clinic(registration.clinic))
        follow_up(book, known, registration, self.configuration.clinic(registration.clinic))
        if (named := registration.external_id) and not known.external_id:
            book.change(known, lambda tx: set_external_id(tx, known.id, named, now=book.now))
        keep_age(book, known, registration.age)
        if stays_off(known, registration):
            why = Why(f"stays_{known.status}")
            return Registered(Result.UNCHANGED, known.id, STAYS_OFF[known.status], (why,))
        moved, again = moves(known, registration), known.status in CALLED_OFF
        completed = registration.status is AppointmentStatus.COMPLETED and known.status is not registration.status
        if not (moved or again or completed):
            return Registered(Result.UNCHANGED, known.id)
        if registration.age and registration.age.may_be_older(known.decided_at):
            return _unchanged(known.id, decided_since(known.decided_at))
        return self._change(book, known, registration)

    def _change(self, book: Book, known: StoredAppointment, registration: Registration) -> Registered:
        """Move a visit, book it again or complete it."""
        moved, again = moves(known, registration), known.status in CALLED_OFF
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
                tx,
                self.configuration,
                known,
                starts_at=starts_at,
                ends_at=ends_at,
                now=book.now,
                by=book.by,
                decided=self.decides,
            ),
        )


def _with_passed_over(book: Book, done: Registered, registration: Registration) -> Registered:
    """Say too what was not taken of the person, since it was said anew later."""
    if done.appointment is None or not (fields := passed_over(book, book.patient_of(done.appointment), registration)):
        return done
    later = f"{registration.behind} says" if registration.behind else "what was said later says"
    said = f"{', '.join(fields)}: {later} otherwise, and that counts"
    why = Why("person_said_later")
    return replace(done, reason="; ".join(filter(None, (done.reason, said))), why=(*done.why, why))


def _unchanged(visit: int | None, said: tuple[str, Why]) -> Registered:
    reason, why = said
    return Registered(Result.UNCHANGED, visit, reason, (why,))
