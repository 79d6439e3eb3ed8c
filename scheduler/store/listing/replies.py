"""Replies as the API lists them: the latest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.triage import Triage
from scheduler.store.database import Tx
from scheduler.store.replies import Reply, read_reply
from scheduler.store.scopes import within
from scheduler.store.tables import replies


@dataclass(frozen=True, slots=True)
class ReplyFilter:
    """Which replies are meant; what is None does not narrow. They came from `since` on, before `until` (aware UTC)."""

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
    conditions = (
        (wanted.scope.clinics is not None, within(reply.clinic, wanted.scope)),
        (wanted.triage is not None, reply.triage == wanted.triage),
        (wanted.handled is True, reply.handled_at.is_not(None)),
        (wanted.handled is False, reply.handled_at.is_(None)),
        (wanted.patient is not None, reply.patient_id == wanted.patient),
        (wanted.since is not None, reply.received_at >= wanted.since),
        (wanted.until is not None, reply.received_at < wanted.until),
        (below is not None, reply.id < below),
    )
    found = sa.select(replies).where(*(condition for counts, condition in conditions if counts))
    rows = tx.connection.execute(found.order_by(reply.id.desc()).limit(limit))
    return tuple(read_reply(tx, row) for row in rows)
