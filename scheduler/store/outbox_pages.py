"""The rehearsal's outbox as the desk looks at it: what would have left the machine, with what it was about."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.errors import NotFoundError
from scheduler.store.database import Tx
from scheduler.store.outbox import open_address, open_content
from scheduler.store.scopes import within
from scheduler.store.tables import attempts, messages, outbox


@dataclass(frozen=True, slots=True)
class Kept:
    """One rehearsed message: `content` is an SMS's text, an email's MIME or a call's JSON."""

    id: int
    at: datetime
    channel: Channel
    clinic: str
    message_id: int
    kind: MessageKind
    step: str
    patient_id: int | None
    address: str = field(repr=False)
    content: bytes = field(repr=False)


def kept_messages(
    tx: Tx, scope: Scope, *, channel: Channel | None = None, before: int | None = None, limit: int = 50
) -> tuple[Kept, ...]:
    """Return the rehearsed messages of these clinics, newest first, older than number `before`. One query."""
    found = _kept().where(within(messages.c.clinic, scope))
    if channel:
        found = found.where(outbox.c.channel == channel)
    if before is not None:
        found = found.where(outbox.c.id < before)
    rows = tx.connection.execute(found.order_by(outbox.c.id.desc()).limit(limit))
    return tuple(_read(tx, row) for row in rows)


def kept_message(tx: Tx, number: int) -> Kept:
    """Return a rehearsed message. Raises NotFoundError."""
    row = tx.connection.execute(_kept().where(outbox.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such message in the outbox")
    return _read(tx, row)


def _kept() -> sa.Select[Any]:
    return (
        sa.select(
            outbox,
            messages.c.clinic,
            messages.c.id.label("message_id"),
            messages.c.kind,
            messages.c.step,
            messages.c.patient_id,
        )
        .join(attempts, attempts.c.token == outbox.c.attempt)
        .join(messages, messages.c.id == attempts.c.message_id)
    )


def _read(tx: Tx, row: sa.Row[Any]) -> Kept:
    return Kept(
        id=row.id,
        at=row.at,
        channel=row.channel,
        clinic=row.clinic,
        message_id=row.message_id,
        kind=row.kind,
        step=row.step,
        patient_id=row.patient_id,
        address=open_address(tx, row.address_sealed),
        content=open_content(tx, row.content_sealed),
    )
