"""The history of alerts: raised, told to whom, taken, closed, and by whom. Rows are only ever added."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.notice import AlertCause
from scheduler.domain.reasons import Reason, dump_reasons, load_reasons
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import events


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One line of an alert's history. `by` is who did it: an engine, a contact, an operator."""

    at: datetime
    cause: AlertCause
    by: str
    reasons: tuple[Reason, ...]


def record_alert(
    tx: Tx, alert_id: int, cause: AlertCause, *, at: datetime, by: str, reasons: tuple[Reason, ...] = ()
) -> None:
    """Add what happened to an alert, in the transaction in which it does. The caller commits."""
    values = {"alert_id": alert_id, "at": at, "cause": cause, "by": by, "reasons": dump_reasons(reasons)}
    tx.connection.execute(sa.insert(events).values(values))


def stories_of_alerts(tx: Tx, ids: Collection[int]) -> Mapping[int, tuple[AlertEvent, ...]]:
    """Return the history of each of these alerts, as it was written; one without any is left out."""
    found = sa.select(events).where(events.c.alert_id.is_not(None), among(tx, events.c.alert_id, ids))
    stories: dict[int, tuple[AlertEvent, ...]] = defaultdict(tuple)
    for row in tx.connection.execute(found.order_by(events.c.id)):
        stories[row.alert_id] += (AlertEvent(row.at, AlertCause(row.cause), row.by, load_reasons(row.reasons)),)
    return stories
