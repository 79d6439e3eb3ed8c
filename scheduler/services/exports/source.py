"""The bytes of an export: opened once, read several times, and seen to stay as they are."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from scheduler.errors import RegistrationError

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or what was uploaded; `name` is what errors call it. Whoever reads begins with `rewound`."""

    name: str
    stream: BinaryIO
    stamp: tuple[int, int] | None = None
    """Size and time of the last change when it was opened; None where nobody else can change it."""

    def rewound(self) -> BinaryIO:
        """Return the bytes from their beginning."""
        self.stream.seek(0)
        return self.stream

    def blocks(self) -> Iterator[bytes]:
        """Read all of it, a block at a time."""
        stream = self.rewound()
        while block := stream.read(BLOCK):
            yield block

    def head(self, size: int) -> bytes:
        """Return its first bytes."""
        return self.rewound().read(size)

    def refuse_change(self) -> None:
        """Raise RegistrationError where somebody writes the file while it is read."""
        if self.stamp is not None and _stamp(self.stream) != self.stamp:
            raise RegistrationError(
                f"{self.name}: was changed while it was read: import it again when it is whole; what was imported of "
                "it is not made twice"
            )


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file of this machine. Raises RegistrationError where it can't be read, now or while it is read."""
    try:
        file = _File(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    with io.BufferedReader(file) as stream:
        if file.seekable():
            yield Source(path.name, stream, _stamp(stream))
        else:  # a pipe
            yield source_of(stream.read(), path.name)


def source_of(data: bytes, name: str) -> Source:
    """Take bytes that are here already."""
    return Source(name, io.BytesIO(data))


def _stamp(stream: BinaryIO) -> tuple[int, int]:
    found = os.fstat(stream.fileno())
    return found.st_size, found.st_mtime_ns


class _File(io.FileIO):
    """A file whose disk may fail while somebody in the middle of a table asks for more."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def readinto(self, buffer: Any, /) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise _unreadable(self._path, error) from None


def _unreadable(path: Path, error: OSError) -> RegistrationError:
    return RegistrationError(f"{path}: can't be read: {error.strerror}")
