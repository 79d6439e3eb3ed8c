"""Messages as the API lists them: the latest first, a page at a time, a constant number of queries."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.states import Status
from scheduler.store.database import Tx
from scheduler.store.listing.narrowing import below_id, equal, spanning
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
    message = messages.c
    found = sa.select(messages).where(
        within(message.clinic, wanted.scope),
        *equal(
            (message.kind, wanted.kind),
            (message.status, wanted.status),
            (message.channel, wanted.channel),
            (message.purpose, wanted.purpose),
            (message.step, wanted.step),
            (message.patient_id, wanted.patient),
            (message.appointment_id, wanted.appointment),
        ),
        *spanning(message.due_at, wanted.since, wanted.until),
        *below_id(message.id, below),
    )
    ranged = wanted.since is not None or wanted.until is not None
    if ranged and wanted.scope.clinics is None:  # the index of the instants begins with the clinic
        found = found.where(message.clinic.in_(_clinics()))
    if wanted.status in _TROUBLE:
        found = found.where(IS_TROUBLE)  # written out: so the databases know the partial indexes
    # By the index of the ids, unless a range of time is asked for: that has an index of its own, and fewer rows.
    order = (message.id + 0 if ranged else message.id).desc()
    return tuple(map(read_message, tx.connection.execute(found.order_by(order).limit(limit))))


def _clinics() -> sa.Select[tuple[str]]:
    """Select the clinics that there are messages of, by one look into the index for each of them."""
    found = sa.select(sa.func.min(messages.c.clinic).label("clinic")).cte("found", recursive=True)
    after = sa.select(sa.func.min(messages.c.clinic)).where(messages.c.clinic > found.c.clinic).scalar_subquery()
    found = found.union_all(sa.select(after).where(found.c.clinic.is_not(None)))
    return sa.select(found.c.clinic).where(found.c.clinic.is_not(None))
