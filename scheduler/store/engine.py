"""Connections to SQLite and PostgreSQL, set up so that a commit is on the disk and a wait is bounded."""

import os
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from scheduler.errors import StoreError
from scheduler.settings import Settings

PATIENCE = timedelta(seconds=10)
"""How long a statement waits for another process's lock before the person is told."""

APPLICATION = "aftercare"
"""What PostgreSQL calls our sessions."""

_POSTGRESQL_SESSION = {
    "timezone": "UTC",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}


def database_url(settings: Settings) -> sa.URL:
    """Return the address of the database with its driver. Raises StoreError when it is none."""
    try:
        url = sa.make_url(settings.database_url)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError("AFTERCARE_DATABASE_URL is no database address: sqlite:///FILE or postgresql://…") from None
    if settings.on_sqlite and (url.query or url.database in (None, "", ":memory:")):
        raise StoreError("AFTERCARE_DATABASE_URL: sqlite:/// is followed by the path of a file, nothing else")
    return url if settings.on_sqlite else url.set(drivername="postgresql+psycopg")


def make_engine(url: sa.URL, patience: timedelta = PATIENCE) -> sa.Engine:
    """Return an engine; nothing is connected yet. Values of statements are kept out of errors and logs."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, patience)
    return _postgresql_engine(url, patience)


def begin_writing(connection: sa.Connection) -> None:
    """Start the transaction at the database, as its writer: on SQLite now, not at the first write.

    A transaction that reads first and writes later fails at once when another writer came between
    (https://www.sqlite.org/isolation.html); one that begins IMMEDIATE waits for its turn.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_reading(connection: sa.Connection) -> None:
    """Start a transaction that sees one state of the database."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")


def create_file(path: Path) -> None:
    """Make an empty database file that only this user may read, and its folder; keep what is there."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"the database {path} can't be written: {error.strerror}: let this user write it and its folder"
        ) from error


def _sqlite_engine(url: sa.URL, patience: timedelta) -> sa.Engine:
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        # With isolation_level None the driver never begins by itself, the same on Python 3.11 to 3.13: the
        # two functions above do. commit() and rollback() still end what they began.
        connect_args={"isolation_level": None, "timeout": patience.total_seconds()},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: SqliteConnection, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # WAL's default NORMAL may lose a commit with the power
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def _postgresql_engine(url: sa.URL, patience: timedelta) -> sa.Engine:
    return sa.create_engine(
        url.difference_update_query(["options"]),
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args=_session(url, patience),
    )


def connect_arguments(settings: Settings) -> dict[str, Any]:
    """Return the driver's arguments for the database of the settings, with the sessions' own. PostgreSQL only.

    For a library that connects by itself; they hold the password. Raises StoreError.
    """
    url = database_url(settings)
    _, arguments = url.get_dialect()().create_connect_args(url.difference_update_query(["options"]))
    return {**arguments, **_session(url, PATIENCE)}


def _session(url: sa.URL, patience: timedelta) -> dict[str, Any]:
    session = {**_POSTGRESQL_SESSION, "lock_timeout": f"{int(patience.total_seconds() * 1000)}ms"}
    options = " ".join(f"-c {name}={value}" for name, value in session.items())
    own = url.query.get("options")
    return {
        "options": f"{options} {own}" if own else options,
        "connect_timeout": max(2, int(patience.total_seconds())),
        "application_name": APPLICATION,
    }
