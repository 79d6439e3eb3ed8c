"""The audit trail: who did and saw what. Lines are added and read, never changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.store.database import Tx
from scheduler.store.desk_tables import audit

_SKEW = timedelta(minutes=1)
"""How far the clocks of several processes may be apart: ids follow each other as instants do, but for that."""
_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `subject` is a kind and a number ("patient/12"), never a name; `outcome` done, refused or failed."""

    at: datetime
    actor: str
    action: str
    clinic: str | None
    subject: str | None
    outcome: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines to read; what is None is not asked for. `until` is the first instant that is too late."""

    actor: str | None = None
    action: str | None = None
    clinic: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def add_entry(tx: Tx, entry: Entry) -> None:
    """Put a line on record. The caller commits."""
    values = {name: getattr(entry, name) for name in Entry.__slots__ if name != "id"}
    tx.connection.execute(sa.insert(audit).values(values))


def entries(tx: Tx, scope: Scope, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> tuple[Entry, ...]:
    """Return the newest lines first, older than line `before`.

    Of a scope that is not every clinic only the lines of its clinics: those that belong to none are about the whole
    installation, who signed in and who may do what, and are for whoever manages all of it.
    """
    chosen = sa.select(audit).where(*_conditions(scope, wanted, before)).order_by(audit.c.id.desc()).limit(limit)
    return tuple(
        Entry(**{name: getattr(row, name) for name in Entry.__slots__}) for row in tx.connection.execute(chosen)
    )


def _conditions(scope: Scope, wanted: Wanted, before: int | None) -> Iterator[sa.ColumnElement[bool]]:
    named = [column for column in (audit.c.actor, audit.c.action, audit.c.subject) if getattr(wanted, column.name)]
    # Of few clinics each has many lines: with anything else to go by, the index of clinics is the wrong one.
    clinic = audit.c.clinic.concat("") if named else audit.c.clinic
    yield from (column == getattr(wanted, column.name) for column in named)
    if wanted.clinic is not None:
        yield clinic == wanted.clinic
    if scope.clinics is not None:
        yield clinic.in_(sorted(scope.clinics))
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
        yield audit.c.id >= sa.func.coalesce(_first_since(wanted.since - _SKEW), _NEVER)
    if wanted.until is not None:
        yield audit.c.at < wanted.until
        yield audit.c.id <= sa.func.coalesce(_last_before(wanted.until + _SKEW), 0)
    if before is not None:
        yield audit.c.id < before


def _first_since(instant: datetime) -> sa.ScalarSelect[int]:
    """Return where in the order of ids a time begins: so that no list is searched through to its end."""
    later = sa.select(audit.c.id).where(audit.c.at >= instant).order_by(audit.c.at, audit.c.id)
    return later.limit(1).scalar_subquery()


def _last_before(instant: datetime) -> sa.ScalarSelect[int]:
    earlier = sa.select(audit.c.id).where(audit.c.at < instant).order_by(audit.c.at.desc(), audit.c.id.desc())
    return earlier.limit(1).scalar_subquery()
