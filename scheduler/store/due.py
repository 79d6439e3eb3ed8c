"""All that is looked up at the moment of sending, for a batch of messages, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Entry
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.store.appointments import StoredAppointment, read_appointment
from scheduler.store.batches import among
from scheduler.store.consents import ledgers_of
from scheduler.store.database import Tx
from scheduler.store.messages import Message, read_message
from scheduler.store.patients import Patient, read_patient
from scheduler.store.tables import appointments, attempts, messages, patients, stops


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message with what decides about it, as it is now.

    `stopped`: the channels whose address of this patient is stopped. `rebooked`: a later appointment of the same
    patient and treatment is booked. `last_started_at`: when the patient was last sent anything. `others`: what
    else of this patient is due and not in the batch; it counts where late messages are settled together.
    """

    message: Message
    patient: Patient
    appointment: StoredAppointment
    ledger: tuple[Entry, ...]
    stopped: frozenset[Channel]
    rebooked: bool
    last_started_at: datetime | None
    others: tuple["DueMessage", ...] = ()


def load_due(tx: Tx, ids: Sequence[int], *, now: datetime) -> list[DueMessage]:
    """Return these messages in the order of `ids`; one that is gone is left out."""
    own = _messages(tx, among(tx, messages.c.id, ids))
    people = {message.patient_id for message in own}
    beside = _messages(
        tx,
        among(tx, messages.c.patient_id, people),
        messages.c.status.in_([Status.SCHEDULED, Status.CLAIMED]),
        messages.c.try_at <= now,
        sa.not_(among(tx, messages.c.id, ids)),
    )
    read = _Reader(tx, people, {message.appointment_id for message in (*own, *beside)})
    others: dict[int, tuple[DueMessage, ...]] = defaultdict(tuple)
    for message in beside:
        others[message.patient_id] += (read.due(message),)
    found = {message.id: replace(read.due(message), others=others[message.patient_id]) for message in own}
    return [found[message_id] for message_id in ids if message_id in found]


class _Reader:
    """Looks everything up for a batch, once, and puts the messages together with it."""

    def __init__(self, tx: Tx, people: Collection[int], visits: Collection[int]) -> None:
        self._patients = _patients(tx, people)
        self._visits = _visits(tx, visits)
        self._ledgers = ledgers_of(tx, people)
        self._stops = _stops(tx, people)
        self._last = _last_started(tx, people)

    def due(self, message: Message) -> DueMessage:
        appointment, rebooked = self._visits[message.appointment_id]
        return DueMessage(
            message=message,
            patient=self._patients[message.patient_id],
            appointment=appointment,
            ledger=self._ledgers.get(message.patient_id, ()),
            stopped=frozenset(self._stops.get(message.patient_id, ())),
            rebooked=rebooked,
            last_started_at=self._last.get(message.patient_id),
        )


def _messages(tx: Tx, *conditions: sa.ColumnElement[bool]) -> list[Message]:
    found = sa.select(messages).where(*conditions).order_by(messages.c.try_at, messages.c.id)
    return [read_message(row) for row in tx.connection.execute(found)]


def _patients(tx: Tx, ids: Collection[int]) -> Mapping[int, Patient]:
    rows = tx.connection.execute(sa.select(patients).where(among(tx, patients.c.id, ids)))
    return {row.id: read_patient(tx.vault, row) for row in rows}


def _visits(tx: Tx, ids: Collection[int]) -> Mapping[int, tuple[StoredAppointment, bool]]:
    later = appointments.alias("later")
    rebooked = sa.exists().where(
        later.c.patient_id == appointments.c.patient_id,
        later.c.treatment == appointments.c.treatment,
        later.c.starts_at > appointments.c.starts_at,
        later.c.status == AppointmentStatus.BOOKED,
    )
    found = sa.select(appointments, rebooked.label("rebooked")).where(among(tx, appointments.c.id, ids))
    return {row.id: (read_appointment(row), bool(row.rebooked)) for row in tx.connection.execute(found)}


def _stops(tx: Tx, ids: Collection[int]) -> Mapping[int, Collection[Channel]]:
    """Return the stopped channels of patients. A phone and an email never have the same hash."""
    found = (
        sa.select(patients.c.id, stops.c.channel)
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
    stopped: dict[int, set[Channel]] = defaultdict(set)
    for row in tx.connection.execute(found):
        stopped[row.id].add(row.channel)
    return stopped


def _last_started(tx: Tx, ids: Collection[int]) -> Mapping[int, datetime]:
    found = (
        sa.select(messages.c.patient_id, sa.func.max(attempts.c.started_at).label("last"))
        .join(attempts, attempts.c.message_id == messages.c.id)
        .where(among(tx, messages.c.patient_id, ids))
        .group_by(messages.c.patient_id)
    )
    return {row.patient_id: row.last for row in tx.connection.execute(found)}
