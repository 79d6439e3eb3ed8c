"""Patients of whom an urgent reply is open: nothing that invites or offers goes to them until a person closed it."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.domain.states import Brake, Status
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import IS_SCHEDULED, alerts, messages, patients, replies
from scheduler.store.transitions import lock_in_order

_IS_URGENT = alerts.c.kind == AlertKind.URGENT.value
_OPEN = sa.text("alerts.closed_at IS NULL")  # written out: so the database knows the partial index


def alarmed(tx: Tx, ids: Collection[int]) -> frozenset[int]:
    """Return which of these patients have an urgent alert that is open; of a shared number all who have it."""
    if not ids:
        return frozenset()
    found = _whom().where(_IS_URGENT, _OPEN, among(tx, patients.c.id, ids))
    shared = _sharing().where(_IS_URGENT, _OPEN, among(tx, patients.c.id, ids))
    return frozenset(tx.connection.execute(sa.union(found, shared)).scalars())


def wake_alarmed(tx: Tx, alert_id: int, *, now: datetime) -> int:
    """Let what waits for an urgent alert to be closed be decided at once; return how many. The caller commits.

    It comes before the alert is closed: all lock messages before alerts. What another alert holds waits on.
    """
    mine = alerts.c.id == alert_id
    of_patients = messages.c.patient_id.in_(sa.union(_whom().where(mine), _sharing().where(mine)))
    waiting = sa.select(messages.c.id).where(IS_SCHEDULED, messages.c.brake == Brake.ALARM, of_patients)
    ids = list(tx.connection.execute(waiting).scalars())
    if not ids:
        return 0
    lock_in_order(tx, ids)
    woken = sa.update(messages).where(among(tx, messages.c.id, ids), messages.c.status == Status.SCHEDULED)
    return tx.connection.execute(woken.values(try_at=now)).rowcount


def _whom() -> sa.Select[int]:
    """Select the patients who wrote what alerts are about."""
    wrote = alerts.join(replies, replies.c.id == alerts.c.reply_id)
    return sa.select(patients.c.id).select_from(wrote.join(patients, patients.c.id == replies.c.patient_id))


def _sharing() -> sa.Select[int]:
    """Select those who may have written it: all at its clinic who have the number."""
    wrote = alerts.join(replies, replies.c.id == alerts.c.reply_id)
    may_have = sa.and_(
        replies.c.patient_id.is_(None),
        patients.c.phone_hash == replies.c.sender_hash,
        sa.or_(replies.c.clinic.is_(None), patients.c.clinic == replies.c.clinic),
    )
    return sa.select(patients.c.id).select_from(wrote.join(patients, may_have))
