"""Messages as the API lists them: the latest first, a page at a time, a constant number of queries."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.states import Status
from scheduler.store.database import Tx
from scheduler.store.messages import Message, read_message
from scheduler.store.scopes import within
from scheduler.store.tables import IS_TROUBLE, messages

_TROUBLE = frozenset({Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.HELD, Status.UNKNOWN})


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are meant; what is None does not narrow. They are due from `since` on, before `until`.

    The instants are aware UTC.
    """

    scope: Scope
    kind: MessageKind | None = None
    status: Status | None = None
    channel: Channel | None = None
    purpose: Purpose | None = None
    step: str | None = None
    patient: int | None = None
    appointment: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_messages(tx: Tx, wanted: MessageFilter, *, below: int | None, limit: int) -> tuple[Message, ...]:
    """Return at most `limit` messages, the highest id first; those with an id below `below` where one is given."""
    found = sa.select(messages).where(*_meant(wanted))
    if below is not None:
        found = found.where(messages.c.id < below)
    # By the index of the ids, unless a range of time is asked for: that has an index of its own, and fewer rows.
    ranged = wanted.since is not None or wanted.until is not None
    order = (messages.c.id + 0 if ranged else messages.c.id).desc()
    return tuple(map(read_message, tx.connection.execute(found.order_by(order).limit(limit))))


def _meant(wanted: MessageFilter) -> list[sa.ColumnElement[bool] | sa.TextClause]:
    message = messages.c
    pairs = (
        (message.kind, wanted.kind),
        (message.status, wanted.status),
        (message.channel, wanted.channel),
        (message.purpose, wanted.purpose),
        (message.step, wanted.step),
        (message.patient_id, wanted.patient),
        (message.appointment_id, wanted.appointment),
    )
    meant: list[sa.ColumnElement[bool] | sa.TextClause] = [column == it for column, it in pairs if it is not None]
    if wanted.status in _TROUBLE:
        meant.append(IS_TROUBLE)  # written out: so the databases know the partial indexes
    if wanted.scope.clinics is not None:
        meant.append(within(message.clinic, wanted.scope))
    if wanted.since is not None:
        meant.append(message.due_at >= wanted.since)
    if wanted.until is not None:
        meant.append(message.due_at < wanted.until)
    return meant
