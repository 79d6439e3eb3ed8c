"""One engine on a SQLite database: an operating-system file lock, which a crash frees by itself."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import ConflictError


@contextmanager
def only_engine(data_dir: Path) -> Iterator[None]:
    """Hold the engine's lock of this data folder. Raises ConflictError where another process has it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / "engine.lock"
    with path.open("a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                f"another Aftercare engine already works on {data_dir}: stop it first, or let it do the sending"
            ) from None
        yield
