"""Replies that join an open alert: who writes three times needs one person, not three."""

from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason, dump_reasons
from scheduler.store.alerts import Alert, get_alert
from scheduler.store.database import Tx
from scheduler.store.names import phone_hash
from scheduler.store.tables import alerts, replies

JOINABLE = (AlertKind.URGENT, AlertKind.REPLY)
"""The kinds that a further reply joins; who joins a `reply` by what sounds bad makes it urgent."""
_IS_OPEN = sa.text("alerts.closed_at IS NULL")  # written out: so the database knows the partial index
_first, _new = replies.alias("first"), replies.alias("new")


def alert_to_join(tx: Tx, reply_id: int) -> Alert | None:
    """Return the open alert of the same patient, or the same number where nobody knows the patient; at one clinic."""
    same_number = sa.and_(
        _first.c.patient_id.is_(None),
        _new.c.patient_id.is_(None),
        _first.c.sender_hash == _new.c.sender_hash,
        _new.c.sender_hash != phone_hash(tx.vault, ""),
    )
    found = (
        sa.select(alerts.c.id)
        .join(_first, _first.c.id == alerts.c.reply_id)
        .join(_new, _new.c.id == reply_id)
        .where(
            _IS_OPEN,
            alerts.c.kind.in_(JOINABLE),
            _first.c.id != _new.c.id,
            _first.c.clinic.is_not_distinct_from(_new.c.clinic),
            sa.or_(_first.c.patient_id == _new.c.patient_id, same_number),
        )
        .order_by(sa.case((alerts.c.kind == AlertKind.URGENT, 0), else_=1), alerts.c.id.desc())
        .limit(1)
    )
    joined = tx.connection.execute(found).scalar_one_or_none()
    return None if joined is None else get_alert(tx, joined)


def join_alert(tx: Tx, alert: Alert, reply_id: int, *, kind: AlertKind, reasons: tuple[Reason, ...]) -> bool:
    """Let a reply join an alert, of that kind and for those reasons from now on; False when it was closed meanwhile.

    The caller commits.
    """
    joined = sa.update(alerts).where(_IS_OPEN, alerts.c.id == alert.id)
    if not tx.connection.execute(joined.values(kind=kind, reasons=dump_reasons(reasons))).rowcount:
        return False
    tx.connection.execute(sa.update(replies).where(replies.c.id == reply_id).values(alert_id=alert.id))
    return True


def ring_anew(tx: Tx, alert_id: int, *, at: datetime) -> Alert:
    """Let an open alert ring from that instant on, as if nobody had taken it; return it so.

    The caller commits, and rings.
    """
    again = sa.update(alerts).where(_IS_OPEN, alerts.c.id == alert_id)
    tx.connection.execute(again.values(taken_at=None, taken_by=None, ring_at=at))
    return get_alert(tx, alert_id)


def replies_joined(tx: Tx, alert_id: int) -> tuple[int, ...]:
    """Return the replies that joined an alert, the oldest first, without the one that raised it."""
    found = sa.select(replies.c.id).where(replies.c.alert_id == alert_id).order_by(replies.c.id)
    return tuple(tx.connection.execute(found).scalars())


def any_unhandled_of(tx: Tx, alert_id: int, *, but: int) -> bool:
    """Whether a person still has to deal with a reply of an alert, other than `but`."""
    raised = sa.select(alerts.c.reply_id).where(alerts.c.id == alert_id).scalar_subquery()
    of_alert = sa.or_(replies.c.alert_id == alert_id, replies.c.id == raised)
    found = sa.select(replies.c.id).where(of_alert, replies.c.id != but, replies.c.handled_at.is_(None))
    return tx.connection.execute(found.limit(1)).first() is not None
