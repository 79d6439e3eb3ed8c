"""Who is who (design §4): the patients of one clinic whom a batch of registrations may be about."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from scheduler.store.batches import where_each
from scheduler.store.database import Tx
from scheduler.store.patients import Person, Traits, read_person
from scheduler.store.tables import appointments, patients


class People:
    """Finds persons among those that were looked up and those that were added since."""

    def __init__(self, found: Iterable[Person] = ()) -> None:
        self._people: dict[int, Person] = {}
        self._by_ref: dict[bytes, int] = {}
        self._by_name: defaultdict[bytes, list[int]] = defaultdict(list)
        for person in found:
            self.put(person)

    def __getitem__(self, patient_id: int) -> Person:
        """Return the person of that id. Raises KeyError for one who was neither looked up nor added."""
        return self._people[patient_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._people)

    def put(self, person: Person) -> None:
        """Add a person, or take the place of what was known of one."""
        number, traits = person.patient.id, person.traits
        self._people[number] = person
        if traits.ref:
            self._by_ref[traits.ref] = number
        namesakes = self._by_name[traits.name]
        if number not in namesakes:
            insort(namesakes, number)

    def find(self, wanted: Traits) -> Person | None:
        """Find who is meant: by the clinic's own id, else the oldest of that name with the same phone or email.

        Never by a phone alone: families share them. With an own id that is not known yet, only a patient who has
        none is taken for the same.
        """
        if wanted.ref and wanted.ref in self._by_ref:
            return self._people[self._by_ref[wanted.ref]]
        namesakes = (self._people[number] for number in self._by_name.get(wanted.name, ()))
        return next((person for person in namesakes if _is_same(person.traits, wanted)), None)


def _is_same(known: Traits, wanted: Traits) -> bool:
    same_address = (known.phone and known.phone == wanted.phone) or (known.email and known.email == wanted.email)
    return known.name == wanted.name and bool(same_address) and not (wanted.ref and known.ref)


def find_people(
    tx: Tx,
    clinic: str,
    wanted: Sequence[Traits],
    external_ids: Iterable[str],
    numbers: Iterable[int] = (),
    *,
    hold: bool,
) -> People:
    """Return all whom `People.find` may find for these, the patients of these appointments, and those of `numbers`.

    `hold`: nobody else changes them until the commit.
    """
    here, named = patients.c.clinic == clinic, appointments.c.clinic == clinic
    by_address = sa.or_(
        patients.c.phone_hash.in_(_known(it.phone for it in wanted)),
        patients.c.email_hash.in_(_known(it.email for it in wanted)),
    )
    meant = sa.union(
        sa.select(patients.c.id).where(here, patients.c.id.in_(sorted(set(numbers)))),
        where_each(tx, patients.c.id, patients.c.ref_hash, _known(it.ref for it in wanted), here),
        where_each(tx, patients.c.id, patients.c.name_hash, _known(it.name for it in wanted), here, by_address),
        where_each(tx, appointments.c.patient_id, appointments.c.external_id, external_ids, named),
    )
    found = sa.select(patients).where(patients.c.id.in_(meant)).order_by(patients.c.id)
    rows = tx.connection.execute(found.with_for_update(key_share=True) if hold else found)
    return People(read_person(tx.vault, row) for row in rows)


def _known(hashes: Iterable[bytes | None]) -> list[bytes]:
    return list({it for it in hashes if it})
