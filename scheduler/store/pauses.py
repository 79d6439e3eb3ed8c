"""The pauses: somebody's orders that nothing goes out, until they are lifted. Why is free text, and sealed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.brakes import Pause, Pauses, Scope
from scheduler.domain.states import Brake, Status
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import IS_SCHEDULED, messages, pauses

_WHY = "pauses.why"
_IN_FORCE = sa.text("lifted_at IS NULL")  # written out: so the databases know the partial index

_FEW = 100
_ALL = sa.select(pauses).where(_IN_FORCE).order_by(pauses.c.id.desc())
# Mostly there is none: engines ask for each batch and each portion of it, so the statement is made once.
_FIRST = _ALL.limit(_FEW)
_FIRST_FOR_SHARE = _FIRST.with_for_update(read=True)


@dataclass(frozen=True, slots=True)
class Order:
    """A pause as somebody gave it; `why` may name a patient."""

    id: int
    pause: Pause
    why: str | None = field(repr=False)


def pauses_in_force(tx: Tx, patients: Iterable[int]) -> Pauses:
    """Return the pauses that may cover messages of these patients, by scope; maybe those of others too.

    In a writing transaction on PostgreSQL nobody lifts one of them before the commit.
    """
    locked = tx.writing and tx.dialect == "postgresql"
    rows = tx.connection.execute(_FIRST_FOR_SHARE if locked else _FIRST).all()
    if len(rows) == _FEW:
        mine = sa.or_(pauses.c.patient_id.is_(None), among(tx, pauses.c.patient_id, patients))
        found = _ALL.where(mine)
        rows = tx.connection.execute(found.with_for_update(read=True) if locked else found).all()
    # The oldest of equal ones counts, so it is put in last.
    return {pause.scope: pause for pause in map(_pause, rows)}


def orders_in_force(tx: Tx, scope: Scope | None = None) -> tuple[Order, ...]:
    """Return the pauses that hold, the oldest first; only those of exactly `scope` where one is given."""
    found = sa.select(pauses).where(_IN_FORCE, *(_exactly(scope) if scope else ())).order_by(pauses.c.id)
    return tuple(_order(tx, row) for row in tx.connection.execute(found))


def orders_covering(tx: Tx, clinic: str, patient: int) -> tuple[Order, ...]:
    """Return the pauses that keep something of a patient back: own ones, the clinic's, everything's; oldest first."""
    mine = sa.or_(pauses.c.patient_id.is_(None), pauses.c.patient_id == patient)
    here = sa.or_(pauses.c.clinic.is_(None), pauses.c.clinic == clinic)
    found = sa.select(pauses).where(_IN_FORCE, mine, here).order_by(pauses.c.id)
    return tuple(_order(tx, row) for row in tx.connection.execute(found))


def pauses_of(tx: Tx, patient: int) -> tuple[tuple[Order, datetime | None], ...]:
    """Return the pauses of one patient alone, each with when it was lifted; the oldest first."""
    found = sa.select(pauses).where(pauses.c.patient_id == patient).order_by(pauses.c.id)
    return tuple((_order(tx, row), row.lifted_at) for row in tx.connection.execute(found))


def add_pause(tx: Tx, pause: Pause, *, why: str | None) -> Order:
    """Put a pause on record and return it. It counts from the commit on, which the caller makes."""
    values = {
        "clinic": pause.scope.clinic,
        "channel": pause.scope.channel,
        "patient_id": pause.scope.patient,
        "why_sealed": tx.vault.seal_or_none(why, of=_WHY),
        "by": pause.by,
        "at": pause.at,
    }
    return _order(tx, tx.connection.execute(sa.insert(pauses).values(values).returning(pauses)).one())


def lift_pauses(tx: Tx, scope: Scope, *, by: str, now: datetime) -> tuple[Order, ...]:
    """Lift the pauses of exactly that scope and return them. The caller commits, after `wake`."""
    lifted = sa.update(pauses).where(_IN_FORCE, *_exactly(scope)).values(lifted_at=now, lifted_by=by)
    rows = tx.connection.execute(lifted.returning(pauses)).all()
    return tuple(_order(tx, row) for row in sorted(rows, key=lambda row: row.id))


def wake(tx: Tx, scope: Scope, *, now: datetime) -> int:
    """Let what waited for a pause of that scope be tried at once; return how many. The caller commits.

    What another pause covers waits on. Their status stays: the next claim decides them.
    """
    chosen = (
        sa.select(messages.c.id)
        .where(IS_SCHEDULED, messages.c.brake == Brake.PAUSE, *_of(scope), sa.not_(_covered()))
        .order_by(messages.c.id)  # the order of all who lock messages
        .with_for_update(key_share=True)
        .cte("chosen")
    )
    woken = sa.update(messages).where(messages.c.id == chosen.c.id, messages.c.status == Status.SCHEDULED)
    return len(tx.connection.execute(woken.values(try_at=now).returning(messages.c.id)).all())


def count_waiting(tx: Tx, scope: Scope, *, until: datetime) -> int:
    """Return how many messages of a scope are scheduled and due until `until`, those that wait for a pause too."""
    counted = sa.select(sa.func.count()).select_from(messages)
    return tx.connection.execute(counted.where(IS_SCHEDULED, messages.c.due_at <= until, *_of(scope))).scalar_one()


def _exactly(scope: Scope) -> list[sa.ColumnElement[bool]]:
    pairs = (pauses.c.clinic, scope.clinic), (pauses.c.channel, scope.channel), (pauses.c.patient_id, scope.patient)
    return [column.is_(None) if value is None else column == value for column, value in pairs]


def _of(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a message is of a scope; a patient has one clinic, of which nothing need be said."""
    pairs = (
        (messages.c.clinic, None if scope.patient else scope.clinic),
        (messages.c.channel, scope.channel),
        (messages.c.patient_id, scope.patient),
    )
    return [column == value for column, value in pairs if value is not None]


def _covered() -> sa.ColumnElement[bool]:
    """Return the condition that a pause in force covers a message."""
    columns = ("clinic", "channel", "patient_id")
    covers = [sa.or_(pauses.c[name].is_(None), pauses.c[name] == messages.c[name]) for name in columns]
    return sa.exists(sa.select(pauses.c.id).where(_IN_FORCE, *covers))


def _pause(row: sa.Row[Any]) -> Pause:
    return Pause(Scope(row.clinic, row.channel, row.patient_id), row.by, row.at)


def _order(tx: Tx, row: sa.Row[Any]) -> Order:
    return Order(row.id, _pause(row), tx.vault.open_or_none(row.why_sealed, of=_WHY))
