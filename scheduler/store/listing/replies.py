"""Replies as the API lists them: the latest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.triage import Triage
from scheduler.store.database import Tx
from scheduler.store.listing.narrowing import below_id, equal, happened, spanning
from scheduler.store.replies import Reply, read_reply
from scheduler.store.scopes import within
from scheduler.store.tables import replies


@dataclass(frozen=True, slots=True)
class ReplyFilter:
    """Which replies are meant; what is None does not narrow. They came from `since` on, before `until` (UTC)."""

    scope: Scope
    triage: Triage | None = None
    handled: bool | None = None
    patient: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_replies(tx: Tx, wanted: ReplyFilter, *, below: int | None, limit: int) -> tuple[Reply, ...]:
    """Return at most `limit` replies, the highest id first; those below `below` where one is given.

    Raises KeysError where one can't be opened.
    """
    reply = replies.c
    found = sa.select(replies).where(
        within(reply.clinic, wanted.scope),
        *equal((reply.triage, wanted.triage), (reply.patient_id, wanted.patient)),
        *happened(reply.handled_at, wanted.handled),
        *spanning(reply.received_at, wanted.since, wanted.until),
        *below_id(reply.id, below),
    )
    rows = tx.connection.execute(found.order_by(reply.id.desc()).limit(limit))
    return tuple(read_reply(tx, row) for row in rows)
