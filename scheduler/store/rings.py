"""The messages of rings: which rings reached nobody, and which still wait though a later one was made."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.notice import AlertCause
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, because, load_reasons
from scheduler.domain.states import Brake, Cause, Status
from scheduler.errors import KeysError
from scheduler.store.database import Tx
from scheduler.store.moves import Move
from scheduler.store.names import address_hash
from scheduler.store.notices import recipient_of
from scheduler.store.tables import IS_SCHEDULED, RINGS, alerts, attempts, events, messages, stops
from scheduler.store.transitions import move_all

ENDED_BADLY = (Status.FAILED, Status.UNDELIVERED, Status.SUPPRESSED, Status.EXPIRED, Status.CANCELLED)
_IS_OPEN = sa.text("alerts.closed_at IS NULL")  # written out: so the database knows the partial index
_later = events.alias("later")


@dataclass(frozen=True, slots=True)
class RingMessage:
    """One message of a ring, as it stands; `reasons` say why it stands there."""

    channel: Channel
    status: Status
    reasons: tuple[Reason, ...]


def dead_rings(tx: Tx, *, limit: int) -> tuple[int, ...]:
    """Return the alerts whose latest ring reached nobody, as far as is known, and of which that is not noted.

    Of those that somebody took only where it was made since: that one was to tell of more.
    What waits for its provider to be mended has not reached anybody either. A text or email of which nobody knows
    whether it went out counts too; a call to a webhook does not: it is made again as the same call.
    """
    doubtful = sa.and_(messages.c.status == Status.UNKNOWN, messages.c.channel != Channel.WEBHOOK)
    braked = sa.func.coalesce(messages.c.brake, "") == Brake.CIRCUIT
    may_reach = sa.not_(sa.or_(messages.c.status.in_(ENDED_BADLY), doubtful, braked))
    rung = sa.select(sa.func.max(events.c.id)).where(
        events.c.alert_id == alerts.c.id, events.c.cause == AlertCause.RUNG
    )
    noted = sa.exists().where(
        _later.c.alert_id == alerts.c.id, _later.c.cause == AlertCause.MISSED, _later.c.id > rung.scalar_subquery()
    )
    of_latest = _of_latest()
    dead = (alerts.c.rings > 0, ~sa.exists().where(of_latest, may_reach), ~noted)
    since_taken = sa.exists().where(of_latest, messages.c.created_at > alerts.c.taken_at)
    untaken = sa.select(alerts.c.id).where(RINGS, sa.exists().where(of_latest), *dead)
    taken = sa.select(alerts.c.id).where(_IS_OPEN, alerts.c.taken_at.is_not(None), since_taken, *dead)
    ids = [
        *tx.connection.execute(untaken.order_by(alerts.c.ring_at, alerts.c.id).limit(limit)).scalars(),
        *tx.connection.execute(taken.order_by(alerts.c.id).limit(limit)).scalars(),
    ]
    return tuple(ids[:limit])


def latest_ring(tx: Tx, alert_id: int) -> tuple[RingMessage, ...]:
    """Return the messages of an alert's latest ring."""
    found = sa.select(messages.c.channel, messages.c.status, messages.c.reasons).join(alerts, _of_latest())
    rows = tx.connection.execute(found.where(alerts.c.id == alert_id).order_by(messages.c.id))
    return tuple(RingMessage(Channel(row.channel), Status(row.status), load_reasons(row.reasons)) for row in rows)


def withdraw_rings(
    tx: Tx, alert_id: int, ways: Collection[tuple[Channel, str]] | None = None, *, now: datetime, by: str
) -> list[int]:
    """Cancel an alert's rings that still wait to be sent to one of these addresses, or to any. The caller commits.

    What an engine has in its hands at the moment goes out: it is left alone, and waited for by nobody.
    """
    waiting = sa.select(messages.c.id, messages.c.channel, messages.c.recipient_sealed).where(
        IS_SCHEDULED, messages.c.alert_id == alert_id
    )
    if tx.dialect == "postgresql":
        waiting = waiting.with_for_update(skip_locked=True)
    rows = tx.connection.execute(waiting.order_by(messages.c.id)).all()
    same = [row.id for row in rows if ways is None or (Channel(row.channel), _to(tx, row.recipient_sealed)) in ways]
    reasons = (because("rung_anew"),)
    moves = [Move(it, Status.SCHEDULED, Cause.CANCEL, Status.CANCELLED, by=by, reasons=reasons) for it in same]
    return move_all(tx, moves, now=now)


def stopped_at(tx: Tx, clinics: Collection[str], channel: Channel, address: str) -> bool:
    """Whether texts or emails from one of these clinics to an address are stopped."""
    found = sa.select(stops.c.id).where(
        sa.text("lifted_at IS NULL"),
        stops.c.address_hash == address_hash(tx.vault, channel, address),
        stops.c.channel == channel,
        stops.c.clinic.in_(clinics),
    )
    return tx.connection.execute(found.limit(1)).first() is not None


def last_ring_failed(tx: Tx, channel: Channel, address: str) -> bool:
    """Whether the last ring to an address was refused, or did not arrive."""
    found = (
        sa.select(messages.c.status)
        .join(attempts, attempts.c.message_id == messages.c.id)
        .where(attempts.c.address_hash == address_hash(tx.vault, channel, address), messages.c.alert_id.is_not(None))
        .order_by(attempts.c.id.desc())
        .limit(1)
    )
    return tx.connection.execute(found).scalar_one_or_none() in (Status.FAILED, Status.UNDELIVERED)


def _of_latest() -> sa.ColumnElement[bool]:
    """Say that a message belongs to the latest ring of an alert: its origin is alert/<id>/<ring>/<channel>."""
    ring = sa.cast(alerts.c.id, sa.String) + "/" + sa.cast(alerts.c.rings, sa.String)
    return sa.and_(messages.c.alert_id == alerts.c.id, messages.c.origin.like(sa.literal("alert/") + ring + "/%"))


def _to(tx: Tx, sealed: bytes) -> str:
    """Return an address, or "" where the keys at hand don't open it: it is nobody's then."""
    try:
        return recipient_of(tx, sealed)
    except KeysError:
        return ""
