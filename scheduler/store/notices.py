"""Notices in the outbox: answers to replies and rings of alerts. They are sent as all messages are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.alert import AlertKind
from scheduler.domain.notice import MessageKind, NewNotice
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.reasons import dump_reasons
from scheduler.domain.states import Status
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.batches import among
from scheduler.store.columns import read_instant
from scheduler.store.database import Tx
from scheduler.store.fetching import fetch, raw
from scheduler.store.messages import Message
from scheduler.store.names import address_hash
from scheduler.store.reading import read_raw_message
from scheduler.store.tables import alerts, messages, patients, replies, stops

log = get_logger(__name__)

_RECIPIENT = "messages.recipient"
_question = messages.alias("question")
_CONTEXT = (
    *(replies.c.patient_id, _question.c.appointment_id, patients.c.page_epoch),
    *(alerts.c.kind, alerts.c.clinic, alerts.c.opened_at, alerts.c.taken_at, alerts.c.closed_at),
)
_FOUND = (
    sa.select(
        *raw(messages.c),
        *(column.element.label(f"context_{place}") for place, column in enumerate(raw(_CONTEXT))),
    )
    .outerjoin(replies, replies.c.id == messages.c.reply_id)
    .outerjoin(patients, patients.c.id == replies.c.patient_id)
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
class DueNotice:
    """A notice with what decides about it, as it is now.

    `stopped`: the clinic's messages to that address are stopped. `asked` is None where nobody knows for certain who
    wrote; `alert` is None for an answer.
    """

    message: Message
    to: str = field(repr=False)
    stopped: bool
    asked: Asked | None
    alert: AlertFacts | None


@dataclass(frozen=True, slots=True)
class LoadedNotices:
    """A batch; the recipients of the `unreadable` can't be opened."""

    due: list[DueNotice]
    unreadable: list[Message]


def add_notices(tx: Tx, notices: Iterable[NewNotice], *, now: datetime) -> list[int]:
    """Add notices, due at once, and return the ids of those that are new. The caller commits.

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
    opened: list[tuple[Any, Message, str]] = []
    for row in fetch(tx, _FOUND.where(among(tx, messages.c.id, ids))):
        message = read_raw_message(row[:_WIDTH])
        try:
            opened.append((row, message, recipient_of(tx, message.recipient_sealed)))
        except KeysError as error:
            log.warning("notice.unreadable", message=message.id, reason=str(error))
            loaded.unreadable.append(message)
    stopped = stopped_notices(tx, [(message, to) for _, message, to in opened])
    loaded.due.extend(_due(row[_WIDTH:], message, to, stopped=message.id in stopped) for row, message, to in opened)
    return loaded


def stopped_notices(tx: Tx, addressed: Sequence[tuple[Message, str]]) -> frozenset[int]:
    """Return which of these messages go to an address that is stopped at their clinic."""
    hashes = {
        message.id: address_hash(tx.vault, message.channel, to)
        for message, to in addressed
        if message.channel is not Channel.WEBHOOK
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


def rings_over(tx: Tx, ids: Collection[int]) -> frozenset[int]:
    """Return which of these rings are needless: their alert is closed, or somebody took it after they were made.

    A ring that was made later is for who took it.
    """
    if not ids:
        return frozenset()
    over = sa.or_(alerts.c.taken_at >= messages.c.created_at, alerts.c.closed_at.is_not(None))
    found = sa.select(messages.c.id).join(alerts, alerts.c.id == messages.c.alert_id)
    return frozenset(tx.connection.execute(found.where(among(tx, messages.c.id, ids), over)).scalars())


def _due(context: Sequence[Any], message: Message, to: str, *, stopped: bool) -> DueNotice:
    patient_id, appointment_id, epoch, kind, clinic, opened_at, taken_at, closed_at = context
    asked = None if patient_id is None else Asked(patient_id, appointment_id, epoch)
    over = closed_at is not None or (taken_at is not None and read_instant(taken_at) >= message.created_at)
    facts = None if opened_at is None else AlertFacts(AlertKind(kind), clinic, read_instant(opened_at), over)
    return DueNotice(message, to, stopped, asked, facts)


def _row(tx: Tx, notice: NewNotice, now: datetime) -> dict[str, Any]:
    return {
        "origin": notice.origin,
        "clinic": notice.clinic,
        "step": notice.template,
        "channel": notice.channel,
        "occurrence": 1,
        "purpose": Purpose.CARE,
        "status": Status.SCHEDULED,
        "planned_at": now,
        "due_at": now,
        "try_at": now,
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
        "recipient_sealed": tx.vault.seal(notice.to, of=_RECIPIENT),
    }
