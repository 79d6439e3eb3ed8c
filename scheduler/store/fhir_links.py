"""Finds which patient or visit a clinic's FHIR system means: by keyed hashes of what it calls them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.fhir import FhirKind, Says
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.fhir_tables import fhir_links
from scheduler.store.patients import hold_patients
from scheduler.store.tables import appointments, patients
from scheduler.store.vault import Vault

_OF = "fhir.name"


@dataclass(frozen=True, slots=True)
class Link:
    """What a name stands for; the table says what each part of it is.

    `said_at` is by the clock of the system that said it, and None where it did not.
    """

    patient: int | None = None
    appointment: int | None = None
    said_at: datetime | None = None
    died_at: datetime | None = None
    says: Says | None = None
    phone: bytes | None = field(default=None, repr=False)
    email: bytes | None = field(default=None, repr=False)
    owner: bytes | None = field(default=None, repr=False)

    @property
    def number(self) -> int | None:
        """Return the number of our patient or visit, None for what was never known, or is no name."""
        return self.patient or self.appointment

    @property
    def is_of_several(self) -> bool:
        """Whether two resources claim it: it names neither."""
        return self.number is None and self.owner is None


def find_link(tx: Tx, clinic: str, kind: FhirKind, name: str) -> Link | None:
    """Return what a name stands for at a clinic, None for one that was never told."""
    return find_links(tx, clinic, kind, [name]).get(name)


def find_links(tx: Tx, clinic: str, kind: FhirKind, names: Sequence[str]) -> dict[str, Link]:
    """Return what each of these names stands for at a clinic, without those that were never told."""
    found = _rows(tx, clinic, kind, {hash_of(tx.vault, it) for it in names})
    hashes = {name: hash_of(tx.vault, name) for name in names}
    return {name: found[digest] for name, digest in hashes.items() if digest in found}


def links_of_visit(tx: Tx, visit: int) -> list[Link]:
    """Return what its resources said of a visit, by any of their names."""
    return [
        _read(it) for it in tx.connection.execute(sa.select(fhir_links).where(fhir_links.c.appointment_id == visit))
    ]


def links_of_patient(tx: Tx, patient: int) -> list[Link]:
    """Return what was told of a patient, by any name."""
    return [
        _read(it) for it in tx.connection.execute(sa.select(fhir_links).where(fhir_links.c.patient_id == patient))
    ]


def hold_linked(tx: Tx, clinic: str, names: Iterable[str]) -> None:
    """Hold the patients of all that these names stand for, in one order, until the commit."""
    hashes = {hash_of(tx.vault, name) for name in names}
    here = fhir_links.c.clinic == clinic, fhir_links.c.name_hash.in_(sorted(hashes))
    visits = sa.select(fhir_links.c.appointment_id).where(*here)
    meant = sa.union(
        sa.select(fhir_links.c.patient_id).where(*here),
        sa.select(appointments.c.patient_id).where(appointments.c.id.in_(visits)),
    )
    hold_patients(tx, patients.c.id.in_(meant))


def keep_resource(
    tx: Tx, clinic: str, kind: FhirKind, names: Sequence[str], link: Link, *, before: Collection[bytes] = ()
) -> None:
    """Keep what a resource became under the first of its names, its id. The caller commits.

    The others are identifiers. Those that it had and has no more are free again; one that another resource claims
    names neither from now on. `before` are owners that are the same resource, under the id that its identifiers made.
    Without an owner the link claims nothing.
    """
    own = hash_of(tx.vault, names[0])
    others = {hash_of(tx.vault, it) for it in names[1:]}
    if link.owner:
        mine = fhir_links.c.clinic == clinic, fhir_links.c.kind == kind, fhir_links.c.owner_hash == own
        kept = {it.name_hash for it in tx.connection.execute(sa.select(fhir_links.c.name_hash).where(*mine))}
        if gone := kept - others - {own}:
            tx.connection.execute(sa.delete(fhir_links).where(*mine, fhir_links.c.name_hash.in_(sorted(gone))))
    known = _rows(tx, clinic, kind, others)
    _put(tx, clinic, kind, own, link)
    for digest in sorted(others):
        found = known.get(digest)
        if found is None or found.owner in {own, *before} or _is_free(found, link):
            _put(tx, clinic, kind, digest, link)
        elif link.number not in (None, found.number) and not found.is_of_several:
            _put(tx, clinic, kind, digest, Link())


def note_of_patient(tx: Tx, patient: int, link: Link) -> None:
    """Keep under every name of a patient how old the last word is, whose, and that they died. The caller commits."""
    names = sa.update(fhir_links).where(fhir_links.c.patient_id == patient)
    tx.connection.execute(names.values(said_at=link.said_at, died_at=link.died_at, says=link.says))


def drop_links(tx: Tx, patient: int, visits: Sequence[int]) -> None:
    """Forget what a patient and their visits are called: nothing leads to them any more. The caller commits."""
    about = [fhir_links.c.patient_id == patient]
    if visits:
        about.append(
            sa.and_(fhir_links.c.appointment_id.is_not(None), among(tx, fhir_links.c.appointment_id, visits))
        )
    tx.connection.execute(sa.delete(fhir_links).where(sa.or_(*about)))


def hash_of(vault: Vault, name: str) -> bytes:
    """Return what a name is kept as."""
    return vault.lookup(name, of=_OF)


def _is_free(found: Link, link: Link) -> bool:
    """Whether nothing claims what was found: it was never known, or is older than owners are and the same thing."""
    if found.owner is not None:
        return found.number is None
    return found.number is not None and found.number == link.number


def _rows(tx: Tx, clinic: str, kind: FhirKind, hashes: Collection[bytes]) -> dict[bytes, Link]:
    if not hashes:
        return {}
    here = fhir_links.c.clinic == clinic, fhir_links.c.kind == kind, fhir_links.c.name_hash.in_(sorted(hashes))
    return {row.name_hash: _read(row) for row in tx.connection.execute(sa.select(fhir_links).where(*here))}


def _read(row: sa.Row[Any]) -> Link:
    return Link(
        row.patient_id,
        row.appointment_id,
        row.said_at,
        row.died_at,
        Says(row.says) if row.says else None,
        row.phone_hash,
        row.email_hash,
        row.owner_hash,
    )


def _put(tx: Tx, clinic: str, kind: FhirKind, digest: bytes, link: Link) -> None:
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    values = {
        "patient_id": link.patient,
        "appointment_id": link.appointment,
        "said_at": link.said_at,
        "died_at": link.died_at,
        "owner_hash": link.owner,
        "says": link.says,
        "phone_hash": link.phone,
        "email_hash": link.email,
    }
    insert = dialect.insert(fhir_links).values(clinic=clinic, kind=kind, name_hash=digest, **values)
    tx.connection.execute(insert.on_conflict_do_update(index_elements=["clinic", "kind", "name_hash"], set_=values))
