"""Who works on what: due messages are claimed for a lease, begun with an attempt on record, freed when it dies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from scheduler.domain.reasons import because, dump_reasons
from scheduler.domain.retry import LOOK_AFTER
from scheduler.domain.states import Cause, Status
from scheduler.store.attempts import Start, close_lost, open_attempts
from scheduler.store.database import Tx
from scheduler.store.moves import Handover, Move, Way
from scheduler.store.tables import IS_SCHEDULED, messages
from scheduler.store.transitions import move_all, move_chosen

_CLAIM = Way(Status.SCHEDULED, Cause.CLAIM, Status.CLAIMED)
_RELEASE = Way(Status.CLAIMED, Cause.RELEASE, Status.SCHEDULED)
_LOSE = Way(Status.SENDING, Cause.LOSE, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Expired:
    """Messages whose lease was dead: `released` may be claimed again, `lost` may have been sent."""

    released: tuple[int, ...]
    lost: tuple[int, ...]


def claim_due(tx: Tx, *, now: datetime, limit: int, lease: timedelta, owner: str) -> list[int]:
    """Claim at most `limit` scheduled messages whose time has come, the longest due first; return their ids.

    The caller commits. Each message goes to one owner only, whoever else claims at the same time; on PostgreSQL
    rows that another transaction holds are passed over.
    """
    due = (
        sa.select(messages.c.id)
        .where(IS_SCHEDULED, messages.c.try_at <= now)
        .order_by(messages.c.try_at, messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return move_chosen(tx, due, _CLAIM, now=now, by=owner, values={"lease_until": now + lease, "claimed_by": owner})


def begin(tx: Tx, starts: Sequence[Start], *, owner: str, now: datetime) -> list[int]:
    """Put messages into `sending` and an attempt of each on record; return the ids of those that may be sent now.

    The caller commits before it calls a provider. Only what this owner still holds, by a lease that lives at
    `now`, begins: it is no longer in the answer when it was cancelled, released or claimed by another since.
    The claim's lease goes on.
    """
    begun = move_all(tx, [_begin(start, owner) for start in starts], now=now)
    chosen = set(begun)
    open_attempts(tx, [start for start in starts if start.message_id in chosen], owner=owner, now=now)
    return begun


def release_expired(tx: Tx, *, now: datetime, by: str = "rescue", limit: int = 1000) -> Expired:
    """Take back what a dead owner held: claimed -> scheduled, sending -> unknown. At most `limit` of each.

    A message in `sending` may have been sent: it is never scheduled again here. The caller commits.
    """
    lost_lease = (because("lease_lost"),)
    released = move_chosen(tx, _dead(Status.CLAIMED, now, limit), _RELEASE, now=now, by=by, reasons=lost_lease)
    lost = move_chosen(
        tx,
        _dead(Status.SENDING, now, limit),
        _LOSE,
        now=now,
        by=by,
        reasons=lost_lease,
        values={"reasons": dump_reasons((because("outcome_unknown"),)), "look_at": now + LOOK_AFTER},
    )
    close_lost(tx, lost, now=now)
    return Expired(tuple(released), tuple(lost))


def _begin(start: Start, owner: str) -> Move:
    handover = Handover(
        attempt=start.token,
        language=start.language,
        template_digest=start.template_digest,
        segments=start.segments,
        header_id=start.header_id,
    )
    return Move(
        start.message_id, Status.CLAIMED, Cause.BEGIN, Status.SENDING, by=owner, owner=owner, handover=handover
    )


def _dead(status: Status, now: datetime, limit: int) -> sa.Select[int]:
    return (
        sa.select(messages.c.id)
        .where(messages.c.lease_until <= now, messages.c.status == status)
        .order_by(messages.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
