"""Rows that are of no use any more because of their age: found without holding up anybody, and taken a few at a time.

Patients, visits, messages and what came back are no such rows: they go when somebody erases a patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from scheduler.store.booking_tables import undos, uploads
from scheduler.store.database import Tx
from scheduler.store.desk_tables import audit, idempotency, login_failures, login_links, sessions
from scheduler.store.hook_tables import hook_calls
from scheduler.store.pace_tables import volumes
from scheduler.store.source_tables import booking_events
from scheduler.store.tables import outbox, provider_events


@dataclass(frozen=True, slots=True)
class Ageing:
    """A kind of row: `at` is the instant from which its age counts; a row without one does not age.

    `by_number`: no index leads to the old ones. They are met by going through the ids from the lowest, until a row is
    young: later rows are younger, but for the difference of clocks.
    """

    table: sa.Table
    at: sa.Column[Any]
    only: sa.ColumnElement[bool] | None = None
    by_number: bool = False

    @property
    def key(self) -> sa.Tuple:
        """What tells one row from all others."""
        return sa.tuple_(*self.table.primary_key.columns)

    def is_old(self, before: datetime) -> sa.ColumnElement[bool]:
        """Return that a row aged since before then."""
        return self.at < before if self.only is None else sa.and_(self.at < before, self.only)


KINDS: Mapping[str, Ageing] = MappingProxyType(
    {
        "audit": Ageing(audit, audit.c.at),
        "sessions": Ageing(sessions, sessions.c.expires_at),
        "login_links": Ageing(login_links, login_links.c.expires_at),
        "login_failures": Ageing(login_failures, login_failures.c.last_at),
        "idempotency": Ageing(idempotency, idempotency.c.at),
        "uploads": Ageing(uploads, uploads.c.expires_at),
        "undos": Ageing(undos, undos.c.expires_at),
        "hook_calls": Ageing(hook_calls, hook_calls.c.finished_at),
        "booking_events": Ageing(booking_events, booking_events.c.received_at),
        "provider_events": Ageing(
            provider_events, provider_events.c.received_at, provider_events.c.handled_at.is_not(None), by_number=True
        ),
        "outbox": Ageing(outbox, outbox.c.at, by_number=True),
        "volumes": Ageing(volumes, volumes.c.hour),
    }
)
"""All that goes because of its age, by the name of its table."""


@dataclass(frozen=True, slots=True)
class Found:
    """Old rows by their keys. `more`: there may be others; of those by number after the id `through`."""

    keys: Sequence[tuple[Any, ...]]
    more: bool
    through: int = 0


def find_old(tx: Tx, kind: Ageing, *, before: datetime, limit: int, after: int = 0) -> Found:
    """Return some of the rows that aged since before an instant, the oldest first; `after` is a `through`."""
    if kind.by_number:
        return _next_by_number(tx, kind, before, limit, after)
    found = sa.select(*kind.table.primary_key.columns).where(kind.is_old(before)).order_by(kind.at).limit(limit)
    keys = [tuple(row) for row in tx.connection.execute(found)]
    return Found(keys, len(keys) == limit)


def drop_old(tx: Tx, kind: Ageing, keys: Sequence[tuple[Any, ...]], *, before: datetime) -> int:
    """Delete those of the rows that are old still; return how many. The caller commits."""
    gone = sa.delete(kind.table).where(kind.key.in_(keys), kind.is_old(before))
    return tx.connection.execute(gone).rowcount


def _next_by_number(tx: Tx, kind: Ageing, before: datetime, limit: int, after: int) -> Found:
    number = kind.table.c.id
    old = sa.true() if kind.only is None else kind.only
    found = sa.select(number, kind.at.label("at"), old.label("may_go")).where(number > after)
    rows = tx.connection.execute(found.order_by(number).limit(limit)).all()
    keys = [(row.id,) for row in rows if row.at < before and row.may_go]
    met_young = any(row.at >= before for row in rows)
    more = len(rows) == limit and not met_young
    return Found(keys, more, rows[-1].id if more else 0)
