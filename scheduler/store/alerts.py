"""The alerts: one row for each fault or reply that needs a person. Of each kind and subject one is open at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.alert import LISTED, AlertKind
from scheduler.domain.reasons import Reason, dump_reasons, load_reasons
from scheduler.errors import NotFoundError
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import RINGS, alerts, replies

_OPEN = alerts.c.closed_at.is_(None)
_UNTAKEN = alerts.c.taken_at.is_(None)
_MATCHES = sa.text("closed_at IS NULL")  # written out: so the database knows the partial index


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `subject` says of what, without patients' data; `clinic` is None for the whole installation.

    `ring_at` is when the next person is told, None when nobody is; `rings` is how often somebody was. Instants are
    aware UTC.
    """

    id: int
    kind: AlertKind
    subject: str
    clinic: str | None
    reasons: tuple[Reason, ...]
    opened_at: datetime
    closed_at: datetime | None
    reply_id: int | None = None
    ring_at: datetime | None = None
    rings: int = 0
    taken_at: datetime | None = None
    taken_by: str | None = None


def raise_alert(
    tx: Tx,
    kind: AlertKind,
    subject: str,
    *,
    reasons: tuple[Reason, ...],
    now: datetime,
    clinic: str | None = None,
    reply_id: int | None = None,
) -> Alert | None:
    """Open an alert, unless it is open already: then its reasons are renewed. Return it where it is new.

    Whoever is on call is to be told from now on, but of what is only listed. The caller commits.
    `services.alerts.raise_alert` writes the log line and the event too.
    """
    renewed = sa.update(alerts).where(_OPEN, alerts.c.kind == kind, alerts.c.subject == subject)
    if tx.connection.execute(renewed.values(reasons=dump_reasons(reasons))).rowcount:
        return None
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    opened = dialect.insert(alerts).on_conflict_do_nothing(index_elements=["kind", "subject"], index_where=_MATCHES)
    values = {
        "kind": kind,
        "subject": subject,
        "clinic": clinic,
        "reasons": dump_reasons(reasons),
        "opened_at": now,
        "reply_id": reply_id,
        "ring_at": None if kind in LISTED else now,
    }
    row = tx.connection.execute(opened.values(values).returning(alerts)).one_or_none()
    return read_alert(row) if row else None


def end_alert(tx: Tx, kind: AlertKind, subject: str, *, now: datetime) -> int | None:
    """Close an alert that no longer holds; return its id, None when none is open. The caller commits."""
    ended = sa.update(alerts).where(_OPEN, alerts.c.kind == kind, alerts.c.subject == subject)
    row = tx.connection.execute(ended.values(closed_at=now, ring_at=None).returning(alerts.c.id)).one_or_none()
    return row.id if row else None


def close_alert(tx: Tx, alert_id: int, *, now: datetime) -> bool:
    """Close an alert; return False when it is closed already. The caller commits."""
    closed = sa.update(alerts).where(_OPEN, alerts.c.id == alert_id).values(closed_at=now, ring_at=None)
    return tx.connection.execute(closed).rowcount > 0


def take_alert(tx: Tx, alert_id: int, *, by: str, now: datetime) -> bool:
    """Note who sees to an alert; return False when somebody does already, or it is closed. The caller commits."""
    taken = sa.update(alerts).where(_OPEN, _UNTAKEN, alerts.c.id == alert_id)
    return tx.connection.execute(taken.values(taken_at=now, taken_by=by, ring_at=None)).rowcount > 0


def give_alert_back(tx: Tx, alert_id: int, *, ring_at: datetime | None) -> bool:
    """Note that nobody sees to an alert any more: it rings from `ring_at` on, None for never. The caller commits.

    Return False when nobody did, or it is closed.
    """
    given = sa.update(alerts).where(_OPEN, alerts.c.taken_at.is_not(None), alerts.c.id == alert_id)
    return tx.connection.execute(given.values(taken_at=None, taken_by=None, ring_at=ring_at)).rowcount > 0


def to_ring(tx: Tx, *, now: datetime, limit: int) -> tuple[Alert, ...]:
    """Return the alerts that nobody took and of which somebody is to be told by now, the longest waiting first."""
    waiting = sa.select(alerts).where(RINGS, alerts.c.ring_at <= now)
    return _read(tx, waiting.order_by(alerts.c.ring_at, alerts.c.id).limit(limit))


def any_rings(tx: Tx, *, now: datetime) -> bool:
    """Whether somebody is to be told of an alert by now."""
    waiting = sa.select(alerts.c.id).where(RINGS, alerts.c.ring_at <= now)
    return tx.connection.execute(waiting.limit(1)).first() is not None


def count_ring(tx: Tx, alert: Alert, *, rings: int, ring_at: datetime | None) -> bool:
    """Put the next ring of an alert on record, as it was read; return False when it is no longer as it was.

    Of several engines one rings: the others find that it is no longer as they read it. The caller commits.
    """
    columns = (alerts.c.id, alerts.c.rings, alerts.c.ring_at, alerts.c.taken_at)
    same = [column == getattr(alert, column.name) for column in columns]
    rung = sa.update(alerts).where(_OPEN, *same).values(rings=rings, ring_at=ring_at)
    return tx.connection.execute(rung).rowcount > 0


def get_alert(tx: Tx, alert_id: int) -> Alert:
    """Return an alert. Raises NotFoundError."""
    row = tx.connection.execute(sa.select(alerts).where(alerts.c.id == alert_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no alert {alert_id}: see `aftercare alerts --all`")
    return read_alert(row)


def open_alerts(tx: Tx) -> tuple[Alert, ...]:
    """Return what holds now, the oldest first."""
    return _read(tx, sa.select(alerts).where(_OPEN).order_by(alerts.c.opened_at, alerts.c.id))


def all_alerts(tx: Tx, *, limit: int = 1000) -> tuple[Alert, ...]:
    """Return the latest alerts, those that are over too, the newest first."""
    return _read(tx, sa.select(alerts).order_by(alerts.c.opened_at.desc(), alerts.c.id.desc()).limit(limit))


def alerts_since(tx: Tx, kind: AlertKind, since: datetime) -> tuple[Alert, ...]:
    """Return the alerts of a kind that were raised since then, those that are over too, the oldest first."""
    found = sa.select(alerts).where(alerts.c.kind == kind, alerts.c.opened_at >= since)
    return _read(tx, found.order_by(alerts.c.opened_at, alerts.c.id))


def alerts_of_reply(tx: Tx, reply_id: int) -> tuple[Alert, ...]:
    """Return what was raised for a reply, and what it joined, the oldest first."""
    joined = sa.select(replies.c.alert_id).where(replies.c.id == reply_id)
    mine = sa.or_(alerts.c.reply_id == reply_id, alerts.c.id.in_(joined))
    return _read(tx, sa.select(alerts).where(mine).order_by(alerts.c.id))


def alerts_of_replies(tx: Tx, reply_ids: Collection[int]) -> tuple[Alert, ...]:
    """Return the same for several replies, in one query."""
    joined = sa.select(replies.c.alert_id).where(replies.c.alert_id.is_not(None), among(tx, replies.c.id, reply_ids))
    mine = sa.or_(
        alerts.c.id.in_(joined), sa.and_(alerts.c.reply_id.is_not(None), among(tx, alerts.c.reply_id, reply_ids))
    )
    return _read(tx, sa.select(alerts).where(mine).order_by(alerts.c.id)) if reply_ids else ()


def alerts_with(tx: Tx, subject: str) -> tuple[Alert, ...]:
    """Return all alerts about that subject, those that are over too, the oldest first."""
    return _read(tx, sa.select(alerts).where(alerts.c.subject == subject).order_by(alerts.c.id))


def _read(tx: Tx, found: sa.Select[Any]) -> tuple[Alert, ...]:
    return tuple(read_alert(row) for row in tx.connection.execute(found))


def read_alert(row: sa.Row[Any]) -> Alert:
    """Read a row that has the columns of `alerts`."""
    return Alert(
        id=row.id,
        kind=AlertKind(row.kind),
        subject=row.subject,
        clinic=row.clinic,
        reasons=load_reasons(row.reasons),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        reply_id=row.reply_id,
        ring_at=row.ring_at,
        rings=row.rings,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
    )
