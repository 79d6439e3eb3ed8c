"""One pass of sending in a process of its own: of the product, or of the bare loop. Checked at the server."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.bare import WARM
from benchmarks.bench import Bench, expect
from benchmarks.databases import Databases
from benchmarks.process import Measuring, Run
from benchmarks.seeding import FIRST, Batch, add_due, prepare
from benchmarks.servers.control import ServerProcess, Taken

ENGINES = 2
"""For so many there are messages to warm up with."""
SMS = "sms"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database with `count` messages due at `at`, after what engines warm up with; it is copied for each pass."""

    databases: Databases
    url: str
    count: int
    at: float
    channel: str

    def before(self, minutes: int) -> float:
        """Return the instant so many minutes before (Unix time)."""
        return self.at - 60.0 * minutes


def prepare_passes(bench: Bench, databases: Databases, *, count: int, channel: str = SMS) -> Prepared:
    """Make the database that passes are measured on."""
    bench.say(f"{databases.name}: {count} messages to {channel}")
    url, at = databases.new(), float(int(time.time()))
    prepared = Prepared(databases, url, count, at, channel)
    on = bench.installation.on(url)
    warm = [Batch(FIRST + engine * WARM, WARM, prepared.before(ENGINES - engine)) for engine in range(ENGINES)]
    add_due(on, prepare(on, channel=channel), *warm, Batch(FIRST + ENGINES * WARM, count, at))
    return prepared


def bare(bench: Bench, *, channel: str, count: int, at_once: int, latency: float = 0.0) -> float:
    """Return messages a second of the bare loop."""
    words = ("--channel", channel, "--count", str(count), "--at-once", str(at_once))
    server = _server(bench, channel)
    with Measuring(bench.installation.at_once(at_once, at_once if channel != SMS else 1), "bare", *words) as loop:
        server.begin(latency=latency)
        loop.warm()
        server.begin(latency=latency)
        loop.go()
        run = loop.ended()
    return _rate(server.taken(), [run], count)


def engines(bench: Bench, prepared: Prepared, *, at_once: int, latency: float = 0.0, number: int = 1) -> float:
    """Return messages a second of one engine, or of several on one database: from the go to the last record."""
    taken, runs = _pass(bench, prepared, at_once, latency, number)
    return _rate(taken, runs, prepared.count)


def engine_seen(bench: Bench, prepared: Prepared, *, at_once: int) -> float:
    """Return messages a second of one engine as the server sees them: how peers are measured."""
    taken, _ = _pass(bench, prepared, at_once, 0.0, 1)
    taken.verify(prepared.count)
    return taken.rate


def _pass(bench: Bench, prepared: Prepared, at_once: int, latency: float, number: int) -> tuple[Taken, list[Run]]:
    url = prepared.databases.copy(prepared.url)
    sms, emails = (at_once, 1) if prepared.channel == SMS else (1, at_once)
    on, server = bench.installation.on(url).at_once(sms, emails), _server(bench, prepared.channel)
    server.begin(latency=latency)
    with ExitStack() as running:
        measuring = []
        for engine in range(number):  # one after the other: each warms up with what is due by then, the last with all
            words = ("--warm-at", str(prepared.before(number - engine)), "--at", str(prepared.at))
            measuring.append(running.enter_context(Measuring(on, "engine", *words)))
            measuring[-1].warm()
        server.begin(latency=latency)
        for it in measuring:
            it.go()
        runs = [it.ended() for it in measuring]
        taken = server.taken()
    prepared.databases.drop(url)
    return taken, runs


def _rate(taken: Taken, runs: list[Run], count: int) -> float:
    taken.verify(count)
    expect(sum(run.sent for run in runs), count)
    return count / (max(run.ended for run in runs) - min(run.started for run in runs))


def _server(bench: Bench, channel: str) -> ServerProcess:
    return bench.sms if channel == SMS else bench.smtp
