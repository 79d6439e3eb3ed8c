"""The audit trail: who did and saw what. Lines are added and read, never changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.store.database import Tx
from scheduler.store.desk_tables import audit


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
    if scope.clinics is not None:
        yield audit.c.clinic.in_(sorted(scope.clinics))
    for column in (audit.c.actor, audit.c.action, audit.c.clinic, audit.c.subject):
        if (value := getattr(wanted, column.name)) is not None:
            yield column == value
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
    if wanted.until is not None:
        yield audit.c.at < wanted.until
    if before is not None:
        yield audit.c.id < before
