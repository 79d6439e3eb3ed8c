"""Puts a file that was read where it ends, with its report beside it. Killed at any instant, it is done again."""

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from errno import ENOTDIR
from pathlib import Path

from scheduler.services.dropping.report import JSON

_LONGEST_NAME = 255
_AROUND = len(f".{JSON}.tmp".encode()) + len(" (9999)")
"""Bytes that stand around a file's name in those of its reports."""


def place(file: Path, folder: Path, reports: Mapping[str, Iterable[str]]) -> Path:
    """Move a file into a folder beside it, under a name that is free there; return where it is now.

    The reports, for this user's eyes only, are written first: whoever sees the file finds them. The move is one step
    of the file system. Raises OSError; then the file is where it was.
    """
    _make(folder)
    target = folder / _free_name(folder, file.name)
    for ending, content in reports.items():
        _write(target.with_name(f"{target.name}{ending}"), content)
    file.rename(target)
    _keep(folder)
    _keep(file.parent)
    return target


def _make(folder: Path) -> None:
    """Make the folder, unless it is there. Raises OSError where something else is: no link leads out of here."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if not stat.S_ISDIR(os.lstat(folder).st_mode):
        raise NotADirectoryError(ENOTDIR, "is a link, not a folder", str(folder))


def _free_name(folder: Path, name: str) -> str:
    """Return the name, with a number where a file has it already.

    Reports without their file do not count: they were written by one who was killed before the move.
    """
    stem, ending = Path(name).stem, Path(name).suffix
    stem = os.fsdecode(os.fsencode(stem)[: _LONGEST_NAME - _AROUND - len(os.fsencode(ending))])
    candidate, number = f"{stem}{ending}", 1
    while os.path.lexists(folder / candidate):
        number += 1
        candidate = f"{stem} ({number}){ending}"
    return candidate


def _write(path: Path, content: Iterable[str]) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _keep(folder: Path) -> None:
    """Have the disk keep a folder's names; a network share that can't is as good as it is."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
