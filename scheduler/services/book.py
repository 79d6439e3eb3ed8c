"""The book of one batch of registrations: what the store knows of them, and what they add, written all at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.consent import Entry
from scheduler.domain.protocol import Protocol
from scheduler.services.intake import CallOff, Registration
from scheduler.store.appointments import (
    StoredAppointment,
    add_appointments,
    get_appointment,
    has_double,
    set_external_id,
)
from scheduler.store.bulk import reserve
from scheduler.store.consents import add_entries
from scheduler.store.database import Tx
from scheduler.store.known import Known, Wanted, look_up
from scheduler.store.never_registered import Off, find_never_registered, keep_never_registered, marks_of
from scheduler.store.patients import Patient, Person, Traits, add_patients, described, traits_of, update_patient
from scheduler.store.plans import Plan, add_first_plans
from scheduler.store.versions import remember

_Who = tuple[str | None, str, str | None, str | None]


@dataclass(slots=True)
class Book:
    """Answers from memory; what is new waits in it until `write`. Belongs to one transaction of one clinic.

    What is known is changed by statements of its own: a visit by `change`, a person by `update_person`.
    """

    tx: Tx
    clinic: str
    now: datetime
    by: str
    _known: Known
    _traits: dict[_Who, Traits]
    _person_ids: Iterator[int]
    _visit_ids: Iterator[int]
    _never_registered: dict[str, Off]
    _most: int
    _new_people: dict[int, Person] = field(default_factory=dict)
    _new_visits: dict[int, StoredAppointment] = field(default_factory=dict)
    _entries: list[tuple[int, Entry]] = field(default_factory=list)
    _plans: list[Plan] = field(default_factory=list)
    _protocols: dict[str, Protocol] = field(default_factory=dict)
    _new_never: dict[str, Off] = field(default_factory=dict)

    def traits(self, registration: Registration) -> Traits:
        """Return what the registration's patient is found by."""
        return self._traits[_who(registration)]

    def find_person(self, registration: Registration) -> Person | None:
        """Find whom a registration is about."""
        if registration.patient is not None:
            return self.person(registration.patient)
        return self._known.people.find(self.traits(registration))

    def person(self, patient_id: int) -> Person:
        """Return the patient of a visit that was found."""
        return self._known.people[patient_id]

    def find_named(self, external_id: str) -> StoredAppointment | None:
        """Find what the clinic's booking system calls `external_id`."""
        return self._known.visits.named(external_id)

    def find_same(self, patient_id: int, registration: Registration) -> StoredAppointment | None:
        """Find the patient's visit for that treatment at that start; of two ids, each has its own."""
        named = bool(registration.external_id)
        return self._known.visits.same(patient_id, registration.treatment, registration.starts_at, without_id=named)

    def add_person(self, registration: Registration) -> Person:
        """Add the patient of a registration, whom nobody has found."""
        patient = Patient(
            id=next(self._person_ids),
            clinic=registration.clinic,
            ref=registration.patient_ref,
            name=registration.name,
            phone=registration.phone,
            email=registration.email,
            language=registration.language,
            timezone=registration.timezone,
        )
        person = Person(patient, self.traits(registration))
        self._new_people[patient.id] = person
        self._known.people.put(person)
        return person

    def update_person(self, patient: Patient) -> Person:
        """Take a patient as given in the place of what was known of that one."""
        person = described(self.tx.vault, patient)
        if patient.id in self._new_people:
            self._new_people[patient.id] = person
        else:
            update_patient(self.tx, person, now=self.now)
        self._known.people.put(person)
        return person

    def ledger(self, patient_id: int) -> tuple[Entry, ...]:
        """Return a patient's consents, with those of this book."""
        return self._known.ledgers.get(patient_id, ())

    def add_entries(self, patient_id: int, entries: Sequence[Entry]) -> None:
        """Add lines to a patient's consents."""
        if entries:
            self._known.ledgers[patient_id] = (*self.ledger(patient_id), *entries)
            self._entries += [(patient_id, entry) for entry in entries]

    def patient_of(self, visit_id: int) -> int:
        """Return the patient of a visit that was found or added."""
        return self._known.visits[visit_id].patient_id

    def said_of(self, patient_id: int) -> datetime | None:
        """Return how new the newest dated word is on a visit of that patient."""
        return self._known.said.get(patient_id)

    def note_said_of(self, patient_id: int, said_at: datetime | None) -> None:
        """Keep how new a word is on a visit of that patient, which was taken."""
        known = self.said_of(patient_id)
        if said_at and (known is None or known < said_at):
            self._known.said[patient_id] = said_at

    def next_visit_id(self) -> int:
        """Return the id of a visit that is to be added."""
        return next(self._visit_ids)

    def add_visit(self, plan: Plan, protocol: Protocol) -> None:
        """Add a visit with its plan, made by that version of its protocol."""
        self._protocols[protocol.digest] = protocol
        visit = plan.appointment
        self._new_visits[visit.id] = visit
        self._plans.append(plan)
        self._known.visits.put(visit)

    def change(self, visit: StoredAppointment, how: Callable[[Tx], object]) -> StoredAppointment:
        """Change a visit, and what belongs to it, by statements; return it as it is then."""
        if visit.id in self._new_visits:
            self.write()
        how(self.tx)
        changed = get_appointment(self.tx, visit.id)
        self._known.visits.put(changed)
        return changed

    def free_id(self, visit: StoredAppointment) -> None:
        """Take its id away from a visit that was called off: it goes to another, with which nobody reckoned."""
        named = f"{visit.external_id} ({visit.id})" if has_double(self.tx, visit) else None
        self.change(visit, lambda tx: set_external_id(tx, visit.id, named, now=self.now))
        self.write()  # before more numbers are taken
        self._person_ids, self._visit_ids = (_ids(self.tx, it, self._most) for it in ("patients", "appointments"))

    def off_before(self, external_id: str) -> Off | None:
        """Return what is known of a booking that was called off before anybody knew it."""
        return self._never_registered.get(external_id)

    def is_anothers(self, off: Off, said: Registration) -> bool:
        """Whether a booking that was called off was for somebody else than is registered now."""
        return off.is_anothers(self._marks(said))

    def keep_off(self, said: CallOff, said_at: datetime) -> None:
        """Keep that a booking that nobody knows was called off then, by its source's clock."""
        known = self.off_before(said.external_id)
        if known is None or known.said_at < said_at:
            off = Off(said_at, self._marks(said) or (known.marks if known else frozenset()))
            self._never_registered[said.external_id] = self._new_never[said.external_id] = off

    def _marks(self, said: Registration | CallOff) -> frozenset[bytes]:
        return marks_of(self.tx.vault, name=said.name, phone=said.phone, email=said.email)

    def write(self) -> None:
        """Write what is new. The caller commits."""
        add_patients(self.tx, self._new_people.values(), now=self.now)
        add_entries(self.tx, self._entries, by=self.by)
        add_appointments(self.tx, list(self._new_visits.values()), now=self.now, by=self.by)
        remember(self.tx, self._protocols.values(), now=self.now)
        add_first_plans(self.tx, self._plans, now=self.now)
        keep_never_registered(self.tx, self.clinic, self._new_never, now=self.now)
        for written in (
            self._new_people,
            self._entries,
            self._new_visits,
            self._plans,
            self._protocols,
            self._new_never,
        ):
            written.clear()


def open_book(
    tx: Tx,
    clinic: str,
    registrations: Sequence[Registration],
    called_off: Sequence[CallOff] = (),
    *,
    now: datetime,
    by: str,
) -> Book:
    """Look up what registrations and cancellations of one clinic may be about; hold it until the commit."""
    traits = {
        who: traits_of(tx.vault, ref=who[0], name=who[1], phone=who[2], email=who[3])
        for who in {_who(it) for it in registrations}
    }
    wanted = [Wanted(traits[_who(it)], it.external_id, it.starts_at, it.patient) for it in registrations]
    dated = any(it.age for it in registrations)
    known = look_up(tx, clinic, wanted, [it.external_id for it in called_off], dated=dated)
    new = sum(1 for it in registrations if not (it.external_id and known.visits.named(it.external_id)))
    said = [*((it.external_id, it.age) for it in registrations), *((it.external_id, it.age) for it in called_off)]
    aged = {external_id for external_id, age in said if external_id and age}
    never = find_never_registered(tx, clinic, (it for it in aged if not known.visits.named(it)))
    people, visits = _ids(tx, "patients", new), _ids(tx, "appointments", new)
    return Book(tx, clinic, now, by, known, traits, people, visits, never, len(registrations))


def _who(registration: Registration) -> _Who:
    return registration.patient_ref, registration.name, registration.phone, registration.email


def _ids(tx: Tx, table: str, count: int) -> Iterator[int]:
    """Yield ids for new rows; none is taken before one is needed."""
    yield from reserve(tx, table, count)
