"""Notices in the outbox: answers to replies and rings of alerts. They are sent as all messages are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.alert import AlertKind
from scheduler.domain.consent import Entry
from scheduler.domain.desk_text import DeskText, load_desk_text
from scheduler.domain.notice import MessageKind, NewNotice
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.reasons import dump_reasons
from scheduler.domain.states import Status
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.batches import among
from scheduler.store.columns import read_instant
from scheduler.store.consents import ledgers_of
from scheduler.store.database import Tx
from scheduler.store.fetching import fetch, raw
from scheduler.store.messages import Message
from scheduler.store.names import address_hash
from scheduler.store.reading import read_raw_message
from scheduler.store.replies import SMS
from scheduler.store.tables import alerts, messages, patients, replies, stops
from scheduler.store.wrote_since import overtaken

log = get_logger(__name__)

_RECIPIENT, _WORDS = "messages.recipient", "messages.words"
_question = messages.alias("question")
_CONTEXT = (
    *(patients.c.id, _question.c.appointment_id, patients.c.page_epoch),
    *(patients.c.timezone, patients.c.name_sealed, patients.c.phone_sealed, patients.c.email_sealed),
    replies.c.source,
    *(alerts.c.kind, alerts.c.clinic, alerts.c.opened_at, alerts.c.taken_at, alerts.c.closed_at),
)
_FOUND = (
    sa.select(
        *raw(messages.c),
        *(column.element.label(f"context_{place}") for place, column in enumerate(raw(_CONTEXT))),
    )
    .outerjoin(replies, replies.c.id == messages.c.reply_id)
    .outerjoin(patients, patients.c.id == sa.func.coalesce(messages.c.patient_id, replies.c.patient_id))
    .outerjoin(_question, _question.c.id == replies.c.message_id)
    .outerjoin(alerts, alerts.c.id == messages.c.alert_id)
    .where(messages.c.kind != MessageKind.STEP)
    .order_by(messages.c.try_at, messages.c.id)
)
_WIDTH = len(messages.c)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose answer it answers: the patient, the visit of the question if there was one, and the pages' epoch."""

    patient_id: int
    appointment_id: int | None
    page_epoch: int


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What a ring tells of its alert. `clinic` is None for the installation.

    `over`: it is closed, or was taken after that ring was made.
    """

    kind: AlertKind
    clinic: str | None
    opened_at: datetime
    over: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What a person wrote, and what decides whether it goes out. `ledger` is all that the patient said of consent.

    `zone` is the patient's own, None where the clinic's counts; `name` is for an email's head, "" for nobody known.
    `follows`: it goes to the address that the patient has when it goes. `overtaken`: the patient wrote since
    then that it goes badly.
    """

    text: DeskText
    name: str = field(repr=False)
    zone: str | None
    ledger: tuple[Entry, ...]
    follows: bool = False
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice with what decides about it, as it is now.

    `stopped`: the clinic's messages to that address are stopped. `asked` is None where nobody knows for certain who
    wrote; `alert` is None for an answer. `written` is what a person wrote; but for an answer to the number that wrote
    to us, such a text goes to the address that the patient has now, and `to` is "" where there is none.
    """

    message: Message
    to: str = field(repr=False)
    stopped: bool
    asked: Asked | None
    alert: AlertFacts | None
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class LoadedNotices:
    """A batch; the recipients of the `unreadable` can't be opened."""

    due: list[DueNotice]
    unreadable: list[Message]


def add_notices(tx: Tx, notices: Iterable[NewNotice], *, now: datetime) -> list[int]:
    """Add notices, due at once or as they say, and return the ids of those that are new. The caller commits.

    One that is there already, by its origin, is left as it is.
    """
    rows = [_row(tx, notice, now) for notice in notices]
    if not rows:
        return []
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    added = dialect.insert(messages).values(rows).on_conflict_do_nothing(index_elements=["origin"])
    return list(tx.connection.execute(added.returning(messages.c.id)).scalars())


def load_notices(tx: Tx, ids: Sequence[int]) -> LoadedNotices:
    """Load these notices; one that is gone is left out, and so is what is none."""
    loaded = LoadedNotices([], [])
    opened: list[DueNotice] = []
    for row in fetch(tx, _FOUND.where(among(tx, messages.c.id, ids))):
        message = read_raw_message(row[:_WIDTH])
        try:
            opened.append(_opened(tx, row[_WIDTH:], message))
        except KeysError as error:
            log.warning("notice.unreadable", message=message.id, reason=str(error))
            loaded.unreadable.append(message)
    stopped = stopped_notices(tx, [(it.message, it.to) for it in opened])
    late = overtaken(tx, [it.message.id for it in opened if it.written])
    known = [_overtaken(it) if it.message.id in late else it for it in _with_ledgers(tx, opened)]
    loaded.due.extend(replace(it, stopped=it.message.id in stopped) for it in known)
    return loaded


def stopped_notices(tx: Tx, addressed: Sequence[tuple[Message, str]]) -> frozenset[int]:
    """Return which of these messages go to an address that is stopped at their clinic."""
    hashes = {
        message.id: address_hash(tx.vault, message.channel, to)
        for message, to in addressed
        if message.channel is not Channel.WEBHOOK and to
    }
    if not hashes:
        return frozenset()
    found = sa.select(stops.c.clinic, stops.c.channel, stops.c.address_hash).where(
        stops.c.address_hash.in_(set(hashes.values())), sa.text("lifted_at IS NULL")
    )
    stopped = {(row.clinic, row.channel, row.address_hash) for row in tx.connection.execute(found)}
    return frozenset(
        message.id for message, _ in addressed if (message.clinic, message.channel, hashes.get(message.id)) in stopped
    )


def recipient_of(tx: Tx, sealed: bytes | None) -> str:
    """Open the address that a notice goes to. Raises KeysError."""
    return tx.vault.open(sealed or b"", of=_RECIPIENT)


def moved_notices(tx: Tx, notices: Sequence[DueNotice]) -> frozenset[int]:
    """Return which of these, that go to the address a patient has, were to go to one that is no longer it."""
    followed = {it.asked.patient_id: it for it in notices if it.asked and it.written and it.written.follows}
    if not followed:
        return frozenset()
    found = sa.select(patients.c.id, patients.c.phone_hash, patients.c.email_hash)
    rows = tx.connection.execute(found.where(among(tx, patients.c.id, followed)))
    now = {row.id: {Channel.SMS: row.phone_hash, Channel.EMAIL: row.email_hash} for row in rows}
    return frozenset(
        it.message.id
        for it in notices
        if it.asked
        and it.written
        and it.written.follows
        and now[it.asked.patient_id][it.message.channel] != address_hash(tx.vault, it.message.channel, it.to)
    )


def rings_over(tx: Tx, ids: Collection[int]) -> frozenset[int]:
    """Return which of these rings are needless: their alert is closed, or somebody took it after they were made.

    A ring that was made later is for who took it.
    """
    if not ids:
        return frozenset()
    over = sa.or_(alerts.c.taken_at >= messages.c.created_at, alerts.c.closed_at.is_not(None))
    found = sa.select(messages.c.id).join(alerts, alerts.c.id == messages.c.alert_id)
    return frozenset(tx.connection.execute(found.where(among(tx, messages.c.id, ids), over)).scalars())


def _opened(tx: Tx, context: Sequence[Any], message: Message) -> DueNotice:
    """Open what is sealed of a notice. Raises KeysError."""
    patient_id, appointment_id, epoch, zone, name, phone, email, source, *of_alert = context
    kind, clinic, opened_at, taken_at, closed_at = of_alert
    to = recipient_of(tx, message.recipient_sealed)
    written = None
    if message.words_sealed is not None:
        text = load_desk_text(tx.vault.open(message.words_sealed, of=_WORDS))
        called = tx.vault.open(name, of="patients.name") if patient_id is not None else ""
        wrote_there = text.in_thread and source == SMS and message.channel is Channel.SMS
        written = Written(text, called, zone, (), follows=patient_id is not None and not wrote_there)
        if written.follows:  # nobody wrote from there: the address of now counts
            sealed, of = (phone, "phone") if message.channel is Channel.SMS else (email, "email")
            to = tx.vault.open_or_none(sealed, of=f"patients.{of}") or ""
    asked = None if patient_id is None else Asked(patient_id, appointment_id, epoch)
    over = closed_at is not None or (taken_at is not None and read_instant(taken_at) >= message.created_at)
    facts = None if opened_at is None else AlertFacts(AlertKind(kind), clinic, read_instant(opened_at), over)
    return DueNotice(message, to, stopped=False, asked=asked, alert=facts, written=written)


def _overtaken(notice: DueNotice) -> DueNotice:
    return replace(notice, written=replace(notice.written, overtaken=True)) if notice.written else notice


def _with_ledgers(tx: Tx, notices: Sequence[DueNotice]) -> list[DueNotice]:
    """Add what patients said of consent, to whom a person wrote."""
    people = {it.asked.patient_id for it in notices if it.written and it.asked}
    if not people:
        return list(notices)
    ledgers = ledgers_of(tx, people)
    return [
        replace(it, written=replace(it.written, ledger=ledgers[it.asked.patient_id]))
        if it.written and it.asked
        else it
        for it in notices
    ]


def _row(tx: Tx, notice: NewNotice, now: datetime) -> dict[str, Any]:
    due_at = notice.due_at or now
    return {
        "origin": notice.origin,
        "clinic": notice.clinic,
        "step": notice.template,
        "channel": notice.channel,
        "occurrence": 1,
        "purpose": Purpose.CARE,
        "status": Status.SCHEDULED,
        "planned_at": due_at,
        "due_at": due_at,
        "try_at": due_at,
        "useful_until": notice.useful_until,
        "if_late": IfLate.SEND,
        "fallback": "[]",
        "reasons": dump_reasons(()),
        "language": notice.language,
        "created_at": now,
        "updated_at": now,
        "kind": notice.kind,
        "reply_id": notice.reply_id,
        "alert_id": notice.alert_id,
        "patient_id": notice.patient_id,
        "recipient_sealed": tx.vault.seal(notice.to, of=_RECIPIENT),
        "words_sealed": tx.vault.seal(notice.text.dump(), of=_WORDS) if notice.text else None,
    }
