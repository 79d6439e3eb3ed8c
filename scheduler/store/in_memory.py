"""A whole database in memory, for simulations: the same tables, and gone with the process that opened it."""

import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool, StaticPool

from scheduler.domain.states import UNSENT
from scheduler.store.all_tables import metadata
from scheduler.store.database import Store, Tx
from scheduler.store.keycheck import plant_checks
from scheduler.store.keys import KEY_BYTES, Keys
from scheduler.store.tables import IS_SCHEDULED, messages

WHERE = "in memory"


class InMemoryStore(Store):
    """A database that nobody else sees, to be emptied and used again: what was compiled for it stays compiled.

    Transactions take turns at its one connection: one that is opened inside another would wait for itself. The tables
    are those of the program, which the migrations are tested against; making them takes a millisecond.
    """

    def __init__(self) -> None:
        self._memory = sa.create_engine(
            "sqlite://",
            hide_parameters=True,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"isolation_level": None, "check_same_thread": False},
        )
        event.listen(self._memory, "connect", _set_up)
        super().__init__(self._memory, _keys(), WHERE)
        self._alone = True

    def empty(self) -> None:
        """Make it as if nothing had ever been in it. No transaction may be open."""
        with self._memory.connect() as connection:
            _tables().backup(_driver(connection))
        with self.write() as tx:
            plant_checks(tx.connection, self.vault)


# Made once: a simulation asks both after every piece of work.
_LOOKED_AT = sa.case((messages.c.brake.is_(None), messages.c.try_at), else_=messages.c.useful_until)
_NEXT_WORK = sa.select(sa.func.min(_LOOKED_AT)).where(IS_SCHEDULED)
_UNSENT_STEPS = sa.select(messages.c.appointment_id, messages.c.step).where(messages.c.status.in_(sorted(UNSENT)))


def next_work(tx: Tx) -> datetime | None:
    """Return when an engine has something to do next, None when nothing waits.

    What waits for an alert to be closed is looked at when it stops being useful: before that only an event ends it.
    """
    found: datetime | None = tx.connection.execute(_NEXT_WORK).scalar_one()
    return found


def unsent_steps(tx: Tx) -> Mapping[int, set[str]]:
    """Return the steps of which something is still to go out, by appointment."""
    found = defaultdict[int, set[str]](set)
    for appointment, step in tx.connection.execute(_UNSENT_STEPS):
        found[appointment].add(step)
    return found


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")


@cache
def _tables() -> sqlite3.Connection:
    """Return a database with all tables and nothing in them, to be copied from any thread, one at a time."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    connection = engine.connect()
    metadata.create_all(connection)
    connection.commit()
    return _driver(connection)


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


@cache
def _keys() -> Keys:
    """Return keys of this process alone: what is sealed with them dies with it."""
    secret, encryption, lookup = (secrets.token_bytes(KEY_BYTES) for _ in range(3))
    return Keys(secret, (encryption,), lookup, dict.fromkeys(("secret", "encryption", "lookup"), WHERE))
