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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

from scheduler.settings import read_settings
from scheduler.store.upgrade import upgrade
from tests.places import in_memory

TEST_KEYS = {
    "AFTERCARE_SECRET_KEY": "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGU=",
    "AFTERCARE_ENCRYPTION_KEY": "ZW5jcnlwdGlvbiBrZXkgb2YgdGhlIHRlc3RzLCAzMmI=",
    "AFTERCARE_LOOKUP_KEY": "bG9va3VwIGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGU=",
}
TEMPLATE = "aftercare_template"
_FAST = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0"),
    *("max_wal_size=64MB", "min_wal_size=32MB", "max_connections=60", "shared_buffers=32MB"),
    "dynamic_shared_memory_type=mmap",  # in its own folder, which goes with it: a server that is killed leaves others
)


@dataclass
class Cluster:
    """A server of our own; `url` of a database on it is what AFTERCARE_DATABASE_URL takes."""

    programs: Path
    folder: Path
    user: int | None
    settings: Sequence[str]
    port: int
    numbers: Iterator[int] = field(default_factory=count)
    _server: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://aftercare@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str) -> str:
        name = f"test_{next(self.numbers)}"
        # Copied as files, not row by row through the log: a third of the time, where no disk is waited for.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def start(self) -> None:
        """Start the server and return when it answers."""
        places = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-h", "127.0.0.1", "-p", str(self.port)]
        options = [part for setting in self.settings for part in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self.programs / "postgres"), *places, *options], user=self.user, cwd=self.folder, stderr=log
            )
        _wait_for(self, self._server, self.folder / "log")

    def stop(self) -> None:
        """Stop the server at once, as `pg_ctl stop -m immediate` does: it recovers at the next start."""
        if self._server:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    programs = server_programs()
    if programs is None:
        reason = "PostgreSQL's server programs (initdb, postgres) are not installed"
        if "postgres" in os.environ.get("AFTERCARE_TEST_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    with running(programs) as cluster:
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


def server_programs() -> Path | None:
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
def running(programs: Path, settings: Sequence[str] = _FAST) -> Iterator[Cluster]:
    """Make a cluster, start it, and throw it away. `settings` as the server's option -c takes them."""
    user = _unprivileged()
    # Not under pytest's folder: that one is root's alone, and too deep for the name of a socket.
    folder = Path(tempfile.mkdtemp(prefix="aftercare-pg-", dir=in_memory()))
    cluster = Cluster(programs, folder, user, settings, _free_port())
    try:
        if user is not None:
            os.chown(folder, user, -1)
        make = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "aftercare", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*make, "--no-locale", "--no-sync"], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL
        )
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


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
