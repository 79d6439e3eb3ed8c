"""Patients by their ids, as many at once as a page shows."""

from collections.abc import Sequence

import sqlalchemy as sa

from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.patients import Patient, read_patient
from scheduler.store.tables import appointments, patients


def patients_with(tx: Tx, ids: Sequence[int]) -> tuple[Patient, ...]:
    """Return these patients in the order of the ids, in one query. Raises KeysError where one can't be opened."""
    rows = tx.connection.execute(sa.select(patients).where(among(tx, patients.c.id, ids)))
    found = {row.id: read_patient(tx.vault, row) for row in rows}
    return tuple(found[number] for number in ids if number in found)


def patients_of_visits(tx: Tx, visits: Sequence[int]) -> tuple[int, ...]:
    """Return whose these visits are."""
    found = sa.select(appointments.c.patient_id).where(among(tx, appointments.c.id, visits)).distinct()
    return tuple(tx.connection.execute(found.order_by(appointments.c.patient_id)).scalars())
