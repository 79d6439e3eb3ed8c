"""The consent ledger and the stops. The ledger only grows: the database itself refuses to change or delete a line."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
from scheduler.store.tables import consents, stops

_READ = raw([consents.c[name] for name in ("patient_id", "channel", "purpose", "verdict", "at", "source")])
_ADDED = ("patient_id", "channel", "purpose", "verdict", "source", "wording_sealed", "by", "at")


def add_entries(tx: Tx, lines: Iterable[tuple[int, Entry]], *, by: str, wording: str | None = None) -> None:
    """Add lines to patients' ledgers, in their order; `wording` is what the patient said or agreed to.

    The caller commits.
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


def record_stop(tx: Tx, clinic: str, channel: Channel, address: str, *, source: str, by: str, now: datetime) -> bool:
    """Stop a clinic's messages to an address, for all patients who share it; False when they were stopped already.

    `address` is a phone in E.164 or an email. Nothing but `lift_stop` lifts it. The caller commits.
    """
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(stops).on_conflict_do_nothing(
        index_elements=["address_hash", "clinic", "channel"], index_where=stops.c.lifted_at.is_(None)
    )
    values = {"clinic": clinic, "channel": channel, "source": source, "by": by, "at": now}
    values["address_hash"] = address_hash(tx.vault, channel, address)
    return tx.connection.execute(insert.values(values).returning(stops.c.id)).one_or_none() is not None


def lift_stop(tx: Tx, clinic: str, channel: Channel, address: str, *, by: str, now: datetime) -> bool:
    """Let messages to an address go again (the patient wrote START); False when there was no stop."""
    lifted = sa.update(stops).where(*_in_force(tx, clinic, channel, address)).values(lifted_at=now, lifted_by=by)
    return bool(tx.connection.execute(lifted).rowcount)


def is_stopped(tx: Tx, clinic: str, channel: Channel, address: str) -> bool:
    """Whether the clinic's messages to this address are stopped."""
    found = sa.select(stops.c.id).where(*_in_force(tx, clinic, channel, address))
    return tx.connection.execute(found).first() is not None


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
