"""Opens the store and hands out transactions. Every error of the database that a person can meet is one line here."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlalchemy import exc

from scheduler.errors import StoreError
from scheduler.settings import Settings
from scheduler.store import engine as engines
from scheduler.store.failures import explain, place
from scheduler.store.keycheck import plant_checks, verify_keys
from scheduler.store.keys import Keys, load_keys
from scheduler.store.revisions import RevisionState, Standing, inspect_file, inspect_server, refuse_newer
from scheduler.store.tables import meta
from scheduler.store.turns import turn
from scheduler.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction. `writing` says whether rows that are read for a change stay ours until the commit.

    `alone`: no other thread works meanwhile, so that none needs the interpreter.
    """

    connection: sa.Connection
    vault: Vault
    dialect: str
    writing: bool
    alone: bool = False


class Store:
    """The database of an installation. Safe to use from several threads; open it with `open_store`."""

    def __init__(self, engine: sa.Engine, keys: Keys, where: str) -> None:
        self.keys = keys
        self.vault = Vault(keys)
        self.where = where
        self._alone = False
        self._engine = engine
        self._reading = engine
        self._file = _identity(where) if engine.dialect.name == "sqlite" else None
        if engine.dialect.name == "postgresql":
            self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Give a transaction that commits at the end of the block and rolls back when the block raises.

        On SQLite the others who want to write wait from its first line on: keep it short, call no provider in it.
        Raises StoreError for whatever the database refuses, ConflictError for a record that is there already.
        """
        self._refuse_another_file()
        with explained(self.where), self._engine.connect() as connection, connection.begin():
            engines.begin_writing(connection)
            yield Tx(connection, self.vault, connection.dialect.name, writing=True, alone=self._alone)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Give a transaction that sees one state of the database and changes nothing. Raises StoreError."""
        self._refuse_another_file()
        with explained(self.where), self._reading.connect() as connection, connection.begin():
            engines.begin_reading(connection)
            yield Tx(connection, self.vault, connection.dialect.name, writing=False, alone=self._alone)

    @contextmanager
    def turn(self, what: str) -> Iterator[bool]:
        """Hold the turn to do `what` in this installation until the end of the block; False: another process has it.

        A crash gives it back. Raises StoreError.
        """
        with explained(self.where), turn(self._engine, what) as mine:
            yield mine

    def _refuse_another_file(self) -> None:
        """Notice that the file was taken away under us: what is open still works, and nobody else sees it."""
        if self._file and _identity(self.where) != self._file:
            raise StoreError(
                f"the database {self.where} was removed or replaced while in use: stop this program, put the right "
                "file there, and start again"
            )

    def answers(self) -> bool:
        """Whether the database can be read now."""
        try:
            with self.read() as tx:
                tx.connection.execute(sa.select(meta.c.name).limit(1))
        except StoreError:
            return False
        return True

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _identity(where: str) -> tuple[int, int] | None:
    """Return what tells a file from another of the same name, None where there is none."""
    try:
        found = os.stat(where)  # noqa: PTH116  (a tenth of the time of Path.stat, for each transaction)
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn the driver's errors of the block into ours."""
    try:
        yield
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise explain(error, where) from error


def open_store(settings: Settings, *, create: bool = True, patience: timedelta = engines.PATIENCE) -> Store:
    """Open the database that the settings name and check that it, the keys and this program fit each other.

    SQLite: a missing database is made (unless `create` is False: StoreError), with its keys; an older one is
    migrated. PostgreSQL: neither, StoreError says to run `aftercare db upgrade`. `patience` is how long to wait
    for another process's lock. Raises StoreError or KeysError, one line each.
    """
    prepare = bring_up_to_date if settings.on_sqlite else _require_current
    return open_prepared(settings, prepare, create=create, patience=patience)


def inspect(settings: Settings, *, patience: timedelta = engines.PATIENCE) -> RevisionState:
    """Say how the database stands to this program, changing nothing. Raises StoreError when it can't be read."""
    url = engines.database_url(settings)
    if settings.on_sqlite:
        return inspect_file(Path(str(url.database)))
    engine = engines.make_engine(url, patience)
    try:
        with explained(place(url)), engine.connect() as connection:
            return inspect_server(connection, place(url))
    finally:
        engine.dispose()


Preparation = Callable[[sa.Engine, RevisionState, Vault, str], None]


def open_prepared(settings: Settings, prepare: Preparation, *, create: bool, patience: timedelta) -> Store:
    """Open the database and let `prepare` bring it to this program's form, or refuse it."""
    url = engines.database_url(settings)
    where = place(url)
    state = inspect(settings, patience=patience)
    refuse_newer(state, where)
    is_new = state.standing is Standing.EMPTY
    if settings.on_sqlite and is_new and not create:
        raise StoreError(
            f"there is no database {where} yet: register or import an appointment first, or go to the folder of yours"
        )
    keys = load_keys(settings, database_is_new=is_new)
    if settings.on_sqlite:
        engines.create_file(Path(where))
    engine = engines.make_engine(url, patience)
    store = Store(engine, keys, where)
    try:
        with explained(where):
            _check_keys(store, state)
            prepare(engine, state, store.vault, where)
    except BaseException:
        store.close()
        raise
    return store


def _check_keys(store: Store, state: RevisionState) -> None:
    """Refuse keys that do not fit before anything is changed; remember a first key that is new here."""
    if state.standing is Standing.EMPTY:
        return
    with store.read() as tx:
        first_key_is_new = verify_keys(tx.connection, store.vault)
    if first_key_is_new:
        with store.write() as tx:
            plant_checks(tx.connection, store.vault)


def bring_up_to_date(engine: sa.Engine, state: RevisionState, vault: Vault, _where: str) -> None:
    """Migrate a database that needs it."""
    if state.standing is not Standing.CURRENT:
        from scheduler.store.migrating import migrate  # noqa: PLC0415  (Alembic is 0.1 s of every start; few migrate)

        migrate(engine, vault)


def _require_current(_engine: sa.Engine, state: RevisionState, _vault: Vault, where: str) -> None:
    if state.standing is not Standing.CURRENT:
        raise StoreError(f"the database {where} is not set up for this version: run `aftercare db upgrade`")
