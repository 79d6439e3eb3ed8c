"""Through Procrastinate workers against direct: the real `aftercare serve`, with `aftercare worker` and without."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.bare import WARM
from benchmarks.bench import Bench
from benchmarks.databases import Databases
from benchmarks.figures import Measured, ratio
from benchmarks.installation import Installation
from benchmarks.measures.dispatch import AT_ONCE
from benchmarks.seeding import FIRST, Batch, Pattern, add_due, prepare
from benchmarks.served import serving, wait_until, working
from benchmarks.servers.control import Taken

DIRECT, THROUGH = "direct", "through a worker"
WARMING = 5
"""Seconds in which the processes start and send what they warm up with."""
SEEDED_A_SECOND = 2000
"""At least: what is measured is in the database before it is due."""


def measure_workers(bench: Bench) -> list[Measured]:
    """Measure one `serve` and one `worker` against one `serve` that delivers by itself."""
    store = bench.stores.get("PostgreSQL")
    if store is None:
        return []
    url = store.new()
    pattern = prepare(bench.installation.on(url))
    found = []
    for latency, at_once in AT_ONCE.items():
        after = f"-{latency * 1000:.0f}ms" if latency else ""
        bench.say(f"through Procrastinate workers, {latency * 1000:.0f} ms, {at_once} at once")

        def side(workers: int, latency: float = latency, at_once: int = at_once) -> Callable[[], float]:
            return lambda: _served(bench, store, url, pattern, at_once=at_once, latency=latency, workers=workers)

        sides = bench.alternate("messages/s", {DIRECT: side(0), THROUGH: side(1)})
        found.append(ratio(f"workers{after}", sides[THROUGH], sides[DIRECT]))
    store.drop(url)
    return found


def _served(
    bench: Bench, store: Databases, url: str, pattern: Pattern, *, at_once: int, latency: float, workers: int
) -> float:
    """Return messages a second as the server sees them, of those that fall due at one instant."""
    copied = store.copy(url)
    on = bench.installation.on(copied).at_once(at_once)
    main = _seed(on, pattern, bench.sizes.dispatched)
    bench.sms.begin(latency=latency)
    with ExitStack() as running:
        processes = [running.enter_context(working(on)) for _ in range(workers)]
        processes.append(running.enter_context(serving(on)))
        everything = WARM + main.count
        wait_until(lambda: bench.sms.count() >= everything, *processes, what=f"the sending of {everything} messages")
    taken = bench.sms.taken()
    taken.verify(everything)
    store.drop(copied)
    return _rate(taken, main)


def _seed(on: Installation, pattern: Pattern, count: int) -> Batch:
    """Add what warms up, due at once, and what is measured, due together a little later."""
    now = float(int(time.time()))
    main = Batch(FIRST + WARM, count, now + count / SEEDED_A_SECOND + WARMING)
    add_due(on, pattern, Batch(FIRST, WARM, now), main)
    return main


def _rate(taken: Taken, main: Batch) -> float:
    arrived = sorted(taken.arrivals[f"+1514{number:07d}"] for number in main.ids)
    return (main.count - 1) / (arrived[-1] - arrived[0])
