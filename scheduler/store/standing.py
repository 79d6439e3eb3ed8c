"""What may have changed between a decision and the hand-over, for a portion of messages, in one query."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.protocol import Channel
from scheduler.store.batches import among
from scheduler.store.columns import read_instant
from scheduler.store.database import Tx
from scheduler.store.fetching import fetch, raw
from scheduler.store.tables import appointments, consents, messages, patients, stops

_ADDRESS_HASH = sa.case(
    (messages.c.channel == Channel.SMS, patients.c.phone_hash),
    else_=patients.c.email_hash,
)
_STOPPED = sa.exists(
    sa.select(stops.c.id).where(
        stops.c.address_hash == _ADDRESS_HASH,
        stops.c.clinic == messages.c.clinic,
        stops.c.channel == messages.c.channel,
        sa.text("stops.lifted_at IS NULL"),  # written out: so the databases know the partial index
    )
)
_ENTRIES = (
    sa.select(sa.func.count())
    .select_from(consents)
    .where(consents.c.patient_id == messages.c.patient_id, consents.c.purpose == messages.c.purpose)
    .scalar_subquery()
)
_FOUND = (
    sa.select(
        *raw([messages.c.id]),
        _ADDRESS_HASH.label("address_hash"),
        *raw([appointments.c.starts_at, appointments.c.status]),
        _STOPPED.label("stopped"),
        _ENTRIES.label("entries"),
    )
    .join(patients, patients.c.id == messages.c.patient_id)
    .join(appointments, appointments.c.id == messages.c.appointment_id)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a message now: where its patient is reached, when the visit is, and what was said.

    `stopped`: messages of its channel to that address are. `entries`: how many lines the patient's ledger has of its
    purpose; none is ever taken away.
    """

    address_hash: bytes | None = field(repr=False)
    starts_at: datetime
    status: AppointmentStatus
    stopped: bool
    entries: int


def standing_of(tx: Tx, ids: Collection[int]) -> Mapping[int, Standing]:
    """Return how it stands with these messages, by id; one that is gone is left out."""
    rows = fetch(tx, _FOUND.where(among(tx, messages.c.id, ids)))
    return {
        row.id: Standing(
            row.address_hash,
            read_instant(row.starts_at),
            AppointmentStatus(row.status),
            bool(row.stopped),
            row.entries,
        )
        for row in rows
    }
