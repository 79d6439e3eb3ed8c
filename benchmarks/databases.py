"""Databases to measure on, SQLite and PostgreSQL alike: made once, copied for each round, dropped."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

from benchmarks.postgres import Cluster


class Databases(Protocol):
    """Where databases come from. An address is what AFTERCARE_DATABASE_URL takes."""

    name: str

    def new(self) -> str:
        """Return the address of an empty database."""
        ...

    def copy(self, url: str) -> str:
        """Copy a database that nobody is connected to; return the copy's address."""
        ...

    def drop(self, url: str) -> None:
        """Take a database away, and whoever is connected to it."""
        ...


@dataclass
class SqliteDatabases:
    """Files in a folder."""

    folder: Path
    name: str = "SQLite"
    _numbers: Iterator[int] = field(default_factory=count)

    def new(self) -> str:
        """Return the address of a file that is not there yet."""
        return f"sqlite:///{self.folder / f'bench{next(self._numbers)}.db'}"

    def copy(self, url: str) -> str:
        """Copy the file: all is in it when its last connection is closed."""
        copied = self.new()
        shutil.copyfile(_file(url), _file(copied))
        return copied

    def drop(self, url: str) -> None:
        """Remove the file and what lies beside it."""
        for file in self.folder.glob(f"{_file(url).name}*"):
            file.unlink()


@dataclass
class PostgresDatabases:
    """Databases of one server."""

    cluster: Cluster
    name: str = "PostgreSQL"
    _numbers: Iterator[int] = field(default_factory=count)

    def new(self) -> str:
        """Create one."""
        return self._create("template0")

    def copy(self, url: str) -> str:
        """Create one like another."""
        return self._create(_database(url))

    def drop(self, url: str) -> None:
        """Drop it."""
        self.cluster.execute(f"DROP DATABASE {_database(url)} WITH (FORCE)")

    def _create(self, template: str) -> str:
        name = f"bench{next(self._numbers)}"
        self.cluster.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.cluster.url(name)


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _database(url: str) -> str:
    return url.rpartition("/")[2]
