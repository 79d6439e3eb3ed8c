"""A PostgreSQL of the benchmarks' own, from the system's programs, with every safety on: a commit is on the disk."""

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
from pathlib import Path

import psycopg

from benchmarks.errors import BenchError

SETTINGS = ("max_connections=100", "shared_buffers=256MB", "max_wal_size=4GB", "checkpoint_timeout=30min")
"""The rest is PostgreSQL's default, fsync and synchronous_commit too. No checkpoint falls into one side only."""


class Cluster:
    """A running server; `url` of a database is what AFTERCARE_DATABASE_URL takes."""

    def __init__(self, port: int) -> None:
        self._port = port

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://aftercare@127.0.0.1:{self._port}/{database}"

    def execute(self, statement: str, *, database: str = "postgres") -> None:
        """Run a statement outside of a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())


def programs() -> Path | None:
    """Return the folder of the server's programs: on the path, else Debian's newest; None where there are none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


@contextmanager
def running(server_programs: Path, scratch: Path | None) -> Iterator[Cluster]:
    """Run a server in a new folder below `scratch` (the system's by default) and take both away afterwards."""
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="bench-pg-", dir=scratch))
    try:
        if user is not None:
            os.chown(folder, user, -1)
        make = ["initdb", "-D", str(folder / "data"), "-U", "aftercare", "-A", "trust", "-E", "UTF8", "--no-locale"]
        make[0] = str(server_programs / make[0])
        subprocess.run(make, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
        with _served(server_programs, folder, user) as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(server_programs: Path, folder: Path, user: int | None) -> Iterator[Cluster]:
    port = free_port()
    options = [part for setting in SETTINGS for part in ("-c", setting)]
    serve = [str(server_programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-h", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*serve, "-p", str(port), *options], user=user, cwd=folder, stderr=log)
    try:
        cluster = Cluster(port)
        _wait_for(cluster, server, folder / "log")
        yield cluster
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def _unprivileged() -> int | None:
    """Return the user to run the server as: it refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise BenchError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
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
    raise BenchError(f"PostgreSQL did not start: {log.read_text()[-500:]}")
