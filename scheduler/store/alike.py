"""Patients of whom something is the same as of somebody who is about to be registered."""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from scheduler.errors import KeysError
from scheduler.store.database import Tx
from scheduler.store.patients import Traits
from scheduler.store.tables import patients

MOST = 5


@dataclass(frozen=True, slots=True)
class Alike:
    """A patient, and what is the same."""

    id: int
    name: str = field(repr=False)
    same_name: bool
    same_phone: bool
    same_email: bool


def find_alike(tx: Tx, clinic: str, traits: Traits, *, but: int | None) -> tuple[Alike, ...]:
    """Return other patients of the clinic with that name, phone or email, the oldest first, a few at most."""
    each = [patients.c.name_hash == traits.name]
    each += [patients.c.phone_hash == traits.phone] if traits.phone else []
    each += [patients.c.email_hash == traits.email] if traits.email else []
    others = [patients.c.clinic == clinic] + ([patients.c.id != but] if but else [])
    ids = sa.union(*(sa.select(patients.c.id).where(it, *others) for it in each)).subquery()
    found = sa.select(patients).where(patients.c.id.in_(sa.select(ids.c.id))).order_by(patients.c.id).limit(MOST)
    return tuple(_alike(tx, row, traits) for row in tx.connection.execute(found))


def _alike(tx: Tx, row: sa.Row[Any], traits: Traits) -> Alike:
    try:
        name = tx.vault.open(row.name_sealed, of="patients.name")
    except KeysError:
        name = ""
    return Alike(
        row.id,
        name,
        same_name=row.name_hash == traits.name,
        same_phone=row.phone_hash is not None and row.phone_hash == traits.phone,
        same_email=row.email_hash is not None and row.email_hash == traits.email,
    )
