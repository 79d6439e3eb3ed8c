"""What the inbox shows beside its lines, many at a time; what can't be opened is left out."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.notice import ReplyCause
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.names import phone_hash
from scheduler.store.replies import Reply, peek_reply
from scheduler.store.tables import alerts, events, messages, patients, replies

log = get_logger(__name__)


def replies_by_id(tx: Tx, ids: Collection[int]) -> Mapping[int, Reply]:
    """Return replies by their ids; one that can't be opened comes without what is sealed."""
    if not ids:
        return {}
    found = sa.select(replies).where(among(tx, replies.c.id, ids))
    return {row.id: peek_reply(tx, row) for row in tx.connection.execute(found)}


def names_of(tx: Tx, ids: Collection[int]) -> Mapping[int, str]:
    """Return the names of patients by id, without those that can't be opened."""
    if not ids:
        return {}
    names: dict[int, str] = {}
    found = sa.select(patients.c.id, patients.c.name_sealed).where(among(tx, patients.c.id, ids))
    for row in tx.connection.execute(found):
        try:
            names[row.id] = tx.vault.open(row.name_sealed, of="patients.name")
        except KeysError as error:
            log.warning("patient.unreadable", patient=row.id, reason=str(error))
    return names


def patients_of_messages(tx: Tx, ids: Collection[int]) -> Mapping[int, int]:
    """Return to which patients messages go, by message, where that is known."""
    if not ids:
        return {}
    found = sa.select(messages.c.id, messages.c.patient_id).where(among(tx, messages.c.id, ids))
    return {row.id: row.patient_id for row in tx.connection.execute(found) if row.patient_id is not None}


def replies_of_writer(tx: Tx, reply: Reply, *, limit: int) -> tuple[Reply, ...]:
    """Return the latest of what the writer of a reply wrote to the same clinic, itself among them, the oldest first.

    Who wrote is the patient; where nobody knows that, the number.
    """
    here = replies.c.clinic.is_not_distinct_from(reply.clinic)
    if reply.patient_id is not None:
        mine = replies.c.patient_id == reply.patient_id
    elif reply.sender:
        number = replies.c.sender_hash == phone_hash(tx.vault, reply.sender)
        mine = sa.and_(number, replies.c.patient_id.is_(None))
    else:
        mine = replies.c.id == reply.id
    found = sa.select(replies).where(mine, here).order_by(replies.c.received_at.desc(), replies.c.id.desc())
    rows = tx.connection.execute(found.limit(limit)).all()
    return tuple(peek_reply(tx, row) for row in reversed(rows))


def told_of(tx: Tx, ids: Collection[int]) -> frozenset[int]:
    """Return which of these replies an open alert is about."""
    if not ids:
        return frozenset()
    is_open = sa.text("alerts.closed_at IS NULL")
    raised = sa.select(alerts.c.reply_id).where(is_open, among(tx, alerts.c.reply_id, ids))
    joined = sa.select(replies.c.id).join(alerts, alerts.c.id == replies.c.alert_id)
    joined = joined.where(is_open, among(tx, replies.c.id, ids))
    return frozenset(tx.connection.execute(sa.union(raised, joined)).scalars())


def takings_of(tx: Tx, reply_id: int) -> tuple[tuple[ReplyCause, str, datetime], ...]:
    """Return who took a reply, gave it back and dealt with it, with when, the oldest first."""
    kinds = (ReplyCause.TAKEN, ReplyCause.GIVEN_BACK, ReplyCause.HANDLED)
    found = sa.select(events.c.cause, events.c.by, events.c.at).where(
        events.c.reply_id == reply_id, events.c.cause.in_(kinds)
    )
    rows = tx.connection.execute(found.order_by(events.c.id))
    return tuple((ReplyCause(row.cause), row.by, row.at) for row in rows)
