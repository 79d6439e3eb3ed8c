"""Who is at work beside us: the delivery workers and the batches that wait for them, in the tables of Procrastinate.

Only read here: whatever changes those tables goes through Procrastinate itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from scheduler.store.database import Tx

_WORKERS = sa.table("procrastinate_workers", sa.column("last_heartbeat", sa.DateTime(timezone=True)))
_JOBS = sa.table("procrastinate_jobs", sa.column("id"), sa.column("status"), sa.column("args", sa.JSON))
_WAITING: sa.ColumnElement[str] = sa.literal_column("'todo'")

HEARTBEAT = timedelta(seconds=3)
"""How often a worker says that it lives."""
DEAD_AFTER = timedelta(seconds=15)
"""A worker that has not said so for this long counts no more. Its leases are what its work is judged by."""


@dataclass(frozen=True, slots=True)
class Crew:
    """How many workers live, and how many batches wait that none of them has started."""

    workers: int
    waiting: int


def look_at_crew(tx: Tx) -> Crew:
    """Count the living workers and the waiting batches, by the clock of the database that their heartbeats are by.

    Raises StoreError where the tables are not there yet.
    """
    alive = (
        sa.select(sa.func.count()).select_from(_WORKERS).where(_WORKERS.c.last_heartbeat > sa.func.now() - DEAD_AFTER)
    )
    waiting = sa.select(sa.func.count()).select_from(_JOBS).where(_JOBS.c.status == _WAITING)
    row = tx.connection.execute(sa.select(alive.scalar_subquery(), waiting.scalar_subquery())).one()
    return Crew(*row)


def waiting_jobs(tx: Tx) -> dict[int, Mapping[str, Any]]:
    """Return the arguments of the jobs that no worker has started, by the job. They may be started at any time."""
    found = sa.select(_JOBS.c.id, _JOBS.c.args).where(_JOBS.c.status == _WAITING).order_by(_JOBS.c.id)
    return {row.id: row.args for row in tx.connection.execute(found)}
