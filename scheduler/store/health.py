"""What tells whether the work gets done: how much is overdue, how new the newest record is."""

from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.states import Brake, Status
from scheduler.store.database import Tx
from scheduler.store.tables import IS_LEASED, IS_SCHEDULED, events, messages

_IS_UNKNOWN = sa.text("status = 'unknown'")  # written out: so the databases know the partial index


def count_overdue(tx: Tx, *, before: datetime) -> int:
    """Count the scheduled messages that should have been tried before that instant."""
    waiting = sa.select(sa.func.count()).select_from(messages).where(IS_SCHEDULED, messages.c.try_at < before)
    return tx.connection.execute(waiting).scalar_one()


def count_in(tx: Tx, status: Status) -> int:
    """Count the messages that stand there. Reads the whole table: not for the hot path."""
    standing = sa.select(sa.func.count()).select_from(messages).where(messages.c.status == status)
    return tx.connection.execute(standing).scalar_one()


def count_doubts(tx: Tx, *, unknown_since: datetime) -> int:
    """Count what a person has to find out: held in doubt, or unknown since before that instant."""
    held = sa.and_(messages.c.brake == Brake.DOUBT, messages.c.status == Status.HELD)
    unknown = sa.and_(_IS_UNKNOWN, messages.c.updated_at <= unknown_since)
    return sum(
        tx.connection.execute(sa.select(sa.func.count()).select_from(messages).where(condition)).scalar_one()
        for condition in (held, unknown)
    )


def count_untouched(tx: Tx, *, before: datetime, now: datetime) -> int:
    """Count the scheduled messages that should have been tried before that instant, 0 while an engine is at work."""
    overdue = sa.select(messages.c.id).where(IS_SCHEDULED, messages.c.try_at < before)
    # Each in the order of its index: PostgreSQL takes many for such, and would read the table until it met one.
    if tx.connection.execute(overdue.order_by(messages.c.try_at).limit(1)).first() is None:
        return 0
    works = sa.select(messages.c.id).where(IS_LEASED, messages.c.lease_until > now)
    if tx.connection.execute(works.order_by(messages.c.lease_until.desc()).limit(1)).first() is not None:
        return 0
    return tx.connection.execute(sa.select(sa.func.count()).select_from(overdue.subquery())).scalar_one()


def newest_event(tx: Tx) -> datetime | None:
    """Return when the last recorded thing happened; a clock that shows less is wrong."""
    last = sa.select(events.c.at).order_by(events.c.id.desc()).limit(1)
    return tx.connection.execute(last).scalar_one_or_none()
