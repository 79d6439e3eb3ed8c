"""The replies: what patients wrote, sealed, each once, with what was made of it. And what decides about a new one."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.notice import ReplyCause
from scheduler.domain.reasons import Reason, dump_reasons
from scheduler.domain.triage import Triage
from scheduler.errors import KeysError, NotFoundError
from scheduler.logs import get_logger
from scheduler.store.database import Tx
from scheduler.store.names import phone_hash
from scheduler.store.tables import events, replies

log = get_logger(__name__)

SMS, PAGE = "sms", "page"
"""Where a reply came from."""
_SENDER, _BODY, _BECAUSE = "replies.sender", "replies.body", "replies.because"


@dataclass(frozen=True, slots=True)
class NewReply:
    """A reply to be kept. `unique_id` is the same for what comes twice; `sender` is a phone in E.164, as it came.

    `clinic` is None where nobody knows to which it was meant, `patient_id` where that is not certain. `question` is
    the message that it answers. `because` are the words that decided its class.
    """

    unique_id: str
    source: str
    clinic: str | None
    receiver: str
    sender: str = field(repr=False)
    body: str = field(repr=False)
    media: int
    received_at: datetime
    patient_id: int | None
    question: int | None
    triage: Triage
    because: tuple[str, ...] = field(repr=False)
    stops: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that is kept; see `NewReply`. `handled_at` and `handled_by`: a person dealt with it.

    `taken_at` and `taken_by`: a person sees to it. `readable` is False for one that the keys at hand don't open:
    then its `sender`, `body` and `because` are empty.
    """

    id: int
    unique_id: str
    source: str
    clinic: str | None
    receiver: str
    sender: str = field(repr=False)
    body: str = field(repr=False)
    media: int
    received_at: datetime
    patient_id: int | None
    question: int | None
    triage: Triage
    because: tuple[str, ...] = field(repr=False)
    stops: bool
    handled_at: datetime | None
    handled_by: str | None
    taken_at: datetime | None = None
    taken_by: str | None = None
    readable: bool = True


def add_reply(tx: Tx, reply: NewReply, *, now: datetime, by: str, reasons: Sequence[Reason] = ()) -> int | None:
    """Keep a reply, with its event, and return its id; None when it is there already. The caller commits.

    `reasons` say what follows from it, or why nothing is answered.
    """
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(replies).on_conflict_do_nothing(index_elements=["unique_id"])
    added = tx.connection.execute(insert.values(_values(tx, reply)).returning(replies.c.id)).scalar_one_or_none()
    if added is not None:
        record_reply(tx, added, ReplyCause.RECEIVED, at=now, by=by, reasons=reasons)
    return added


def mark_reply_handled(tx: Tx, reply_id: int, *, now: datetime, by: str) -> bool:
    """Note that a person dealt with a reply; False when somebody had. Raises NotFoundError. The caller commits."""
    handled = sa.update(replies).where(replies.c.id == reply_id, replies.c.handled_at.is_(None))
    if tx.connection.execute(handled.values(handled_at=now, handled_by=by)).rowcount:
        record_reply(tx, reply_id, ReplyCause.HANDLED, at=now, by=by)
        return True
    get_reply(tx, reply_id)
    return False


def get_reply(tx: Tx, reply_id: int) -> Reply:
    """Return a reply. Raises NotFoundError, or KeysError when it can't be opened."""
    return _one(tx, replies.c.id == reply_id, f"there is no reply {reply_id}: see `aftercare replies`")


def find_reply(tx: Tx, unique_id: str) -> Reply:
    """Return what was kept under that id. Raises NotFoundError, or KeysError when it can't be opened."""
    return _one(tx, replies.c.unique_id == unique_id, "there is no reply of that id")


def _one(tx: Tx, which: sa.ColumnElement[bool], missing: str) -> Reply:
    row = tx.connection.execute(sa.select(replies).where(which)).one_or_none()
    if row is None:
        raise NotFoundError(missing)
    return read_reply(tx, row)


def latest_replies(
    tx: Tx,
    *,
    clinic: str | None = None,
    unhandled: bool = False,
    limit: int = 100,
    since: datetime | None = None,
) -> tuple[Reply, ...]:
    """Return the latest replies, the newest first; of a clinic also those of which nobody knows whose they are.

    One that can't be opened is among them, without what is sealed: it hides none of the others.
    """
    found = sa.select(replies).order_by(replies.c.received_at.desc(), replies.c.id.desc()).limit(limit)
    if clinic:
        found = found.where(sa.or_(replies.c.clinic == clinic, replies.c.clinic.is_(None)))
    if unhandled:
        found = found.where(replies.c.handled_at.is_(None))
    if since:
        found = found.where(replies.c.received_at >= since)
    return tuple(peek_reply(tx, row) for row in tx.connection.execute(found))


def read_reply(tx: Tx, row: sa.Row[Any]) -> Reply:
    """Open a row that has the columns of `replies`. Raises KeysError."""
    return Reply(
        id=row.id,
        unique_id=row.unique_id,
        source=row.source,
        clinic=row.clinic,
        receiver=row.receiver,
        sender=tx.vault.open(row.sender_sealed, of=_SENDER),
        body=tx.vault.open(row.body_sealed, of=_BODY),
        media=row.media,
        received_at=row.received_at,
        patient_id=row.patient_id,
        question=row.message_id,
        triage=Triage(row.triage),
        because=tuple(json.loads(tx.vault.open(row.because_sealed, of=_BECAUSE))),
        stops=row.stops,
        handled_at=row.handled_at,
        handled_by=row.handled_by,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
    )


def peek_reply(tx: Tx, row: sa.Row[Any]) -> Reply:
    """Open a row as `read_reply` does, but where it can't be opened, leave out what is sealed."""
    try:
        return read_reply(tx, row)
    except KeysError as error:
        log.warning("reply.unreadable", reply=row.id, reason=str(error))
    return Reply(
        id=row.id,
        unique_id=row.unique_id,
        source=row.source,
        clinic=row.clinic,
        receiver=row.receiver,
        sender="",
        body="",
        media=row.media,
        received_at=row.received_at,
        patient_id=row.patient_id,
        question=row.message_id,
        triage=Triage(row.triage),
        because=(),
        stops=row.stops,
        handled_at=row.handled_at,
        handled_by=row.handled_by,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
        readable=False,
    )


def take_reply(tx: Tx, reply_id: int, *, now: datetime, by: str) -> bool:
    """Note who sees to a reply; False when somebody does already, or it is dealt with. The caller commits."""
    mine = (replies.c.id == reply_id, replies.c.taken_at.is_(None), replies.c.handled_at.is_(None))
    if not tx.connection.execute(sa.update(replies).where(*mine).values(taken_at=now, taken_by=by)).rowcount:
        return False
    record_reply(tx, reply_id, ReplyCause.TAKEN, at=now, by=by)
    return True


def give_reply_back(tx: Tx, reply_id: int, *, now: datetime, by: str) -> bool:
    """Note that nobody sees to a reply any more; False when nobody did, or it is dealt with. The caller commits."""
    taken = (replies.c.id == reply_id, replies.c.taken_at.is_not(None), replies.c.handled_at.is_(None))
    if not tx.connection.execute(sa.update(replies).where(*taken).values(taken_at=None, taken_by=None)).rowcount:
        return False
    record_reply(tx, reply_id, ReplyCause.GIVEN_BACK, at=now, by=by)
    return True


def reasons_of_replies(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    """Return, as it is stored, how replies were answered, or why not, by reply."""
    found = sa.select(events.c.reply_id, events.c.reasons).where(
        events.c.reply_id.in_(ids), events.c.cause == ReplyCause.RECEIVED
    )
    return {row.reply_id: row.reasons for row in tx.connection.execute(found)}


def _values(tx: Tx, reply: NewReply) -> dict[str, Any]:
    return {
        "unique_id": reply.unique_id,
        "source": reply.source,
        "clinic": reply.clinic,
        "receiver": reply.receiver,
        "sender_sealed": tx.vault.seal(reply.sender, of=_SENDER),
        "sender_hash": phone_hash(tx.vault, reply.sender),
        "body_sealed": tx.vault.seal(reply.body, of=_BODY),
        "media": reply.media,
        "received_at": reply.received_at,
        "patient_id": reply.patient_id,
        "message_id": reply.question,
        "triage": reply.triage,
        "because_sealed": tx.vault.seal(json.dumps(reply.because), of=_BECAUSE),
        "stops": reply.stops,
    }


def record_reply(
    tx: Tx, reply_id: int, cause: ReplyCause, *, at: datetime, by: str, reasons: Sequence[Reason] = ()
) -> None:
    """Add what happened to a reply, in the transaction in which it does. The caller commits."""
    values = {"reply_id": reply_id, "at": at, "cause": cause, "by": by, "reasons": dump_reasons(reasons)}
    tx.connection.execute(sa.insert(events).values(values))
