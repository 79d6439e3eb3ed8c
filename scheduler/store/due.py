"""All that is looked up at the moment of sending, for a batch of messages, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Entry
from scheduler.domain.followup import is_reminder, reminds_since
from scheduler.domain.lateness import Sent
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel, Protocol, Purpose
from scheduler.domain.states import Brake, Status
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.alarmed import alarmed
from scheduler.store.appointments import StoredAppointment, read_raw_appointment
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.due_facts import greeted_of, ledgers_of, sent_of, stops_of
from scheduler.store.fetching import fetch, raw
from scheduler.store.merges import Word, spoken_for
from scheduler.store.messages import Message
from scheduler.store.patients import Patient, read_reachable
from scheduler.store.reading import read_raw_message
from scheduler.store.tables import appointments, messages, patients
from scheduler.store.unanswered import last_replies
from scheduler.store.versions import versions_of

log = get_logger(__name__)

_LONGEST_SPACING = timedelta(days=1)
_CLASHES = sa.and_(messages.c.status == Status.HELD, messages.c.brake == Brake.CLASH)
_IS_STEP = messages.c.kind == MessageKind.STEP

_MESSAGE = raw(messages.c)
_PATIENT = raw([it for it in patients.c if it.name not in ("created_at", "updated_at")])
_LATER = appointments.alias("later")
_VISIT = raw([it for it in appointments.c if it.name not in ("created_at", "updated_at")])


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message with what decides about it, as it is now.

    `protocol`: the version of the protocol that the message was planned by, None where that is not kept.

    `ledger`: what the patient's says of the purposes in the batch. `stopped`: the channels whose address of this
    patient is stopped, each with where its stop came from. `rebooked`: the same patient has a later appointment for
    the same treatment, booked or over.
    `first_contact`: no SMS has gone to this patient at this number yet. `alarmed`: an urgent alert about this patient
    is open, and the message is no care. `answered`: it is a reminder, and somebody has answered since. `others`: what
    else of this patient is due, whenever it is tried next, and not in the batch; it counts where late messages are
    settled together. `sent`: what the patient was sent, or may have been, since the oldest of the batch was planned
    for, and in the day before that. `soon`: what of the patient is due ahead, of several visits; and what is held
    because advice contradicts. `word`: a hand-over that spoke for it too, and arrived or may have.
    """

    message: Message
    patient: Patient
    appointment: StoredAppointment
    ledger: tuple[Entry, ...]
    stopped: Mapping[Channel, str]
    rebooked: bool
    first_contact: bool = False
    alarmed: bool = False
    answered: bool = False
    sent: tuple[Sent, ...] = ()
    others: tuple["DueMessage", ...] = ()
    protocol: Protocol | None = None
    soon: tuple["DueMessage", ...] = ()
    word: Word | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A batch, in the order asked for; `unreadable` are the messages of patients whose data can't be opened.

    Also of those whose phone or email is not the one that their look-up hash was made of.
    """

    due: list[DueMessage]
    unreadable: list[Message]


def load_due(tx: Tx, ids: Sequence[int], *, now: datetime, ahead: timedelta = timedelta(0)) -> Loaded:
    """Load these steps; one that is gone is left out. One patient's broken data stops no other's messages.

    Notices are left out: `store.notices` loads them. `ahead` is how far beyond `now` messages of one patient's other
    visits are looked for, to become one with these.
    """
    own = {message.id: message for message in _messages(tx, among(tx, messages.c.id, ids), _IS_STEP)}
    batch = [own[message_id] for message_id in ids if message_id in own]
    people = {message.of_patient for message in batch}
    beside = _messages(
        tx,
        among(tx, messages.c.patient_id, people),
        _IS_STEP,  # what staff wrote to them is not planned
        sa.or_(messages.c.status.in_([Status.SCHEDULED, Status.CLAIMED]), _CLASHES),
        messages.c.due_at <= now + ahead,
        sa.not_(among(tx, messages.c.id, ids)),
    )
    several = _of_several_visits([*batch, *beside])
    beside = [it for it in beside if _is_due(it, now) or it.of_patient in several]
    since = min((message.planned_at for message in batch), default=now)
    read = _Reader(tx, [*batch, *beside], since=min(since, now) - _LONGEST_SPACING)
    others: dict[int, tuple[DueMessage, ...]] = defaultdict(tuple)
    soon: dict[int, tuple[DueMessage, ...]] = defaultdict(tuple)
    for message in filter(read.can_open, beside):
        (others if _is_due(message, now) else soon)[message.of_patient] += (read.due(message),)
    return Loaded(
        [
            read.due(it, others.get(it.of_patient, ()), soon.get(it.of_patient, ()))
            for it in batch
            if read.can_open(it)
        ],
        [it for it in batch if not read.can_open(it)],
    )


def _is_due(message: Message, now: datetime) -> bool:
    return message.due_at <= now and message.status is not Status.HELD


def _of_several_visits(found: Sequence[Message]) -> frozenset[int]:
    """Return the patients with messages of more than one visit: of all others nothing can become one."""
    first: dict[int, int] = {}
    return frozenset(it.of_patient for it in found if first.setdefault(it.of_patient, it.of_visit) != it.of_visit)


class _Reader:
    """Looks everything up for a batch, once, and puts the messages together with it."""

    def __init__(self, tx: Tx, batch: Sequence[Message], *, since: datetime) -> None:
        people = {message.of_patient for message in batch}
        self._patients = _patients(tx, people)
        self._versions = versions_of(tx, {it.protocol_digest for it in batch if it.protocol_digest})
        self._visits = _visits(tx, {message.of_visit for message in batch})
        self._words = spoken_for(tx, [it.id for it in batch])
        self._ledgers = ledgers_of(tx, people, {message.purpose for message in batch})
        self._stops = stops_of(tx, people)
        self._sent = sent_of(tx, people, since)
        self._alarmed = alarmed(tx, {it.of_patient for it in batch if it.purpose is not Purpose.CARE})
        reminders = {it.of_visit for it in batch if it.occurrence > 1 and is_reminder(it.reasons)}
        self._answered = last_replies(tx, reminders) if reminders else {}
        texted = {it.of_patient for it in batch if it.channel is Channel.SMS}
        self._greeted = greeted_of(tx, [it for it in self._patients.values() if it.id in texted])

    def can_open(self, message: Message) -> bool:
        return message.of_patient in self._patients

    def due(
        self, message: Message, others: tuple[DueMessage, ...] = (), soon: tuple[DueMessage, ...] = ()
    ) -> DueMessage:
        appointment, rebooked = self._visits[message.of_visit]
        return DueMessage(
            message=message,
            patient=self._patients[message.of_patient],
            appointment=appointment,
            ledger=self._ledgers.get(message.of_patient, ()),
            stopped=self._stops.get(message.of_patient, {}),
            rebooked=rebooked,
            first_contact=message.channel is Channel.SMS and message.of_patient not in self._greeted,
            alarmed=message.of_patient in self._alarmed,
            answered=self._is_answered(message),
            sent=tuple(self._sent.get(message.of_patient, ())),
            others=others,
            protocol=self._versions.get(message.protocol_digest or ""),
            soon=soon,
            word=self._words.get(message.id),
        )

    def _is_answered(self, message: Message) -> bool:
        last = self._answered.get(message.of_visit)
        since = reminds_since(message.reasons) if last else None
        return bool(last and since and last >= since)


def _messages(tx: Tx, *conditions: sa.ColumnElement[bool]) -> list[Message]:
    found = sa.select(*_MESSAGE).where(*conditions).order_by(messages.c.try_at, messages.c.id)
    return [read_raw_message(row) for row in fetch(tx, found)]


def _patients(tx: Tx, ids: Collection[int]) -> Mapping[int, Patient]:
    """Return the patients that can be opened."""
    found: dict[int, Patient] = {}
    for row in fetch(tx, sa.select(*_PATIENT).where(among(tx, patients.c.id, ids))):
        try:
            found[row.id] = read_reachable(tx.vault, row)
        except KeysError as error:
            log.warning("patient.unreadable", patient=row.id, reason=str(error))
    return found


def _visits(tx: Tx, ids: Collection[int]) -> Mapping[int, tuple[StoredAppointment, bool]]:
    rebooked = sa.exists().where(
        _LATER.c.patient_id == appointments.c.patient_id,
        _LATER.c.treatment == appointments.c.treatment,
        _LATER.c.starts_at > appointments.c.starts_at,
        _LATER.c.status.in_([AppointmentStatus.BOOKED, AppointmentStatus.COMPLETED]),
    )
    found = sa.select(*_VISIT, rebooked.label("rebooked")).where(among(tx, appointments.c.id, ids))
    return {row.id: (read_raw_appointment(row), bool(row.rebooked)) for row in fetch(tx, found)}
