"""What is known of patients at the moment of sending: their ledgers, their stops, what they got."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.consent import Entry, Verdict
from scheduler.domain.lateness import Sent, Unit
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.states import Status
from scheduler.store.batches import among, where_each
from scheduler.store.columns import read_instant, reads_words
from scheduler.store.database import Tx
from scheduler.store.fetching import fetch, raw
from scheduler.store.names import address_hash
from scheduler.store.patients import Patient
from scheduler.store.tables import attempts, consents, messages, patients, stops

_IN_HAND = (Status.SENDING, Status.UNKNOWN, Status.ACCEPTED, Status.DELIVERED)
_read_channel, _read_purpose, _read_verdict = reads_words(Channel), reads_words(Purpose), reads_words(Verdict)
_ENTRY = raw([consents.c[name] for name in ("patient_id", "channel", "purpose", "verdict", "at", "source")])


def ledgers_of(tx: Tx, ids: Collection[int], purposes: Collection[Purpose]) -> Mapping[int, tuple[Entry, ...]]:
    """Return what patients' ledgers say of these purposes, in the order in which it was written."""
    found = (
        sa.select(*_ENTRY)
        .where(among(tx, consents.c.patient_id, ids), consents.c.purpose.in_(sorted(purposes)))
        .order_by(consents.c.id)
    )
    ledgers: dict[int, tuple[Entry, ...]] = defaultdict(tuple)
    for patient_id, channel, purpose, verdict, at, source in fetch(tx, found):
        entry = Entry(
            _read_channel(channel), _read_purpose(purpose), _read_verdict(verdict), read_instant(at), source
        )
        ledgers[patient_id] += (entry,)
    return ledgers


def stops_of(tx: Tx, ids: Collection[int]) -> Mapping[int, Mapping[Channel, str]]:
    """Return the stopped channels of patients, with the source of each stop.

    A phone and an email never have the same hash.
    """
    found = (
        sa.select(patients.c.id, stops.c.channel, stops.c.source)
        .join(
            stops,
            sa.and_(
                stops.c.address_hash.in_([patients.c.phone_hash, patients.c.email_hash]),
                stops.c.clinic == patients.c.clinic,
                stops.c.lifted_at.is_(None),
            ),
        )
        .where(among(tx, patients.c.id, ids))
    )
    stopped: dict[int, dict[Channel, str]] = defaultdict(dict)
    for row in tx.connection.execute(found):
        stopped[row.id][row.channel] = row.source
    return stopped


def greeted_of(tx: Tx, people: Collection[Patient]) -> frozenset[int]:
    """Return which of these patients got an SMS before at the number that they have now."""
    numbers = {address_hash(tx.vault, Channel.SMS, it.phone) for it in people if it.phone}
    if not numbers:
        return frozenset()
    taken = attempts.c.outcome.in_([Status.ACCEPTED, Status.DELIVERED])
    before = where_each(tx, attempts.c.message_id, attempts.c.address_hash, numbers, taken)
    handed_over = list(tx.connection.execute(before).scalars())
    if not handed_over:
        return frozenset()
    mine = among(tx, messages.c.id, handed_over), among(tx, messages.c.patient_id, [it.id for it in people])
    return frozenset(tx.connection.execute(sa.select(messages.c.patient_id).where(*mine)).scalars()) - {None}


def sent_of(tx: Tx, ids: Collection[int], since: datetime) -> Mapping[int, Sequence[Sent]]:
    """Return what was handed over after `since` and may have reached the patients."""
    found = (
        sa.select(messages, attempts.c.started_at)
        .join(attempts, attempts.c.token == messages.c.attempt)
        .where(
            among(tx, messages.c.patient_id, ids),
            messages.c.status.in_(_IN_HAND),
            attempts.c.started_at > since,
        )
        .order_by(attempts.c.id)
    )
    sent: dict[int, list[Sent]] = defaultdict(list)
    for row in tx.connection.execute(found):
        unit = Unit(row.appointment_id, row.step, row.occurrence)
        sent[row.patient_id].append(Sent(unit, row.purpose, row.planned_at, row.started_at))
    return sent
