"""A real PostgreSQL for the tests: one temporary cluster a test process, a fresh database a test.

Without the server's programs these tests skip; with AFTERCARE_TEST_REQUIRE=postgres they fail instead.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

from scheduler.settings import read_settings
from scheduler.store.upgrade import upgrade

TEST_KEYS = {
    "AFTERCARE_SECRET_KEY": "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGU=",
    "AFTERCARE_ENCRYPTION_KEY": "ZW5jcnlwdGlvbiBrZXkgb2YgdGhlIHRlc3RzLCAzMmI=",
    "AFTERCARE_LOOKUP_KEY": "bG9va3VwIGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGU=",
}
TEMPLATE = "aftercare_template"
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB")


@dataclass
class Cluster:
    """A running server; `url` of a database on it is what AFTERCARE_DATABASE_URL takes."""

    port: int
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql://aftercare@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str) -> str:
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    programs = _programs()
    if programs is None:
        reason = "PostgreSQL's server programs (initdb, postgres) are not installed"
        if "postgres" in os.environ.get("AFTERCARE_TEST_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    with _running(programs) as cluster:
        cluster.execute(f"CREATE DATABASE {TEMPLATE}")
        upgrade(read_settings({"AFTERCARE_DATABASE_URL": cluster.url(TEMPLATE), **TEST_KEYS}))
        yield cluster


@pytest.fixture
def empty_postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """The address of a new database without tables."""
    yield from _database(postgres_cluster, "template0")


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """The address of a new database, migrated, that TEST_KEYS open."""
    yield from _database(postgres_cluster, TEMPLATE)


def _database(cluster: Cluster, template: str) -> Iterator[str]:
    name = cluster.create(template)
    yield cluster.url(name)
    cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _programs() -> Path | None:
    """Return the folder of the server's programs: on the path, else Debian's newest."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


def _unprivileged() -> int | None:
    """Return the user to run the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    pytest.fail("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


@contextmanager
def _running(programs: Path) -> Iterator[Cluster]:
    user = _unprivileged()
    # Not under pytest's folder: that one is root's alone, and too deep for the name of a socket.
    folder = Path(tempfile.mkdtemp(prefix="aftercare-pg-"))
    try:
        if user is not None:
            os.chown(folder, user, -1)
        make = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "aftercare", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*make, "--no-locale", "--no-sync"], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL
        )
        with _served(programs, folder, user) as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(programs: Path, folder: Path, user: int | None) -> Iterator[Cluster]:
    cluster = Cluster(_free_port())
    serve = [
        str(programs / "postgres"),
        "-D",
        str(folder / "data"),
        "-k",
        str(folder),
        "-h",
        "127.0.0.1",
        "-p",
        str(cluster.port),
    ]
    options = [part for setting in _FAST for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*serve, *options], user=user, cwd=folder, stderr=log)
    try:
        _wait_for(cluster, server, folder / "log")
        yield cluster
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(cluster: Cluster, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(psycopg.OperationalError):
            cluster.execute("SELECT 1")
            return
        time.sleep(0.02)
    pytest.fail(f"PostgreSQL did not start: {log.read_text()[-500:]}")
