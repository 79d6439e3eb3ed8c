"""The consent ledger and the stops. The ledger only grows: the database itself refuses to change or delete a line."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.consent import Entry, Verdict
from scheduler.domain.protocol import Channel, Purpose
from scheduler.store.batches import among
from scheduler.store.bulk import insert_rows
from scheduler.store.columns import instant_text, read_instant
from scheduler.store.database import Tx
from scheduler.store.fetching import fetch, raw
from scheduler.store.names import address_hash
from scheduler.store.tables import consents, patients, stops

_READ = raw([consents.c[name] for name in ("patient_id", "channel", "purpose", "verdict", "at", "source")])
_ADDED = ("patient_id", "channel", "purpose", "verdict", "source", "wording_sealed", "by", "at", "version")


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop that is in force: where it came from, and since when (aware UTC)."""

    id: int
    source: str
    at: datetime


def add_entries(
    tx: Tx, lines: Iterable[tuple[int, Entry]], *, by: str, wording: str | None = None, version: str | None = None
) -> None:
    """Add lines to patients' ledgers, in their order; `wording` is what the patient said or agreed to.

    `version` says which text that was the answer to (a template's digest), at most 64 characters. The caller commits.
    """
    rows = [
        (
            patient_id,
            entry.channel.value,
            entry.purpose.value,
            entry.verdict.value,
            entry.source,
            tx.vault.seal_or_none(wording, of="consents.wording"),
            by,
            instant_text(entry.at),
            version,
        )
        for patient_id, entry in lines
    ]
    insert_rows(tx, "consents", _ADDED, rows)


def ledgers_of(tx: Tx, patient_ids: Iterable[int]) -> Mapping[int, tuple[Entry, ...]]:
    """Return the ledgers of patients in one query, in the order in which they were written; () for who has none."""
    lines: dict[int, list[Entry]] = defaultdict(list)
    found = sa.select(*_READ).where(among(tx, consents.c.patient_id, patient_ids)).order_by(consents.c.id)
    for patient_id, *line in fetch(tx, found):
        lines[patient_id].append(_entry(*line))
    return defaultdict(tuple, {patient_id: tuple(entries) for patient_id, entries in lines.items()})


def record_stop(
    tx: Tx,
    clinic: str,
    channel: Channel,
    address: str,
    *,
    source: str,
    by: str,
    now: datetime,
    wording: str | None = None,
    version: str | None = None,
) -> bool:
    """Stop a clinic's messages to an address, for all patients who share it; False when they were stopped already.

    `address` is a phone in E.164 or an email. Nothing but `lift_stop` lifts it. The caller commits. It is the address
    alone: `services.consent.stop_address` puts it into the ledgers too.
    """
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(stops).on_conflict_do_nothing(
        index_elements=["address_hash", "clinic", "channel"], index_where=stops.c.lifted_at.is_(None)
    )
    values = {
        "clinic": clinic,
        "channel": channel,
        "source": source,
        "by": by,
        "at": now,
        "address_hash": address_hash(tx.vault, channel, address),
        "address_sealed": tx.vault.seal(address, of="stops.address"),
        "wording_sealed": tx.vault.seal_or_none(wording, of="stops.wording"),
        "version": version,
    }
    while True:
        if tx.connection.execute(insert.values(values).returning(stops.c.id)).one_or_none():
            return True
        # Hold the one that is there: else somebody might lift it while we take the address for stopped.
        if stop_in_force(tx, clinic, channel, address):
            return False


def lift_stop(tx: Tx, clinic: str, channel: Channel, address: str, *, by: str, now: datetime) -> bool:
    """Let messages to an address go again (the patient wrote START); False when there was no stop."""
    lifted = sa.update(stops).where(*_in_force(tx, clinic, channel, address)).values(lifted_at=now, lifted_by=by)
    return bool(tx.connection.execute(lifted).rowcount)


def stop_in_force(tx: Tx, clinic: str, channel: Channel, address: str) -> Stop | None:
    """Return the stop of the clinic's messages to this address, None where there is none.

    In a writing transaction nobody else lifts it until the commit: whoever takes several does so in the order of the
    channels.
    """
    found = sa.select(stops.c.id, stops.c.source, stops.c.at).where(*_in_force(tx, clinic, channel, address))
    row = tx.connection.execute(found.with_for_update() if tx.writing else found).one_or_none()
    return Stop(row.id, row.source, row.at) if row else None


def is_stopped(tx: Tx, clinic: str, channel: Channel, address: str) -> bool:
    """Whether the clinic's messages to this address are stopped."""
    return stop_source(tx, clinic, channel, address) is not None


def stop_source(tx: Tx, clinic: str, channel: Channel, address: str) -> str | None:
    """Return where the stop in force comes from, None where there is none. Nothing is held: it may be lifted next."""
    found = sa.select(stops.c.source).where(*_in_force(tx, clinic, channel, address))
    return tx.connection.execute(found).scalar_one_or_none()


def patients_at(tx: Tx, clinic: str, channel: Channel, address: str) -> list[int]:
    """Return the clinic's patients who are reached at this address, in the order of their ids."""
    column = patients.c.phone_hash if channel is Channel.SMS else patients.c.email_hash
    here = sa.select(patients.c.id).where(
        column == address_hash(tx.vault, channel, address), patients.c.clinic == clinic
    )
    return list(tx.connection.execute(here.order_by(patients.c.id)).scalars())


def _in_force(tx: Tx, clinic: str, channel: Channel, address: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        stops.c.address_hash == address_hash(tx.vault, channel, address),
        stops.c.clinic == clinic,
        stops.c.channel == channel,
        stops.c.lifted_at.is_(None),
    )


# The patients of one import have the same lines.
@lru_cache(maxsize=1024)
def _entry(channel: str, purpose: str, verdict: str, at: str | datetime, source: str) -> Entry:
    return Entry(Channel(channel), Purpose(purpose), Verdict(verdict), read_instant(at), source)
