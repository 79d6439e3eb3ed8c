"""Of which visits something was handed over, or may have been, since an instant."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import attempts, messages


def handed_over_since(tx: Tx, visits: Collection[int], since: datetime) -> frozenset[int]:
    """Return those of these visits of which a message was tried after then (aware UTC), whatever came of it."""
    found = (
        sa.select(messages.c.appointment_id)
        .join(attempts, attempts.c.message_id == messages.c.id)
        .where(among(tx, messages.c.appointment_id, visits), attempts.c.started_at > since)
        .distinct()
    )
    return frozenset(tx.connection.execute(found).scalars())
