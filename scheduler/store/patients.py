"""The patients of the clinics: sealed at rest, found by keyed hashes, by the rule "Who is who" of the design."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.protocol import Channel
from scheduler.errors import KeysError, NotFoundError
from scheduler.store.database import Tx
from scheduler.store.names import email_hash, name_hash, phone_hash, ref_hash
from scheduler.store.tables import patients
from scheduler.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Patient:
    """A person of one clinic, opened. `ref` is the clinic's own patient id, `phone` is E.164."""

    id: int
    clinic: str
    ref: str | None = field(repr=False)
    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: str | None
    timezone: str | None

    def address(self, channel: Channel) -> str | None:
        """Return where the patient is reached by a channel."""
        return self.phone if channel is Channel.SMS else self.email


def find_patient(
    tx: Tx, clinic: str, *, ref: str | None, name: str, phone: str | None, email: str | None
) -> Patient | None:
    """Find who a registration is about: by the clinic's own id, else by name with the same phone or email.

    Never by a phone alone: families share them. With a `ref` that is not known yet, only a patient who has none is
    taken for the same; the caller then sets it with `update_patient`. In a writing transaction two registrations
    of one new name wait for each other, so that neither adds the person twice.
    """
    row = _look(tx, clinic, ref=ref, name=name, phone=phone, email=email)
    if row is None and tx.writing and tx.dialect == "postgresql":
        _wait_for_turn(tx, clinic, name)
        row = _look(tx, clinic, ref=ref, name=name, phone=phone, email=email)
    return read_patient(tx.vault, row) if row else None


def get_patient(tx: Tx, patient_id: int) -> Patient:
    """Return a patient. Raises NotFoundError."""
    row = _first(tx, patients.c.id == patient_id)
    if row is None:
        raise NotFoundError(f"there is no patient {patient_id}")
    return read_patient(tx.vault, row)


def add_patient(
    tx: Tx,
    clinic: str,
    *,
    name: str,
    now: datetime,
    ref: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
) -> Patient:
    """Add a patient and return it. The caller commits, and has looked with `find_patient` before."""
    patient = Patient(0, clinic, ref, name, phone, email, language, timezone)
    values = {**_values(tx.vault, patient), "clinic": clinic, "created_at": now, "updated_at": now}
    added = tx.connection.execute(sa.insert(patients).values(values).returning(patients.c.id)).scalar_one()
    return Patient(added, clinic, ref, name, phone, email, language, timezone)


def update_patient(tx: Tx, patient: Patient, *, now: datetime) -> None:
    """Store a patient as given: pass `dataclasses.replace(found, phone=...)`. The clinic never changes."""
    values = {**_values(tx.vault, patient), "updated_at": now}
    tx.connection.execute(sa.update(patients).where(patients.c.id == patient.id).values(values))


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


def _values(vault: Vault, patient: Patient) -> dict[str, Any]:
    return {
        "ref_sealed": vault.seal_or_none(patient.ref, of="patients.ref"),
        "ref_hash": ref_hash(vault, patient.ref) if patient.ref else None,
        "name_sealed": vault.seal(patient.name, of="patients.name"),
        "name_hash": name_hash(vault, patient.name),
        "phone_sealed": vault.seal_or_none(patient.phone, of="patients.phone"),
        "phone_hash": phone_hash(vault, patient.phone) if patient.phone else None,
        "email_sealed": vault.seal_or_none(patient.email, of="patients.email"),
        "email_hash": email_hash(vault, patient.email) if patient.email else None,
        "language": patient.language,
        "timezone": patient.timezone,
    }


def _look(
    tx: Tx, clinic: str, *, ref: str | None, name: str, phone: str | None, email: str | None
) -> sa.Row[Any] | None:
    if ref and (row := _first(tx, patients.c.clinic == clinic, patients.c.ref_hash == ref_hash(tx.vault, ref))):
        return row
    addresses = []
    if phone:
        addresses.append(patients.c.phone_hash == phone_hash(tx.vault, phone))
    if email:
        addresses.append(patients.c.email_hash == email_hash(tx.vault, email))
    if not addresses:
        return None
    conditions = [patients.c.clinic == clinic, patients.c.name_hash == name_hash(tx.vault, name), sa.or_(*addresses)]
    if ref:
        conditions.append(patients.c.ref_hash.is_(None))
    return _first(tx, *conditions)


def _first(tx: Tx, *conditions: sa.ColumnElement[bool]) -> sa.Row[Any] | None:
    """Return the oldest patient that fits; in a writing transaction nobody else changes it until the commit."""
    found = sa.select(patients).where(*conditions).order_by(patients.c.id).limit(1)
    return tx.connection.execute(found.with_for_update(key_share=True) if tx.writing else found).one_or_none()


def hold_patients(tx: Tx, condition: sa.ColumnElement[bool]) -> None:
    """Hold patients until the commit, for changes of them and of what belongs to them.

    All transactions take a patient first, then its appointments, then their messages: so no two wait for each other
    in a circle. Rows that point at a patient may be added meanwhile.
    """
    rows = sa.select(patients.c.id).where(condition).order_by(patients.c.id)
    tx.connection.execute(rows.with_for_update(key_share=True))


def _wait_for_turn(tx: Tx, clinic: str, name: str) -> None:
    """Hold a name of a clinic until the commit. SQLite has one writer at a time and needs none of it."""
    turn = tx.vault.lookup(f"{clinic}\0{name_hash(tx.vault, name).hex()}", of="turn")
    number = int.from_bytes(turn[:8], signed=True)
    tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
