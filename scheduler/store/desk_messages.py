"""The texts that staff wrote to patients, as the messages that they are."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.domain.desk_text import DeskText, load_desk_text
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.messages import Message, read_message
from scheduler.store.tables import alerts, attempts, messages

log = get_logger(__name__)

SUBJECT = "message/"
"""What the subject of an alert begins with that is about one text: the message's id follows."""
_WIDTH = len(messages.c)
_IS_LOST = sa.text("kind = 'desk' AND status IN ('failed', 'undelivered', 'suppressed', 'expired')")


@dataclass(frozen=True, slots=True)
class DeskMessage:
    """A text that somebody of the clinic wrote, and where it stands.

    `text` is None where it can't be opened with the keys at hand. `sent_at` is when it was handed over last, aware
    UTC, None for what was not; `body` is what went out then.
    """

    message: Message
    text: DeskText | None = field(repr=False)
    sent_at: datetime | None
    body: str | None = field(repr=False)

    @property
    def by(self) -> str:
        """Who wrote it, "" where that can't be opened."""
        return self.text.by if self.text else ""


def desk_messages_of_replies(tx: Tx, reply_ids: Collection[int]) -> tuple[DeskMessage, ...]:
    """Return what staff answered to these replies, the oldest first."""
    if not reply_ids:
        return ()
    return _read(tx, messages.c.reply_id.is_not(None), among(tx, messages.c.reply_id, reply_ids))


def desk_messages_of_patient(tx: Tx, patient_id: int) -> tuple[DeskMessage, ...]:
    """Return all that staff wrote to a patient, the oldest first."""
    return _read(tx, messages.c.patient_id == patient_id)


def find_desk_message(tx: Tx, origin: str) -> DeskMessage | None:
    """Return the text that was written with that form, None for none."""
    return next(iter(_read(tx, messages.c.origin == origin)), None)


def desk_message(tx: Tx, message_id: int) -> DeskMessage | None:
    """Return the text of staff that has this number, None for none."""
    return next(iter(_read(tx, messages.c.id == message_id)), None)


def lost_texts(tx: Tx, *, limit: int) -> tuple[Message, ...]:
    """Return the texts of staff that went nowhere and of which no alert tells, the oldest first."""
    told = sa.select(alerts.c.subject).where(alerts.c.kind == AlertKind.NOT_SENT)
    subject = sa.literal(SUBJECT) + sa.cast(messages.c.id, sa.String)
    of_patients = messages.c.origin.not_like("test/%")  # who sent a test to themselves is looking
    found = sa.select(messages).where(_IS_LOST, of_patients, subject.not_in(told))
    found = found.order_by(messages.c.id).limit(limit)
    return tuple(read_message(row) for row in tx.connection.execute(found))


def header_of(tx: Tx, message_id: int) -> tuple[Channel, str | None, str]:
    """Return by what channel a message goes, its Message-ID, and its text as it was handed over last, "" for none.

    Raises KeysError.
    """
    found = (
        sa.select(messages.c.channel, messages.c.header_id, attempts.c.body_sealed)
        .outerjoin(attempts, attempts.c.token == messages.c.attempt)
        .where(messages.c.id == message_id)
    )
    row = tx.connection.execute(found).one_or_none()
    if row is None:
        return Channel.SMS, None, ""
    return Channel(row.channel), row.header_id, tx.vault.open_or_none(row.body_sealed, of="attempts.body") or ""


def _read(tx: Tx, *which: sa.ColumnElement[bool]) -> tuple[DeskMessage, ...]:
    found = (
        sa.select(messages, attempts.c.started_at.label("begun_at"), attempts.c.body_sealed.label("sent_sealed"))
        .outerjoin(attempts, attempts.c.token == messages.c.attempt)
        .where(messages.c.kind == MessageKind.DESK, *which)
        .order_by(messages.c.id)
    )
    return tuple(_message(tx, row) for row in tx.connection.execute(found))


def _message(tx: Tx, row: sa.Row[Any]) -> DeskMessage:
    message = read_message(row[:_WIDTH])
    try:
        text = load_desk_text(tx.vault.open(message.words_sealed or b"", of="messages.words"))
        body = tx.vault.open_or_none(row.sent_sealed, of="attempts.body")
    except KeysError as error:
        log.warning("message.unreadable", message=message.id, reason=str(error))
        text, body = None, None
    return DeskMessage(message, text, row.begun_at, body)
