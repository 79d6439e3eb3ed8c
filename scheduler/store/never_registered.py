"""Bookings that a source called off before they were ever registered, each with how old that word was."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.batches import among
from scheduler.store.booking_tables import never_registered
from scheduler.store.database import Tx

KEPT_FOR = timedelta(days=400)
"""What is older calls off a visit that is long over: to register it sends nothing."""


def find_never_registered(tx: Tx, clinic: str, external_ids: Iterable[str]) -> dict[str, datetime]:
    """Return when a clinic's source called off those of these ids that it called off and that were never known."""
    wanted = list(external_ids)
    if not wanted:
        return {}
    found = sa.select(never_registered.c.external_id, never_registered.c.said_at).where(
        never_registered.c.clinic == clinic, among(tx, never_registered.c.external_id, wanted)
    )
    return {row.external_id: row.said_at for row in tx.connection.execute(found)}


def keep_never_registered(tx: Tx, clinic: str, said: Mapping[str, datetime], *, now: datetime) -> None:
    """Keep when these were called off, and forget what is long over. The caller commits, and says the newest only."""
    if not said:
        return
    over = now - KEPT_FOR
    tx.connection.execute(sa.delete(never_registered).where(never_registered.c.said_at < over))
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(never_registered)
    upsert = insert.on_conflict_do_update(
        index_elements=["clinic", "external_id"], set_={"said_at": insert.excluded.said_at}
    )
    rows = [{"clinic": clinic, "external_id": it, "said_at": at} for it, at in said.items() if at >= over]
    if rows:
        tx.connection.execute(upsert, rows)
