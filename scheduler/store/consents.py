"""The consent ledger and the stops. The ledger only grows: the database itself refuses to change or delete a line."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.consent import Entry
from scheduler.domain.protocol import Channel
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.names import address_hash
from scheduler.store.tables import consents, stops


def add_entries(tx: Tx, patient_id: int, entries: Sequence[Entry], *, by: str, wording: str | None = None) -> None:
    """Add lines to a patient's ledger; `wording` is what the patient said or agreed to. The caller commits."""
    if not entries:
        return
    tx.connection.execute(
        sa.insert(consents),
        [
            {
                "patient_id": patient_id,
                "channel": entry.channel,
                "purpose": entry.purpose,
                "verdict": entry.verdict,
                "source": entry.source,
                "wording_sealed": tx.vault.seal_or_none(wording, of="consents.wording"),
                "by": by,
                "at": entry.at,
            }
            for entry in entries
        ],
    )


def ledger_of(tx: Tx, patient_id: int) -> tuple[Entry, ...]:
    """Return a patient's ledger in the order in which it was written."""
    return ledgers_of(tx, [patient_id])[patient_id]


def ledgers_of(tx: Tx, patient_ids: Iterable[int]) -> Mapping[int, tuple[Entry, ...]]:
    """Return the ledgers of many patients in one query; () for one who has none."""
    found: dict[int, tuple[Entry, ...]] = defaultdict(tuple)
    lines = sa.select(consents).where(among(tx, consents.c.patient_id, patient_ids)).order_by(consents.c.id)
    for row in tx.connection.execute(lines):
        found[row.patient_id] += (Entry(row.channel, row.purpose, row.verdict, row.at, row.source),)
    return found


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
