"""One process for one thing: an operating-system file lock, which a crash frees by itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import ConflictError


class TakenError(ConflictError):
    """Another process works on this."""


@contextmanager
def only_engine(database: Path) -> Iterator[None]:
    """Hold the engine's lock of a database file. Raises TakenError where another process has it."""
    path = database.with_name(f"{database.name}.engine-lock")
    taken = f"another Aftercare engine already works on {database}: stop it first, or let it do the sending"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _no_lock(path, error, "let this user write the data folder") from None
    with _held(path, taken, "let this user write the data folder"):
        yield


@contextmanager
def only_watcher(folder: Path) -> Iterator[None]:
    """Hold the lock of a drop folder, whatever machine the other watcher of a share is on.

    Raises TakenError where another process has it, ConflictError where there can't be one.
    """
    if not folder.is_dir():
        raise ConflictError(f"there is no folder {folder}: make it, and have exports written there")
    taken = f"{folder} is watched by another `aftercare watch` already: stop that one first, one is enough"
    with _held(folder / ".aftercare-watch.lock", taken, "let this user write the folder, and the share have locks"):
        yield


@contextmanager
def _held(path: Path, taken: str, remedy: str) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _no_lock(path, error, remedy) from None
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(taken) from None
        except OSError as error:
            raise _no_lock(path, error, remedy) from None
        yield


def _no_lock(path: Path, error: OSError, remedy: str) -> ConflictError:
    return ConflictError(f"can't make the lock {path}: {error.strerror}: {remedy}")
