"""One engine on a SQLite database: an operating-system file lock, which a crash frees by itself."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from scheduler.errors import ConflictError


@contextmanager
def only_engine(data_dir: Path) -> Iterator[None]:
    """Hold the engine's lock of this data folder.

    Raises ConflictError where another process has it, or where the folder can't be written.
    """
    with _lock_file(data_dir / "engine.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                f"another Aftercare engine already works on {data_dir}: stop it first, or let it do the sending"
            ) from None
        yield


def _lock_file(path: Path) -> TextIO:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.open("a", encoding="ascii")
    except OSError as error:
        raise ConflictError(
            f"can't make the lock {path}: {error.strerror}: let this user write the data folder"
        ) from error
