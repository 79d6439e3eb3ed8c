"""The whole ledger and all stops as they are on record, opened, for whoever has to prove them. It only reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.protocol import Channel
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.names import address_hash
from scheduler.store.patients import Patient, get_patient, read_patient
from scheduler.store.tables import consents, patients, stops

BATCH = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a patient's ledger; `wording` and `version` are None where none is on record."""

    id: int
    patient: Patient
    channel: Channel
    purpose: str
    verdict: str
    source: str
    by: str
    at: datetime
    wording: str | None = field(repr=False)
    version: str | None = None

    @property
    def address(self) -> str | None:
        """Where the patient is reached by that channel today."""
        return self.patient.address(self.channel)


@dataclass(frozen=True, slots=True)
class StopLine:
    """One stop of an address, in force or lifted. Of old ones the address is known only while a patient has it.

    `patients` are the clinic's patients who have that address today.
    """

    id: int
    clinic: str
    channel: Channel
    source: str
    by: str
    at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    version: str | None
    patients: tuple[int, ...]
    address: str | None = field(repr=False)
    wording: str | None = field(repr=False)


def ledger_lines(tx: Tx, *, clinic: str | None = None, patient: int | None = None) -> Iterator[Line]:
    """Yield the lines in the order in which they were written, a batch in memory at a time.

    Raises KeysError where one can't be opened.
    """
    chosen = [*_only(patients.c.clinic, clinic), *_only(consents.c.patient_id, patient)]
    found = sa.select(consents).join(patients, patients.c.id == consents.c.patient_id).where(*chosen)
    for rows in _batches(tx, found, consents.c.id):
        people = _people(tx, {row.patient_id for row in rows})
        for row in rows:
            yield Line(
                id=row.id,
                patient=people[row.patient_id],
                channel=row.channel,
                purpose=row.purpose.value,
                verdict=row.verdict.value,
                source=row.source,
                by=row.by,
                at=row.at,
                wording=tx.vault.open_or_none(row.wording_sealed, of="consents.wording"),
                version=row.version,
            )


def stop_lines(tx: Tx, *, clinic: str | None = None, patient: int | None = None) -> Iterator[StopLine]:
    """Yield the stops, lifted ones too, in the order in which they were recorded; see `ledger_lines`.

    Of one patient: those of the addresses that the patient has today.
    """
    chosen = _only(stops.c.clinic, clinic)
    if patient is not None:
        who = get_patient(tx, patient)
        hashes = [address_hash(tx.vault, it, to) for it in (Channel.SMS, Channel.EMAIL) if (to := who.address(it))]
        chosen += [stops.c.clinic == who.clinic, stops.c.address_hash.in_(hashes)]
    for rows in _batches(tx, sa.select(stops).where(*chosen), stops.c.id):
        for row in rows:
            yield _stop(tx, row)


def _stop(tx: Tx, row: Any) -> StopLine:
    people = _reached_at(tx, row)
    kept = tx.vault.open_or_none(row.address_sealed, of="stops.address")
    return StopLine(
        id=row.id,
        clinic=row.clinic,
        channel=row.channel,
        source=row.source,
        by=row.by,
        at=row.at,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        version=row.version,
        patients=tuple(it.id for it in people),
        address=kept or (people[0].address(row.channel) if people else None),
        wording=tx.vault.open_or_none(row.wording_sealed, of="stops.wording"),
    )


def _reached_at(tx: Tx, row: Any) -> Sequence[Patient]:
    column = patients.c.phone_hash if row.channel is Channel.SMS else patients.c.email_hash
    found = sa.select(patients).where(column == row.address_hash, patients.c.clinic == row.clinic)
    return [read_patient(tx.vault, it) for it in tx.connection.execute(found.order_by(patients.c.id))]


def _people(tx: Tx, ids: set[int]) -> dict[int, Patient]:
    found = sa.select(patients).where(among(tx, patients.c.id, ids))
    return {row.id: read_patient(tx.vault, row) for row in tx.connection.execute(found)}


def _only(column: sa.Column[Any], wanted: Any) -> list[sa.ColumnElement[bool]]:
    return [] if wanted is None else [column == wanted]


def _batches(tx: Tx, found: sa.Select[Any], number: sa.Column[int]) -> Iterator[Sequence[Any]]:
    last = 0
    while rows := tx.connection.execute(found.where(number > last).order_by(number).limit(BATCH)).all():
        yield rows
        last = rows[-1].id
