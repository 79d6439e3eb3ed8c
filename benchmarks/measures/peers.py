"""The same messages as a job each, by the systems that are usual for that, sent to the same server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.bench import Bench
from benchmarks.databases import Databases
from benchmarks.errors import BenchError
from benchmarks.figures import Measured, ratio
from benchmarks.passes import Prepared, engine_seen, prepare_passes
from benchmarks.peers import redis
from benchmarks.peers.task import THREADS
from benchmarks.servers.control import Taken

AT_ONCE = 64
LONGEST = 300.0
"""Seconds that a peer may take for its messages."""
THREADED = ("celery", "dramatiq")


@dataclass(frozen=True)
class Peer:
    """A system: how its jobs are added, how its worker is started, and where it keeps them (by setting)."""

    name: str
    module: str
    worker: tuple[str, ...]
    environ: Mapping[str, str]
    databases: Databases | None = None


def measure_peers(bench: Bench) -> list[Measured]:
    """Measure each peer against one engine of ours on the store that it would have."""
    with ExitStack() as opened:
        redis_url = opened.enter_context(redis.running(bench.installation.folder)) if redis.is_there() else ""
        peers, missing = _peers(bench, redis_url)
        prepared = {
            name: prepare_passes(bench, store, count=bench.sizes.dispatched) for name, store in bench.stores.items()
        }
        ours = {name: _ours(bench, it) for name, it in prepared.items()}
        sides = bench.alternate("messages/s", ours | {peer.name: _seen(bench, peer) for peer in peers})
    rows = [ratio(peer.name, sides[_store_of(peer)], sides[peer.name]) for peer in peers]
    return rows + [Measured(name, missing=why) for name, why in missing.items()]


def _peers(bench: Bench, redis_url: str) -> tuple[list[Peer], dict[str, str]]:
    """Return the peers that can be measured here, and why not of the others."""
    sqlite = bench.stores["SQLite"]
    peers = [Peer("apscheduler", "apscheduler_app", (), {"BENCH_SQLITE": ""}, sqlite)]
    missing = {}
    if "PostgreSQL" in bench.stores:
        peers.append(
            Peer("procrastinate", "procrastinate_app", (), {"BENCH_POSTGRES": ""}, bench.stores["PostgreSQL"])
        )
    for name in THREADED:
        if why := _why_not(name, redis_url):
            missing[name] = why
        else:
            peers.append(Peer(name, f"{name}_app", _WORKERS[name], {"BENCH_REDIS": redis_url}))
    return peers, missing


def _why_not(name: str, redis_url: str) -> str:
    if not redis_url:
        return "no redis-server"
    return "" if find_spec(name) else f"{name} is not installed: make bench installs it"


_WORKERS = {
    "celery": (
        *("-m", "celery", "--app", "benchmarks.peers.celery_app", "worker", "--loglevel", "ERROR"),
        *("--pool", "threads", "--concurrency", str(THREADS)),
    ),
    "dramatiq": ("-m", "dramatiq", "benchmarks.peers.dramatiq_app", "--processes", "1", "--threads", str(THREADS)),
}


def _ours(bench: Bench, prepared: Prepared) -> Callable[[], float]:
    return lambda: engine_seen(bench, prepared, at_once=AT_ONCE)


def _store_of(peer: Peer) -> str:
    return peer.databases.name if peer.databases else "SQLite"


def _seen(bench: Bench, peer: Peer) -> Callable[[], float]:
    return lambda: _work(bench, peer, bench.sizes.by_peers).rate


def _work(bench: Bench, peer: Peer, count: int) -> Taken:
    """Add the jobs, then let a new worker do them all; the server's clock runs from the first to the last."""
    url = peer.databases.new() if peer.databases else ""
    environ = {name: value or url for name, value in peer.environ.items()}
    environ |= {"BENCH_SMS": f"http://127.0.0.1:{bench.sms.port}"}
    with _process(bench, environ, "-m", f"benchmarks.peers.{peer.module}", str(count)) as adding:
        if adding.wait(LONGEST):
            raise BenchError(f"{peer.name}: its jobs could not be added")
    bench.sms.begin()
    with _process(bench, environ, *(peer.worker or ("-m", f"benchmarks.peers.{peer.module}"))) as worker:
        _wait_until_taken(bench, peer, worker, count)
    taken = bench.sms.taken()
    taken.verify(count)
    if peer.databases:
        peer.databases.drop(url)
    return taken


def _wait_until_taken(bench: Bench, peer: Peer, worker: subprocess.Popen[bytes], count: int) -> None:
    deadline = time.monotonic() + LONGEST
    while (taken := bench.sms.count()) < count:
        if worker.poll() or time.monotonic() > deadline:
            raise BenchError(f"{peer.name} sent {taken} of {count} messages")
        time.sleep(0.05)


@contextmanager
def _process(bench: Bench, environ: Mapping[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python in a group of its own and end the whole group: some workers have children."""
    ours = {name: bench.installation.environ[name] for name in ("PATH", "PYTHONPATH")}
    with (bench.installation.folder / "processes.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=bench.installation.folder,
            env={**ours, **environ},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
