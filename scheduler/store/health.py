"""What tells whether the work gets done: how much is overdue, how new the newest record is."""

from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.states import Status
from scheduler.store.database import Tx
from scheduler.store.tables import IS_SCHEDULED, events, messages


def count_overdue(tx: Tx, *, before: datetime) -> int:
    """Count the scheduled messages that should have been tried before that instant."""
    waiting = sa.select(sa.func.count()).select_from(messages).where(IS_SCHEDULED, messages.c.try_at < before)
    return tx.connection.execute(waiting).scalar_one()


def count_in(tx: Tx, status: Status) -> int:
    """Count the messages that stand there. Reads the whole table: not for the hot path."""
    standing = sa.select(sa.func.count()).select_from(messages).where(messages.c.status == status)
    return tx.connection.execute(standing).scalar_one()


def newest_event(tx: Tx) -> datetime | None:
    """Return when the last recorded thing happened; a clock that shows less is wrong."""
    last = sa.select(events.c.at).order_by(events.c.id.desc()).limit(1)
    return tx.connection.execute(last).scalar_one_or_none()
