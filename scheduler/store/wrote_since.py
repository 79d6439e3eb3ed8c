"""What somebody wrote since a text to them was begun: the same patient or number, whatever the thread."""

from collections.abc import Collection

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind, ReplyCause
from scheduler.domain.triage import Triage
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.desk_messages import DeskMessage, desk_messages_of_patient
from scheduler.store.names import phone_hash
from scheduler.store.replies import Reply, peek_reply
from scheduler.store.tables import events, messages, patients, replies

_WORSE = (Triage.URGENT, Triage.CONCERN)


def latest_reply_of(tx: Tx, clinic: str, *, patient: int | None, reply: int | None) -> int:
    """Return the last that a patient wrote, or the writer of a reply; 0 for nothing."""
    found = sa.select(sa.func.coalesce(sa.func.max(replies.c.id), 0))
    return int(tx.connection.execute(found.where(*_theirs(tx, clinic, patient, reply))).scalar_one())


def replies_since(tx: Tx, clinic: str, *, patient: int | None, reply: int | None, after: int) -> tuple[Reply, ...]:
    """Return what they wrote after the reply `after`, the oldest first; what can't be opened is among it."""
    found = sa.select(replies).where(*_theirs(tx, clinic, patient, reply), replies.c.id > after)
    return tuple(peek_reply(tx, row) for row in tx.connection.execute(found.order_by(replies.c.id)))


def texts_since(tx: Tx, patient: int, *, after: int) -> tuple[DeskMessage, ...]:
    """Return what staff wrote to a patient after the message `after`, the oldest first."""
    return tuple(it for it in desk_messages_of_patient(tx, patient) if it.message.id > after)


def overtaken(tx: Tx, ids: Collection[int]) -> frozenset[int]:
    """Return which of these texts of staff wait for somebody who wrote since that it goes badly, in one statement."""
    if not ids:
        return frozenset()
    # By when it was taken in: what a provider tells late was written before, and nobody had read it.
    taken_in = sa.exists().where(
        events.c.reply_id == replies.c.id,
        events.c.cause == ReplyCause.RECEIVED,
        events.c.at > messages.c.created_at,
    )
    later = sa.and_(replies.c.triage.in_(_WORSE), taken_in)
    texts = (messages.c.kind == MessageKind.DESK, among(tx, messages.c.id, ids))
    answered = replies.alias("answered")
    known = sa.select(messages.c.id).join(replies, sa.and_(replies.c.patient_id == messages.c.patient_id, later))
    number = sa.select(messages.c.id).join(answered, answered.c.id == messages.c.reply_id)
    number = number.join(replies, sa.and_(replies.c.sender_hash == answered.c.sender_hash, _at(messages), later))
    number = number.where(answered.c.sender_hash != _nobody(tx))
    shared = sa.select(messages.c.id).join(patients, patients.c.id == messages.c.patient_id)
    shared = shared.join(replies, sa.and_(replies.c.sender_hash == patients.c.phone_hash, _at(messages), later))
    found = sa.union(known.where(*texts), number.where(*texts), shared.where(*texts))
    return frozenset(tx.connection.execute(found).scalars())


def _theirs(tx: Tx, clinic: str, patient: int | None, reply: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    """Select by who is known to have written, and by number where several share it or nobody is known.

    One index after the other: an OR over them reads all replies.
    """
    here = sa.or_(replies.c.clinic == clinic, replies.c.clinic.is_(None))
    answered = replies.alias("answered")
    wrote = sa.select(answered.c.sender_hash).where(answered.c.id == reply, answered.c.sender_hash != _nobody(tx))
    numbers = [wrote] if reply is not None else []
    theirs = replies.alias("theirs")
    mine = []
    if patient is not None:
        mine.append(theirs.c.patient_id == patient)
        numbers.append(
            sa.select(patients.c.phone_hash).where(patients.c.id == patient, patients.c.phone_hash.is_not(None))
        )
    mine += [theirs.c.sender_hash.in_(it) for it in numbers]
    return here, replies.c.id.in_(sa.union_all(*(sa.select(theirs.c.id).where(it) for it in mine)))


def _nobody(tx: Tx) -> bytes:
    """Return what stands for the number of a patient who has none, and wrote on the page."""
    return phone_hash(tx.vault, "")


def _at(texts: sa.Table) -> sa.ColumnElement[bool]:
    return sa.or_(replies.c.clinic == texts.c.clinic, replies.c.clinic.is_(None))
