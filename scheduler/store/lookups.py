"""What a provider is to be asked about: hand-overs whose end nobody knows, and reports that have not come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from scheduler.domain.states import Status
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.attempts import Attempt, find_attempt
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.messages import Message, get_message
from scheduler.store.tables import attempts, messages, provider_events

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A message, and the hand-over whose end is to be found out."""

    message: Message
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether reports wait to be worked on, and whether something is to be asked now."""

    reports: bool
    lookups: bool


def what_waits(tx: Tx, *, kind: str, now: datetime) -> Waiting:
    """Say whether there is more to do than sending, at the cost of one look into two small indexes.

    `kind` is that of the provider's events that count as reports: what is stored of another is no work of these.
    """
    reports = sa.exists().where(provider_events.c.handled_at.is_(None), provider_events.c.kind == kind)
    lookups = sa.exists().where(messages.c.look_at <= now)
    row = tx.connection.execute(sa.select(reports, lookups)).one()
    return Waiting(*map(bool, row))


def take_lookups(tx: Tx, status: Status, *, now: datetime, limit: int, again: timedelta) -> list[Doubtful]:
    """Return what is to be asked about now, the longest waiting first. The caller commits, then asks.

    Until `again` has passed nobody else takes it; whoever learns nothing leaves it to the next time.
    """
    chosen = (
        sa.select(messages.c.id)
        .where(messages.c.look_at <= now, messages.c.status == status, messages.c.attempt.is_not(None))
        .order_by(messages.c.look_at, messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    taken = sa.update(messages).where(messages.c.id == chosen.c.id).values(look_at=now + again)
    ids = sorted(tx.connection.execute(taken.returning(messages.c.id)).scalars())
    return [doubtful for doubtful in (_doubtful(tx, message_id) for message_id in ids) if doubtful]


def note_asked(tx: Tx, doubtful: Doubtful, *, now: datetime, look_at: datetime | None) -> None:
    """Note that the provider was asked and gave no answer that decides; ask again at `look_at`, or never.

    A message that has moved since is left alone. The caller commits.
    """
    token = doubtful.attempt.token
    tx.connection.execute(
        sa.update(attempts).where(attempts.c.token == token, attempts.c.asked_at.is_(None)).values(asked_at=now)
    )
    message = doubtful.message
    same = (messages.c.id == message.id, messages.c.attempt == token, messages.c.status == message.status)
    tx.connection.execute(sa.update(messages).where(*same).values(look_at=look_at))


def owned_ids(tx: Tx, provider_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these names of a provider belong to a hand-over already."""
    owned = sa.select(attempts.c.provider_id).where(among(tx, attempts.c.provider_id, provider_ids))
    return frozenset(tx.connection.execute(owned).scalars())


def has_rivals(tx: Tx, attempt: Attempt, *, within: timedelta) -> bool:
    """Whether other hand-overs to the same address, begun within that time of it, have no known end either."""
    own = sa.select(attempts.c.address_hash).where(attempts.c.token == attempt.token).scalar_subquery()
    rival = sa.select(attempts.c.id).where(
        attempts.c.address_hash == own,
        attempts.c.token != attempt.token,
        attempts.c.provider_id.is_(None),
        sa.or_(attempts.c.outcome.is_(None), attempts.c.outcome == Status.UNKNOWN),
        attempts.c.started_at.between(attempt.started_at - within, attempt.started_at + within),
    )
    return tx.connection.execute(rival.limit(1)).first() is not None


def unknown_ends(tx: Tx, message_id: int) -> int:
    """Return how many hand-overs of a message have no known end."""
    counted = sa.select(sa.func.count()).where(
        attempts.c.message_id == message_id, attempts.c.outcome == Status.UNKNOWN
    )
    return tx.connection.execute(counted).scalar_one()


def _doubtful(tx: Tx, message_id: int) -> Doubtful | None:
    """Open what is to be asked about. One patient's broken data stops no other's messages."""
    message = get_message(tx, message_id)
    try:
        attempt = find_attempt(tx, message.attempt or "")
    except KeysError as error:
        log.warning("attempt.unreadable", message=message_id, reason=str(error))
        return None
    return Doubtful(message, attempt) if attempt else None
