"""The files that an operator edits, seen from outside: whether they changed, and what tells two states apart."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

DEPTH = 4
"""Folders below each other, at most: a link that leads back to its own folder ends there."""
UNREADABLE = "unreadable"
"""Stands for the digest of what can't be read."""

Signature = tuple[tuple[str | int, ...], ...]
"""Names, places, sizes and times of files: another one wherever a file may have changed."""


@dataclass(frozen=True, slots=True)
class EditedFiles:
    """Config and templates, without hidden files: editors and Kubernetes leave those, and nothing reads them."""

    config_dir: Path
    templates_dir: Path

    def signature(self) -> Signature:
        """Look at every file without opening any: about 10 µs a file. Links are followed; never raises OSError.

        The place and the time of the last change of owner or rights are in it too: a link to another file of the same
        age, and rights that were mended, are changes.
        """
        return tuple(_look(file, found) for _, file, found in self._files())

    def digests(self) -> Mapping[str, str]:
        """Read every file; return the SHA-256 of each by its name from `config/` or `templates/` on."""
        return {name: _digest(file, found) for name, file, found in self._files()}

    def _files(self) -> Iterator[tuple[str, str, os.stat_result | OSError]]:
        yield from _below("config", str(self.config_dir), DEPTH)
        yield from _below("templates", str(self.templates_dir), DEPTH)


def digest_of_all(digests: Mapping[str, str]) -> str:
    """Return one digest of what `digests` returned: it differs where a name or a file does."""
    return hashlib.sha256(
        "\n".join(f"{digest} {name}" for name, digest in sorted(digests.items())).encode()
    ).hexdigest()


def _below(name: str, folder: str, depth: int) -> Iterator[tuple[str, str, os.stat_result | OSError]]:
    """Yield each file by name; a folder that can't be listed and a link to nowhere with the reason."""
    try:
        entries = sorted(os.scandir(folder), key=lambda it: it.name)
    except OSError as error:
        yield name, folder, error
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        within = f"{name}/{entry.name}"
        try:
            found = entry.stat()
        except OSError as error:
            yield within, entry.path, error
            continue
        if not stat.S_ISDIR(found.st_mode):
            yield within, entry.path, found
        elif depth > 1:
            yield from _below(within, entry.path, depth - 1)


def _look(file: str, found: os.stat_result | OSError) -> tuple[str | int, ...]:
    if isinstance(found, OSError):
        return file, found.errno or 0
    return file, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _digest(file: str, found: os.stat_result | OSError) -> str:
    if isinstance(found, OSError) or not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
        return UNREADABLE
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return UNREADABLE
