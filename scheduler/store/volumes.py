"""How much each clinic handed over in each clock hour: what is usual, and what is not."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.pace_tables import volumes

LATELY = timedelta(days=28)

_OF_HOUR = sa.select(volumes.c.clinic, volumes.c.messages).where(
    volumes.c.clinic.in_(sa.bindparam("clinics", expanding=True)), volumes.c.hour == sa.bindparam("hour")
)


def hour_of(instant: datetime) -> datetime:
    """Return when its clock hour began, in UTC."""
    return instant.replace(minute=0, second=0, microsecond=0)


def count_handed_over(tx: Tx, counts: Mapping[str, int], *, now: datetime) -> None:
    """Add to what clinics handed over in this hour. The caller commits, at once.

    All engines count in the same rows: make it the last statement, so that they wait for each other only as long as
    a commit takes.
    """
    if not counts:
        return
    # In one order for all, so that no two engines wait for each other in a circle.
    rows = [{"clinic": clinic, "hour": hour_of(now), "messages": counts[clinic]} for clinic in sorted(counts)]
    tx.connection.execute(_count_statement(tx.dialect), rows)


def counts_of_hour(tx: Tx, clinics: Collection[str], *, now: datetime) -> Mapping[str, int]:
    """Return what clinics handed over in this hour; one that handed over nothing is left out."""
    rows = tx.connection.execute(_OF_HOUR, {"clinics": list(clinics), "hour": hour_of(now)})
    return {row.clinic: row.messages for row in rows}


def hours_lately(tx: Tx, clinics: Collection[str], *, now: datetime) -> Mapping[str, Sequence[tuple[datetime, int]]]:
    """Return what clinics handed over in each hour of the last 28 days, this hour left out; () for none."""
    found = sa.select(volumes).where(
        among(tx, volumes.c.clinic, clinics), volumes.c.hour >= now - LATELY, volumes.c.hour < hour_of(now)
    )
    hours: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for row in tx.connection.execute(found):
        hours[row.clinic].append((row.hour, row.messages))
    return hours


def largest_hours(tx: Tx, clinics: Collection[str], *, now: datetime) -> Mapping[str, int]:
    """Return the most that clinics handed over in an hour of the last 28 days, this hour left out."""
    found = (
        sa.select(volumes.c.clinic, sa.func.max(volumes.c.messages).label("most"))
        .where(among(tx, volumes.c.clinic, clinics), volumes.c.hour >= now - LATELY, volumes.c.hour < hour_of(now))
        .group_by(volumes.c.clinic)
    )
    return {row.clinic: row.most for row in tx.connection.execute(found)}


@cache
def _count_statement(dialect: str) -> sa.Insert:
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(volumes)
    total = volumes.c.messages + insert.excluded.messages
    statement: sa.Insert = insert.on_conflict_do_update(index_elements=["clinic", "hour"], set_={"messages": total})
    return statement
