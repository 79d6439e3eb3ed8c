"""Work that only one process of an installation does at a time: a turn that a crash gives back by itself."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from scheduler.errors import StoreError


@contextmanager
def turn(engine: sa.Engine, what: str) -> Iterator[bool]:
    """Hold the turn to do `what` until the end of the block; gives False where another process has it.

    SQLite: the operating system's lock of a file beside the database. PostgreSQL: a lock of a session of its own.
    """
    if engine.dialect.name == "sqlite":
        with _of_file(Path(str(engine.url.database)), what) as mine:
            yield mine
    else:
        with _of_session(engine, what) as mine:
            yield mine


@contextmanager
def _of_file(database: Path, what: str) -> Iterator[bool]:
    path = database.with_name(f"{database.name}.{what}-lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"can't make the lock {path}: {error.strerror}: let this user write the data folder"
        ) from None
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _of_session(engine: sa.Engine, what: str) -> Iterator[bool]:
    number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)
    # Not in a transaction: it would be ended for being idle while the work goes on beside it.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar_one()
        try:
            yield bool(mine)
        finally:
            if mine:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
