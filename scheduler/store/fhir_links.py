"""Finds which patient or visit a clinic's FHIR system means: by keyed hashes of what it calls them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.fhir import FhirKind
from scheduler.store.appointments import StoredAppointment, read_appointment
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.fhir_tables import fhir_links
from scheduler.store.patients import hold_patients
from scheduler.store.tables import appointments, patients
from scheduler.store.vault import Vault

_OF = "fhir.name"


@dataclass(frozen=True, slots=True)
class Link:
    """What a resource became here. `said_at` is when its system last changed it, by its own clock, if it said so.

    `died_at` is when that system told us that the patient has died.
    """

    patient: int | None = None
    appointment: int | None = None
    said_at: datetime | None = None
    died_at: datetime | None = None


def find_link(tx: Tx, clinic: str, kind: FhirKind, names: Sequence[str]) -> Link | None:
    """Return what the first of these names that is known stands for at a clinic."""
    hashes = [_hash(tx.vault, name) for name in names]
    here = fhir_links.c.clinic == clinic, fhir_links.c.kind == kind, fhir_links.c.name_hash.in_(hashes)
    found = {row.name_hash: row for row in tx.connection.execute(sa.select(fhir_links).where(*here))}
    row = next((found[it] for it in hashes if it in found), None)
    return Link(row.patient_id, row.appointment_id, row.said_at, row.died_at) if row else None


def is_linked(tx: Tx, clinic: str, patient: int) -> bool:
    """Return whether a clinic's FHIR system has told of a patient, by whatever name."""
    here = fhir_links.c.clinic == clinic, fhir_links.c.kind == FhirKind.PATIENT, fhir_links.c.patient_id == patient
    return tx.connection.execute(sa.select(fhir_links.c.patient_id).where(*here).limit(1)).first() is not None


def hold_linked(tx: Tx, clinic: str, names: Iterable[str]) -> None:
    """Hold the patients of all that these names stand for, in one order, until the commit."""
    hashes = {_hash(tx.vault, name) for name in names}
    here = fhir_links.c.clinic == clinic, fhir_links.c.name_hash.in_(sorted(hashes))
    visits = sa.select(fhir_links.c.appointment_id).where(*here)
    meant = sa.union(
        sa.select(fhir_links.c.patient_id).where(*here),
        sa.select(appointments.c.patient_id).where(appointments.c.id.in_(visits)),
    )
    hold_patients(tx, patients.c.id.in_(meant))


def keep_link(tx: Tx, clinic: str, kind: FhirKind, names: Sequence[str], link: Link) -> None:
    """Let each of these names stand for a thing from now on. The caller commits."""
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    values = {
        "patient_id": link.patient,
        "appointment_id": link.appointment,
        "said_at": link.said_at,
        "died_at": link.died_at,
    }
    for digest in sorted({_hash(tx.vault, name) for name in names}):
        insert = dialect.insert(fhir_links).values(clinic=clinic, kind=kind, name_hash=digest, **values)
        tx.connection.execute(
            insert.on_conflict_do_update(index_elements=["clinic", "kind", "name_hash"], set_=values)
        )


def drop_links(tx: Tx, patient: int, visits: Sequence[int]) -> None:
    """Forget what a patient and their visits are called: nothing leads to them any more. The caller commits."""
    about = [fhir_links.c.patient_id == patient]
    if visits:
        about.append(
            sa.and_(fhir_links.c.appointment_id.is_not(None), among(tx, fhir_links.c.appointment_id, visits))
        )
    tx.connection.execute(sa.delete(fhir_links).where(sa.or_(*about)))


def visits_within(
    tx: Tx, patient: int, treatment: str, first: datetime, last: datetime
) -> tuple[StoredAppointment, ...]:
    """Return a patient's visits for a treatment that begin within [first, last) and were not cancelled."""
    found = sa.select(appointments).where(
        appointments.c.patient_id == patient,
        appointments.c.treatment == treatment,
        appointments.c.starts_at >= first,
        appointments.c.starts_at < last,
        appointments.c.status != AppointmentStatus.CANCELLED,
    )
    return tuple(map(read_appointment, tx.connection.execute(found.order_by(appointments.c.id))))


def booked_after(tx: Tx, patient: int, now: datetime) -> tuple[int, ...]:
    """Return a patient's visits that are still to come."""
    found = sa.select(appointments.c.id).where(
        appointments.c.patient_id == patient,
        appointments.c.status == AppointmentStatus.BOOKED,
        appointments.c.starts_at > now,
    )
    return tuple(tx.connection.execute(found.order_by(appointments.c.id)).scalars())


def _hash(vault: Vault, name: str) -> bytes:
    return vault.lookup(name, of=_OF)
