"""The calls of webhooks out: made of what happened, taken by one process at a time, and what became of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.hook_events import FIRST
from scheduler.store.database import Tx
from scheduler.store.hook_tables import hook_calls, hook_endpoints

_WAITS = sa.text("hook_calls.finished_at IS NULL")  # written out: so the database knows the partial index


@dataclass(frozen=True, slots=True)
class HookCall:
    """One event for one endpoint. `event_id` 0: a ping. `answered` is the HTTP status of the last try.

    Finished and not delivered: given up.
    """

    id: int
    endpoint_id: int
    event_id: int
    replay: int
    kind: str
    created_at: datetime
    try_at: datetime
    tries: int
    answered: int | None
    error: str | None
    delivered_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a try of a call ended. `again_at` (aware UTC): it is made again then; None: it is finished."""

    call_id: int
    delivered: bool
    answered: int | None
    error: str | None
    again_at: datetime | None


def add_calls(tx: Tx, endpoint_id: int, events: Iterable[tuple[int, str]], *, now: datetime) -> int:
    """Add calls for (event, kind); what is there already stays. Return how many came. The caller commits."""
    rows = [
        {"endpoint_id": endpoint_id, "event_id": event, "kind": kind, "created_at": now, "try_at": now}
        for event, kind in events
    ]
    if not rows:
        return 0
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    added = dialect.insert(hook_calls).on_conflict_do_nothing(index_elements=["endpoint_id", "event_id", "replay"])
    return tx.connection.execute(added, rows).rowcount


def add_again(tx: Tx, call: HookCall, *, now: datetime) -> int:
    """Add another call about the same, and return its id. The caller commits."""
    mine = (hook_calls.c.endpoint_id == call.endpoint_id, hook_calls.c.event_id == call.event_id)
    last = sa.select(sa.func.max(hook_calls.c.replay) + 1).where(*mine).scalar_subquery()
    return _add_one(tx, (call.endpoint_id, call.event_id, call.kind), last, now)


def add_ping(tx: Tx, endpoint_id: int, kind: str, *, now: datetime) -> int:
    """Add a call about nothing, and return its id. The caller commits."""
    mine = (hook_calls.c.endpoint_id == endpoint_id, hook_calls.c.event_id == 0)
    last = sa.select(sa.func.coalesce(sa.func.max(hook_calls.c.replay) + 1, 0)).where(*mine).scalar_subquery()
    return _add_one(tx, (endpoint_id, 0, kind), last, now)


def due_endpoints(tx: Tx, *, now: datetime, but: Collection[int] = ()) -> tuple[int, ...]:
    """Return which endpoints that are switched on have a call to be made now, without some of them."""
    found = sa.select(hook_endpoints.c.id).where(
        hook_endpoints.c.disabled_at.is_(None),
        hook_endpoints.c.id.not_in(but),
        sa.exists().where(hook_calls.c.endpoint_id == hook_endpoints.c.id, _WAITS, hook_calls.c.try_at <= now),
    )
    return tuple(tx.connection.execute(found.order_by(hook_endpoints.c.id)).scalars())


def take_calls(tx: Tx, endpoint_id: int, *, now: datetime, until: datetime, limit: int) -> tuple[HookCall, ...]:
    """Take calls to an endpoint that are to be made now, what a person may wait for before the rest.

    Nobody else makes them before `until`. The caller commits. A process that dies with them in hand loses none: they
    are made again then.
    """
    first = sa.or_(*(hook_calls.c.kind.startswith(it) for it in FIRST))
    waiting = (
        sa.select(hook_calls.c.id)
        .where(hook_calls.c.endpoint_id == endpoint_id, _WAITS, hook_calls.c.try_at <= now)
        .order_by(sa.case((first, 0), else_=1), hook_calls.c.try_at, hook_calls.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=hook_calls)
    )
    ids = tx.connection.execute(waiting).scalars().all()
    taken = sa.update(hook_calls).where(hook_calls.c.id.in_(ids)).values(try_at=until, tries=hook_calls.c.tries + 1)
    rows = tx.connection.execute(taken.returning(hook_calls)).all() if ids else []
    return tuple(sorted((_read(row) for row in rows), key=lambda call: call.id))


def end_calls(tx: Tx, ends: Sequence[Ended], *, now: datetime) -> None:
    """Write down how calls ended. The caller commits."""
    for end in ends:
        values: dict[str, Any] = {"answered": end.answered, "error": end.error}
        if end.again_at:
            values["try_at"] = end.again_at
        else:
            values |= {"finished_at": now, "delivered_at": now if end.delivered else None}
        tx.connection.execute(sa.update(hook_calls).where(hook_calls.c.id == end.call_id).values(**values))


def get_call(tx: Tx, call_id: int) -> HookCall | None:
    """Return a call, None where there is none of that id."""
    row = tx.connection.execute(sa.select(hook_calls).where(hook_calls.c.id == call_id)).one_or_none()
    return _read(row) if row else None


def calls_of(tx: Tx, endpoint_id: int, *, before: int | None = None, limit: int = 50) -> tuple[HookCall, ...]:
    """Return the calls to an endpoint, newest first; `before` is the id of the last one of the page before."""
    found = sa.select(hook_calls).where(hook_calls.c.endpoint_id == endpoint_id)
    if before is not None:
        found = found.where(hook_calls.c.id < before)
    rows = tx.connection.execute(found.order_by(hook_calls.c.id.desc()).limit(limit))
    return tuple(_read(row) for row in rows)


def given_up_since(tx: Tx, endpoint_id: int, since: datetime) -> tuple[HookCall, ...]:
    """Return the calls that were given up since then and not made again, oldest first."""
    again = hook_calls.alias("again")
    later = sa.exists().where(
        again.c.endpoint_id == hook_calls.c.endpoint_id,
        again.c.event_id == hook_calls.c.event_id,
        again.c.replay > hook_calls.c.replay,
    )
    found = sa.select(hook_calls).where(
        hook_calls.c.endpoint_id == endpoint_id,
        hook_calls.c.finished_at >= since,
        hook_calls.c.delivered_at.is_(None),
        ~later,
    )
    return tuple(_read(row) for row in tx.connection.execute(found.order_by(hook_calls.c.id)))


def _add_one(tx: Tx, about: tuple[int, int, str], replay: sa.ScalarSelect[Any], now: datetime) -> int:
    endpoint_id, event, kind = about
    values = {
        "endpoint_id": endpoint_id,
        "event_id": event,
        "replay": replay,
        "kind": kind,
        "created_at": now,
        "try_at": now,
    }
    return int(tx.connection.execute(sa.insert(hook_calls).values(values).returning(hook_calls.c.id)).scalar_one())


def _read(row: sa.Row[Any]) -> HookCall:
    return HookCall(**row._asdict())
