"""What somebody at the desk may take back for a while, and what it was before."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.errors import NotFoundError
from scheduler.store.booking_tables import undos
from scheduler.store.database import Tx


@dataclass(frozen=True, slots=True)
class StoredUndo:
    """An action that `by` may take back until it expires; `what` is JSON of the service that wrote it."""

    id: int
    clinic: str
    by: str
    what: str
    at: datetime
    done_at: datetime | None


def keep_undo(tx: Tx, *, clinic: str, by: str, what: str, now: datetime, until: datetime, at: datetime) -> int:
    """Keep how something is taken back that was done at `at`, and return its id; what is over is forgotten.

    The caller commits.
    """
    tx.connection.execute(sa.delete(undos).where(undos.c.expires_at <= now))
    values = {"clinic": clinic, "by": by, "what": what, "at": at, "expires_at": until}
    return int(tx.connection.execute(sa.insert(undos).values(values).returning(undos.c.id)).scalar_one())


def open_undos(tx: Tx, clinic: str, by: str, *, now: datetime) -> list[StoredUndo]:
    """Return what somebody may take back at a clinic still, the latest first: that of some minutes."""
    mine = undos.c.expires_at > now, undos.c.by == by, undos.c.clinic == clinic, undos.c.done_at.is_(None)
    rows = tx.connection.execute(sa.select(undos).where(*mine).order_by(undos.c.id.desc()))
    return [StoredUndo(row.id, row.clinic, row.by, row.what, row.at, row.done_at) for row in rows]


def get_undo(tx: Tx, undo_id: int, *, now: datetime) -> StoredUndo:
    """Return it; a writing transaction holds it until the commit. Raises NotFoundError, also once it is over."""
    found = sa.select(undos).where(undos.c.id == undo_id, undos.c.expires_at > now)
    row = tx.connection.execute(found.with_for_update() if tx.writing else found).one_or_none()
    if row is None:
        raise NotFoundError(f"there is nothing {undo_id} to undo any more")
    return StoredUndo(row.id, row.clinic, row.by, row.what, row.at, row.done_at)


def finish_undo(tx: Tx, undo_id: int, *, now: datetime) -> None:
    """Note that it was taken back: it is so once. The caller commits."""
    tx.connection.execute(sa.update(undos).where(undos.c.id == undo_id).values(done_at=now))
