"""The patients of the clinics: sealed at rest, with the keyed hashes by which `people` finds them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.protocol import Channel
from scheduler.errors import KeysError, NotFoundError
from scheduler.store.bulk import Plain, insert_rows
from scheduler.store.columns import instant_text
from scheduler.store.database import Tx
from scheduler.store.name_tokens import Named, add_name_tokens, renew_name_tokens
from scheduler.store.names import email_hash, name_hash, phone_hash, ref_hash
from scheduler.store.tables import patients
from scheduler.store.vault import Vault

_VALUES = (
    "ref_sealed",
    "ref_hash",
    "name_sealed",
    "name_hash",
    "phone_sealed",
    "phone_hash",
    "email_sealed",
    "email_hash",
    "language",
    "timezone",
)
_ADDED = ("id", "clinic", *_VALUES, "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Patient:
    """A person of one clinic, opened. `ref` is the clinic's own patient id, `phone` is E.164.

    `page_epoch` is in the links to the patient's pages: one more revokes those that were given out.
    """

    id: int
    clinic: str
    ref: str | None = field(repr=False)
    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: str | None
    timezone: str | None
    page_epoch: int = 0

    @property
    def is_erased(self) -> bool:
        """Whether its data were erased: nobody is registered without a name."""
        return not self.name

    def address(self, channel: Channel) -> str | None:
        """Return where the patient is reached by a channel."""
        return self.phone if channel is Channel.SMS else self.email


@dataclass(frozen=True, slots=True)
class Traits:
    """What a person is found by: keyed hashes of the normalised texts, None for what is not known."""

    ref: bytes | None = field(repr=False)
    name: bytes = field(repr=False)
    phone: bytes | None = field(repr=False)
    email: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """A patient with its traits."""

    patient: Patient
    traits: Traits


def get_patient(tx: Tx, patient_id: int) -> Patient:
    """Return a patient. Raises NotFoundError."""
    row = _first(tx, patients.c.id == patient_id)
    if row is None:
        raise NotFoundError(f"there is no patient {patient_id}")
    return read_patient(tx.vault, row)


def peek_patient(tx: Tx, patient_id: int) -> Patient:
    """Return a patient as it stands, also in a writing transaction, which does not hold it: see `hold_patients`.

    For whoever has taken messages already and changes nothing of the patient. Raises NotFoundError, KeysError.
    """
    row = tx.connection.execute(sa.select(patients).where(patients.c.id == patient_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no patient {patient_id}")
    return read_patient(tx.vault, row)


def find_by_ref(tx: Tx, clinic: str, ref: str) -> Patient | None:
    """Find whom a clinic calls by that id of its own."""
    row = _first(tx, patients.c.clinic == clinic, patients.c.ref_hash == ref_hash(tx.vault, ref))
    return read_patient(tx.vault, row) if row else None


def add_patients(tx: Tx, people: Iterable[Person], *, now: datetime) -> None:
    """Add patients under the ids that they have: `bulk.reserve` gave them.

    The caller commits, and has looked with `known.look_up` before: they are nobody who is there already.
    """
    at, added = instant_text(now), list(people)
    rows = [(who.patient.id, who.patient.clinic, *_values(tx.vault, who), at, at) for who in added]
    insert_rows(tx, "patients", _ADDED, rows)
    add_name_tokens(tx, [_named(who.patient) for who in added])


def update_patient(tx: Tx, person: Person, *, now: datetime) -> None:
    """Store a patient as given: pass `described(vault, replace(found, phone=...))`. The clinic never changes."""
    values = dict(zip(_VALUES, _values(tx.vault, person), strict=True))
    tx.connection.execute(
        sa.update(patients).where(patients.c.id == person.patient.id).values(**values, updated_at=now)
    )
    renew_name_tokens(tx, _named(person.patient))


def described(vault: Vault, patient: Patient) -> Person:
    """Return a patient with its traits."""
    traits = traits_of(vault, ref=patient.ref, name=patient.name, phone=patient.phone, email=patient.email)
    return Person(patient, traits)


def traits_of(vault: Vault, *, ref: str | None, name: str, phone: str | None, email: str | None) -> Traits:
    """Return what a person of that clinic's own id, name, phone (E.164) and email is found by."""
    return Traits(
        ref=ref_hash(vault, ref) if ref else None,
        name=name_hash(vault, name),
        phone=phone_hash(vault, phone) if phone else None,
        email=email_hash(vault, email) if email else None,
    )


def read_person(vault: Vault, row: sa.Row[Any]) -> Person:
    """Open a row that has the columns of `patients`, with its traits."""
    return Person(read_patient(vault, row), Traits(row.ref_hash, row.name_hash, row.phone_hash, row.email_hash))


def read_patient(vault: Vault, row: sa.Row[Any]) -> Patient:
    """Open a row that has the columns of `patients`."""
    return Patient(
        id=row.id,
        clinic=row.clinic,
        ref=vault.open_or_none(row.ref_sealed, of="patients.ref"),
        name=vault.open(row.name_sealed, of="patients.name"),
        phone=vault.open_or_none(row.phone_sealed, of="patients.phone"),
        email=vault.open_or_none(row.email_sealed, of="patients.email"),
        language=row.language,
        timezone=row.timezone,
        page_epoch=row.page_epoch,
    )


def read_reachable(vault: Vault, row: sa.Row[Any]) -> Patient:
    """Open a row for a send: its addresses are those that it is found by and stopped by.

    Raises KeysError, also when a sealed phone or email is not the one whose hash stands beside it.
    """
    patient = read_patient(vault, row)
    phone = phone_hash(vault, patient.phone) if patient.phone else None
    email = email_hash(vault, patient.email) if patient.email else None
    if (phone, email) != (row.phone_hash, row.email_hash):
        raise KeysError(f"the addresses of patient {patient.id} do not fit their hashes: enter them anew")
    return patient


def hold_patients(tx: Tx, condition: sa.ColumnElement[bool]) -> None:
    """Hold patients until the commit, for changes of them and of what belongs to them.

    All transactions take a patient first, then its appointments, then their messages: so no two wait for each other
    in a circle. Rows that point at a patient may be added meanwhile.
    """
    rows = sa.select(patients.c.id).where(condition).order_by(patients.c.id)
    tx.connection.execute(rows.with_for_update(key_share=True))


def _first(tx: Tx, *conditions: sa.ColumnElement[bool]) -> sa.Row[Any] | None:
    """Return the oldest patient that fits; in a writing transaction nobody else changes it until the commit."""
    found = sa.select(patients).where(*conditions).order_by(patients.c.id).limit(1)
    return tx.connection.execute(found.with_for_update(key_share=True) if tx.writing else found).one_or_none()


def _named(patient: Patient) -> Named:
    return patient.id, patient.clinic, patient.name


def _values(vault: Vault, person: Person) -> tuple[Plain, ...]:
    patient, traits = person.patient, person.traits
    return (
        vault.seal_or_none(patient.ref, of="patients.ref"),
        traits.ref,
        vault.seal(patient.name, of="patients.name"),
        traits.name,
        vault.seal_or_none(patient.phone, of="patients.phone"),
        traits.phone,
        vault.seal_or_none(patient.email, of="patients.email"),
        traits.email,
        patient.language,
        patient.timezone,
    )
