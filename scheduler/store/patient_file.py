"""What the page of one patient shows, each in one query however long the patient has been one. It only reads."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.alert import OF_A_PATIENT
from scheduler.domain.consent import Entry
from scheduler.domain.desk_text import load_desk_text
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, load_reasons
from scheduler.domain.states import Cause, Status
from scheduler.store.alerts import Alert, alerts_with
from scheduler.store.appointments import StoredAppointment, read_appointment
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.erasure_tables import erasures
from scheduler.store.messages import Message, read_message
from scheduler.store.names import address_hash
from scheduler.store.patients import Patient
from scheduler.store.tables import appointments, consents, events, messages, patients, stops

_START = (appointments.c.starts_at.desc(), appointments.c.id.desc())
_WAITS = (Status.SCHEDULED, Status.CLAIMED, Status.HELD)


@dataclass(frozen=True, slots=True)
class Erasure:
    """When a patient's data were erased (aware UTC), and by whom."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of a message's history: what moved it where, by whom and why."""

    at: datetime
    cause: Cause
    by: str
    to: Status
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A line of the consent ledger, by whom it was entered, and in which words."""

    entry: Entry
    by: str
    wording: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddressStop:
    """A stop of an address, in force or lifted. Instants are aware UTC."""

    channel: Channel
    source: str
    by: str
    at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    wording: str | None = field(repr=False)


def erasure_of(tx: Tx, patient_id: int) -> Erasure | None:
    """Return when a patient's data were erased, None where they were not."""
    found = sa.select(erasures.c.at, erasures.c.by).where(erasures.c.patient_id == patient_id)
    row = tx.connection.execute(found).one_or_none()
    return Erasure(row.at, row.by) if row else None


def registered_at(tx: Tx, patient_id: int) -> datetime:
    """Return when a patient was registered first; the caller knows that there is one."""
    at: datetime = tx.connection.execute(
        sa.select(patients.c.created_at).where(patients.c.id == patient_id)
    ).scalar_one()
    return at


def latest_visits(tx: Tx, patient_id: int, *, limit: int, before: int | None = None) -> tuple[StoredAppointment, ...]:
    """Return a patient's visits, those that start last first; `before` is the last one of the page before."""
    found = sa.select(appointments).where(appointments.c.patient_id == patient_id)
    if before is not None:
        last = appointments.alias("last")
        start = sa.select(last.c.starts_at).where(last.c.id == before, last.c.patient_id == patient_id)
        at = start.scalar_subquery()
        earlier = sa.and_(appointments.c.starts_at == at, appointments.c.id < before)
        found = found.where(sa.or_(appointments.c.starts_at < at, earlier))
    return tuple(map(read_appointment, tx.connection.execute(found.order_by(*_START).limit(limit))))


def count_visits(tx: Tx, patient_id: int) -> int:
    """Return how many visits a patient has, called off or not."""
    found = sa.select(sa.func.count()).select_from(appointments).where(appointments.c.patient_id == patient_id)
    return tx.connection.execute(found).scalar_one()


def counts_of_visits(tx: Tx, ids: Collection[int]) -> Mapping[int, Counter[Status]]:
    """Count the messages of visits by where they stand."""
    counted: dict[int, Counter[Status]] = defaultdict(Counter)
    if ids:
        by = messages.c.appointment_id, messages.c.status
        found = sa.select(*by, sa.func.count()).where(among(tx, messages.c.appointment_id, ids)).group_by(*by)
        for visit, status, count in tx.connection.execute(found):
            counted[visit][status] = count
    return counted


def visits_waiting(tx: Tx, patient_id: int) -> tuple[int, ...]:
    """Return the visits of which something is still to be sent, in the order of their ids."""
    found = sa.select(messages.c.appointment_id).where(
        messages.c.patient_id == patient_id,
        messages.c.appointment_id.is_not(None),
        messages.c.status.in_(_WAITS),
    )
    return tuple(tx.connection.execute(found.distinct().order_by(messages.c.appointment_id)).scalars())


def count_unsent(tx: Tx, patient_id: int) -> int:
    """Return how many messages to a patient are still to come."""
    found = sa.select(sa.func.count()).select_from(messages)
    return tx.connection.execute(
        found.where(messages.c.patient_id == patient_id, messages.c.status.in_(_WAITS))
    ).scalar_one()


def histories_of(tx: Tx, message_ids: Collection[int]) -> Mapping[int, tuple[Happened, ...]]:
    """Return the history of each of these messages, oldest first."""
    told: dict[int, tuple[Happened, ...]] = defaultdict(tuple)
    if message_ids:
        found = sa.select(events).where(events.c.message_id.is_not(None), among(tx, events.c.message_id, message_ids))
        for row in tx.connection.execute(found.order_by(events.c.id)):
            line = Happened(row.at, Cause(row.cause), row.by, row.to_status, load_reasons(row.reasons))
            told[row.message_id] = (*told[row.message_id], line)
    return told


def notices_to(tx: Tx, patient_id: int, reply_ids: Collection[int]) -> tuple[Message, ...]:
    """Return the answers to these replies, and what staff wrote to the patient, the oldest first."""
    kinds = messages.c.kind.in_([MessageKind.ANSWER, MessageKind.DESK])
    answers = sa.select(messages).where(
        kinds, messages.c.reply_id.is_not(None), among(tx, messages.c.reply_id, reply_ids)
    )
    own = sa.select(messages).where(messages.c.patient_id == patient_id, messages.c.kind == MessageKind.DESK)
    queries = [own, answers] if reply_ids else [own]
    found = {row.id: read_message(row) for query in queries for row in tx.connection.execute(query)}
    return tuple(found[number] for number in sorted(found))


def words_of_staff(tx: Tx, message: Message) -> str:
    """Return what staff wrote in a message, "" for one that nobody wrote. Raises KeysError."""
    if message.words_sealed is None:
        return ""
    return load_desk_text(tx.vault.open(message.words_sealed, of="messages.words")).words


def ledger_of(tx: Tx, patient_id: int) -> tuple[LedgerLine, ...]:
    """Return what was allowed and revoked, in the order in which it was written, with the words. Raises KeysError."""
    found = sa.select(consents).where(consents.c.patient_id == patient_id).order_by(consents.c.id)
    return tuple(
        LedgerLine(
            entry=Entry(row.channel, row.purpose, row.verdict, row.at, row.source),
            by=row.by,
            wording=tx.vault.open_or_none(row.wording_sealed, of="consents.wording"),
        )
        for row in tx.connection.execute(found)
    )


def stops_of(tx: Tx, patient: Patient) -> tuple[AddressStop, ...]:
    """Return the stops of the addresses that a patient has, lifted ones too, the oldest first. Raises KeysError."""
    has = [(it, to) for it in (Channel.SMS, Channel.EMAIL) if (to := patient.address(it))]
    hashes = [address_hash(tx.vault, channel, to) for channel, to in has]
    found = sa.select(stops).where(stops.c.clinic == patient.clinic, stops.c.address_hash.in_(hashes))
    return tuple(
        AddressStop(
            channel=row.channel,
            source=row.source,
            by=row.by,
            at=row.at,
            lifted_at=row.lifted_at,
            lifted_by=row.lifted_by,
            wording=tx.vault.open_or_none(row.wording_sealed, of="stops.wording"),
        )
        for row in tx.connection.execute(found.order_by(stops.c.id))
    )


def alerts_about_patient(tx: Tx, patient_id: int) -> tuple[Alert, ...]:
    """Return the alerts about a patient that no reply raised."""
    return alerts_with(tx, f"{OF_A_PATIENT}{patient_id}")
