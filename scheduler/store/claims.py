"""Who works on what: due messages are claimed for a lease, begun with an attempt on record, freed when it dies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from scheduler.domain.reasons import because, dump_reasons
from scheduler.domain.retry import LOOK_AFTER
from scheduler.domain.states import Cause, Status
from scheduler.store.attempts import Start, close_lost, drop_attempts, open_attempts
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.merges import speak, take_passengers
from scheduler.store.moves import Handover, Move, Way
from scheduler.store.tables import IS_NOTICE, IS_SCHEDULED, messages
from scheduler.store.transitions import lock_in_order, move_all, move_chosen

_CLAIM = Way(Status.SCHEDULED, Cause.CLAIM, Status.CLAIMED)
_RELEASE = Way(Status.CLAIMED, Cause.RELEASE, Status.SCHEDULED)
_LOSE = Way(Status.SENDING, Cause.LOSE, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Expired:
    """Messages whose lease was dead: `released` may be claimed again, `lost` may have been sent."""

    released: tuple[int, ...]
    lost: tuple[int, ...]


def claim_due(tx: Tx, *, now: datetime, limit: int, lease: timedelta, owner: str) -> list[int]:
    """Claim at most `limit` scheduled messages whose time has come; return their ids.

    Notices come first: a patient who wrote, and staff who must know, wait behind no campaign. Then the longest due.
    The caller commits. Each message goes to one owner only, whoever else claims at the same time; on PostgreSQL
    rows that another transaction holds are passed over.
    """
    claimed: list[int] = []
    for kind in (IS_NOTICE, IS_SCHEDULED):
        due = (
            sa.select(messages.c.id)
            .where(kind, messages.c.try_at <= now)
            .order_by(messages.c.try_at, messages.c.id)
            .limit(limit - len(claimed))
            .with_for_update(skip_locked=True)
        )
        values = {"lease_until": now + lease, "claimed_by": owner}
        claimed += move_chosen(tx, due, _CLAIM, now=now, by=owner, values=values)
    return claimed


def take_over(tx: Tx, ids: Sequence[int], *, batch: str, owner: str, now: datetime, lease: timedelta) -> list[int]:
    """Take over what was claimed in the name of `batch`, with a new lease; return the ids that are this owner's now.

    Nothing is, of a batch that another took over, that was given back, or whose lease is dead at `now`: whoever comes
    late or twice does nothing. The caller commits.
    """
    held = (
        sa.select(messages.c.id)
        .where(among(tx, messages.c.id, ids), messages.c.status == Status.CLAIMED)
        .where(messages.c.claimed_by == batch, messages.c.lease_until > now)
        .order_by(messages.c.id)  # the order of all who lock rows
        .with_for_update(key_share=True)
        .cte("held")
    )
    taken = sa.update(messages).where(messages.c.id == held.c.id).values(claimed_by=owner, lease_until=now + lease)
    return sorted(tx.connection.execute(taken.returning(messages.c.id)).scalars())


def give_back(tx: Tx, ids: Sequence[int], *, owner: str, now: datetime) -> list[int]:
    """Give back what this owner has claimed and not begun; return the ids of it. The caller commits."""
    return move_all(
        tx,
        [Move(it, Status.CLAIMED, Cause.RELEASE, Status.SCHEDULED, by=owner, owner=owner) for it in ids],
        now=now,
    )


def begin(tx: Tx, starts: Sequence[Start], *, owner: str, now: datetime) -> list[int]:
    """Put messages into `sending` and an attempt of each on record; return the ids of those that may be sent now.

    The caller commits before it calls a provider. Only what this owner still holds, by a lease that lives at
    `now`, begins: it is no longer in the answer when it was cancelled, released or claimed by another since; nor
    when one that it speaks for is no longer there to be spoken for. The claim's lease goes on.
    """
    # Before any message is locked: PostgreSQL never breaks off the COPY of a process that is frozen within it.
    open_attempts(tx, starts, owner=owner, now=now)
    wanted = {it.message_id: it.speaks_for for it in starts if it.speaks_for}
    if wanted:
        every = [it.id for several in wanted.values() for it in several]
        lock_in_order(tx, [*(it.message_id for it in starts), *every])
    whole = take_passengers(tx, wanted, owner=owner, now=now)
    able = [it for it in starts if not it.speaks_for or it.message_id in whole]
    begun = move_all(tx, [_begin(start, owner) for start in able], now=now)
    chosen = set(begun)
    drop_attempts(tx, [start.token for start in starts if start.message_id not in chosen])
    speak(tx, [(it.token, spoken.id) for it in able if it.message_id in chosen for spoken in it.speaks_for])
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
