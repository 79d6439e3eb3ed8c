"""One engine on a SQLite database: an operating-system file lock beside it, which a crash frees by itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import ConflictError


class TakenError(ConflictError):
    """Another process works on this database."""


@contextmanager
def only_engine(database: Path) -> Iterator[None]:
    """Hold the engine's lock of a database file. Raises TakenError where another process has it."""
    path = database.with_name(f"{database.name}.engine-lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConflictError(
            f"can't make the lock {path}: {error.strerror}: let this user write the data folder"
        ) from None
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(
                f"another Aftercare engine already works on {database}: stop it first, or let it do the sending"
            ) from None
        yield
