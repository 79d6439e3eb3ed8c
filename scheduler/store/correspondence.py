"""What patients wrote, what they were answered, whom it was brought to; read for timelines and patients' pages."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.reasons import Reason, load_reasons
from scheduler.domain.triage import Triage
from scheduler.errors import KeysError
from scheduler.store.alerts import Alert, alerts_of_replies
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.messages import Message, read_message
from scheduler.store.replies import read_reply, reasons_of_replies
from scheduler.store.tables import messages, replies


@dataclass(frozen=True, slots=True)
class Written:
    """What a patient wrote. `words` are those that decided its class, `body` is all of it; `question` is a message.

    Both are None where they can't be opened with the keys at hand. `reasons` say what it was answered with, or why
    not. Instants are aware UTC.
    """

    id: int
    question: int | None
    source: str
    received_at: datetime
    triage: Triage
    stops: bool
    media: int
    handled_at: datetime | None
    handled_by: str | None
    reasons: tuple[Reason, ...]
    words: tuple[str, ...] | None = field(repr=False)
    body: str | None = field(repr=False)


def replies_about(tx: Tx, appointment_id: int) -> tuple[Written, ...]:
    """Return the replies to the questions of a visit, the oldest first."""
    found = (
        sa.select(replies)
        .join(messages, messages.c.id == replies.c.message_id)
        .where(messages.c.appointment_id == appointment_id)
        .order_by(replies.c.received_at, replies.c.id)
    )
    return _read_all(tx, found)


def written_by(tx: Tx, patient_id: int, *, limit: int) -> tuple[Written, ...]:
    """Return what a patient wrote last, the newest first."""
    found = sa.select(replies).where(replies.c.patient_id == patient_id)
    return _read_all(tx, found.order_by(replies.c.received_at.desc(), replies.c.id.desc()).limit(limit))


def answers_to(tx: Tx, reply_ids: Collection[int]) -> tuple[Message, ...]:
    """Return the answers to these replies, as the messages that they are, the oldest first."""
    found = sa.select(messages).where(
        messages.c.kind == MessageKind.ANSWER,
        messages.c.reply_id.is_not(None),
        among(tx, messages.c.reply_id, reply_ids),
    )
    return tuple(read_message(row) for row in tx.connection.execute(found.order_by(messages.c.id)))


def alerts_about(tx: Tx, reply_ids: Collection[int]) -> tuple[Alert, ...]:
    """Return the alerts that these replies raised, the oldest first."""
    return alerts_of_replies(tx, reply_ids)


def _read_all(tx: Tx, found: sa.Select[tuple[Any, ...]]) -> tuple[Written, ...]:
    rows = tx.connection.execute(found).all()
    reasons = reasons_of_replies(tx, [row.id for row in rows]) if rows else {}
    return tuple(_read(tx, row, load_reasons(reasons.get(row.id, "[]"))) for row in rows)


def _read(tx: Tx, row: sa.Row[tuple[object, ...]], reasons: tuple[Reason, ...]) -> Written:
    words: tuple[str, ...] | None = None
    body: str | None = None
    try:
        opened = read_reply(tx, row)
        words, body = opened.because, opened.body
    except KeysError:  # the story is told all the same, without what was said
        pass
    return Written(
        id=row.id,
        question=row.message_id,
        source=row.source,
        received_at=row.received_at,
        triage=Triage(row.triage),
        stops=row.stops,
        media=row.media,
        handled_at=row.handled_at,
        handled_by=row.handled_by,
        reasons=reasons,
        words=words,
        body=body,
    )
