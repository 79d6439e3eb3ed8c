"""Which revision a database is at, found out without changing it: ours, someone else's, none yet."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from scheduler.errors import StoreError
from scheduler.store.failures import explain_sqlite

HEAD = "0018"
"""The newest revision in `migrations/versions`; a test holds them together."""
KNOWN = frozenset(f"{number:04}" for number in range(1, int(HEAD) + 1))

_SQLITE_MAGIC = b"SQLite format 3\x00"
_OURS = frozenset({"alembic_version", "meta", "messages"})


class Standing(StrEnum):
    """How a database stands to this version of the program."""

    EMPTY = "empty"
    """It has no tables of ours yet."""
    OLDER = "older"
    """Migrations wait."""
    CURRENT = "current"
    """It is what this version works with."""
    NEWER = "newer"
    """A newer version of the program has migrated it."""


@dataclass(frozen=True, slots=True)
class RevisionState:
    """`current` is the database's revision (None when it is empty), `head` this program's."""

    current: str | None
    head: str = HEAD

    @property
    def standing(self) -> Standing:
        """How the database stands to this program."""
        if self.current is None:
            return Standing.EMPTY
        if self.current == self.head:
            return Standing.CURRENT
        return Standing.OLDER if self.current in KNOWN else Standing.NEWER


def refuse_newer(state: RevisionState, where: str) -> None:
    """Raise StoreError when a newer program has migrated the database."""
    if state.standing is Standing.NEWER:
        raise StoreError(
            f"the database {where} was made by a newer Aftercare (revision {state.current}): upgrade the program"
        )


def inspect_file(path: Path) -> RevisionState:
    """Look at an SQLite file without changing it; a missing or empty file is an empty database.

    Raises StoreError for what is no database, and for a database of another program.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(_SQLITE_MAGIC))
    except FileNotFoundError:
        return RevisionState(None)
    except OSError as error:
        raise StoreError(f"the database {path} can't be read: {error.strerror}") from error
    if not magic:
        return RevisionState(None)
    if magic != _SQLITE_MAGIC:
        raise StoreError(f"{path} is not a database: check AFTERCARE_DATABASE_URL")
    return _inspect_sqlite(path)


def _inspect_sqlite(path: Path) -> RevisionState:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return RevisionState(None)
            _refuse_foreign(tables, str(path))
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise explain_sqlite(error, str(path)) from error
    return RevisionState(row[0] if row else None)


def inspect_server(connection: sa.Connection, where: str) -> RevisionState:
    """Look at a PostgreSQL database. Other programs may share it, but not the names of our tables."""
    tables = set(sa.inspect(connection).get_table_names())
    if not tables & _OURS:
        return RevisionState(None)
    _refuse_foreign(tables, where)
    return RevisionState(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))


def _refuse_foreign(tables: set[str], where: str) -> None:
    if not tables >= _OURS:
        raise StoreError(f"the database {where} belongs to another program: give Aftercare one of its own")
