"""A folder into which a booking system, or a person, puts exports: which files in it are whole.

It is looked at again and again, as network shares tell nobody of what arrives. Links are not followed and folders
in it not entered: nothing outside is ever read or moved.
"""

import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from errno import EAGAIN
from pathlib import Path
from typing import NamedTuple

UNFINISHED = (
    ".part",
    ".partial",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".filepart",
    ".opdownload",
    ".lock",
    "~",
)
"""How the names end under which browsers, transfer programs and editors write what is not whole yet."""
OF_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})
_PROBE = ".aftercare-probe"


class Signature(NamedTuple):
    """What changes when somebody writes a file, or puts another in its place. Instants are nanoseconds."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that nobody writes any more, as it was when that was found."""

    path: Path
    signature: Signature


@dataclass(slots=True)
class Folder:
    """Remembers for one process what it saw. `settle` is how long a file must stay as it is to be whole.

    `waits`: whether the last look saw files that are not known to be whole yet. `links` are those it saw, `others`
    what is neither a file nor a folder: pipes, sockets, devices.
    """

    path: Path
    settle: timedelta
    waits: bool = False
    links: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    _seen: dict[str, tuple[Signature, datetime]] = field(default_factory=dict)
    _tells_writers: bool | None = None

    def look(self, now: datetime) -> list[Whole]:
        """Return the files that are whole, by name. Raises OSError where the folder can't be read.

        A file is whole when two looks found it the same with `settle` between them. One that nobody has written for
        so long, as it was renamed into place, only has to be the same at the next look.
        """
        found = dict(self._candidates())
        self._seen = {name: self._since(name, signature, now) for name, signature in found.items()}
        whole = [
            name for name, (signature, since) in self._seen.items() if self._is_whole(name, signature, since, now)
        ]
        self.waits = len(whole) < len(found)
        return [Whole(self.path / name, found[name]) for name in sorted(whole)]

    def is_same(self, file: Whole) -> bool:
        """Whether that file is still there, and nobody has written it or put another in its place."""
        try:
            return _signature(os.lstat(file.path)) == file.signature
        except FileNotFoundError:
            return False

    def _candidates(self) -> Iterator[tuple[str, Signature]]:
        links, others = set(), set()
        with os.scandir(self.path) as entries:
            for entry in entries:
                if is_ignored(entry.name):
                    continue
                with suppress(FileNotFoundError):  # it was taken away meanwhile
                    found = os.lstat(entry.path)
                    if stat.S_ISLNK(found.st_mode):
                        links.add(entry.name)
                    elif stat.S_ISREG(found.st_mode):
                        yield entry.name, _signature(found)
                    elif not stat.S_ISDIR(found.st_mode):
                        others.add(entry.name)
        self.links, self.others = frozenset(links), frozenset(others)

    def _since(self, name: str, signature: Signature, now: datetime) -> tuple[Signature, datetime]:
        before = self._seen.get(name)
        return before if before and before[0] == signature else (signature, now)

    def _is_whole(self, name: str, signature: Signature, since: datetime, now: datetime) -> bool:
        if since >= now and self.settle:
            return False  # seen once: who knows what comes
        quiet_since = min(since, datetime.fromtimestamp(signature.modified / 1e9, UTC))
        return now - quiet_since >= self.settle and not self._is_written(self.path / name)

    def _is_written(self, path: Path) -> bool:
        """Whether a program of this machine has the file open to write it, as far as that can be told here."""
        if self._tells_writers is None:
            self._tells_writers = _tells_writers(self.path)
        if not self._tells_writers:
            return False
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False  # whoever reads it says what is wrong
        try:
            return _is_open_for_writing(descriptor)
        finally:
            os.close(descriptor)


def is_ignored(name: str) -> bool:
    """Whether a name is none of an export: hidden, of a program that still writes, or of a system's own."""
    low = name.lower()
    return low.startswith((".", "~$")) or low.endswith(UNFINISHED) or low in OF_SYSTEMS


def _signature(found: os.stat_result) -> Signature:
    return Signature(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _tells_writers(folder: Path) -> bool:
    """Whether the file system tells who writes: some of networks say of every file that somebody does."""
    probe = folder / _PROBE
    with suppress(OSError):
        probe.write_bytes(b"")
        try:
            descriptor = os.open(probe, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return _has_leases(descriptor) and not _is_open_for_writing(descriptor)
            finally:
                os.close(descriptor)
        finally:
            probe.unlink(missing_ok=True)
    return False


def _has_leases(descriptor: int) -> bool:
    if not hasattr(fcntl, "F_SETLEASE"):  # Linux has them
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == EAGAIN  # there was none to give back
    return True


def _is_open_for_writing(descriptor: int) -> bool:
    """Whether the kernel refuses a read lease because somebody writes; where it gives none at all, False."""
    # Whoever opens the file to write it meanwhile makes the kernel signal us: SIGIO, its choice, ends a process.
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == EAGAIN
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
