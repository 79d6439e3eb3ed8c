"""Dispatch with everything that it does, against a loop that only renders and sends; and two engines against one."""

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.figures import Measured, ratio
from benchmarks.passes import SMS, Prepared, bare, engines, prepare_passes

AT_ONCE = {0.0: 64, 0.1: 512}
"""Hand-overs at a time, by latency: the default, and what keeps a core busy while a provider takes 100 ms."""
BARE = "bare loop"


def measure_dispatch(bench: Bench) -> list[Measured]:
    """Measure both stores and both latencies against the bare loop."""
    count = bench.sizes.dispatched
    prepared = {name: prepare_passes(bench, store, count=count) for name, store in bench.stores.items()}
    found = []
    for latency, at_once in AT_ONCE.items():
        after = f"-{latency * 1000:.0f}ms" if latency else ""
        bench.say(f"dispatch against the bare loop, {latency * 1000:.0f} ms, {at_once} at once")
        passes = {name: _engine(bench, it, at_once, latency) for name, it in prepared.items()}
        sides = bench.alternate("messages/s", {BARE: _bare(bench, at_once, latency), **passes})
        found += [ratio(f"{name.lower()}{after}", sides[name], sides[BARE]) for name in prepared]
    return found


def measure_engines(bench: Bench) -> list[Measured]:
    """Measure two engines on one PostgreSQL against one."""
    if "PostgreSQL" not in bench.stores:
        return []
    prepared = prepare_passes(bench, bench.stores["PostgreSQL"], count=bench.sizes.dispatched)
    sides = bench.alternate(
        "messages/s",
        {
            "one engine": lambda: engines(bench, prepared, at_once=AT_ONCE[0.0]),
            "two engines": lambda: engines(bench, prepared, at_once=AT_ONCE[0.0], number=2),
        },
    )
    return [ratio("engines", sides["two engines"], sides["one engine"])]


def _bare(bench: Bench, at_once: int, latency: float) -> Callable[[], float]:
    return lambda: bare(bench, channel=SMS, count=bench.sizes.dispatched, at_once=at_once, latency=latency)


def _engine(bench: Bench, prepared: Prepared, at_once: int, latency: float) -> Callable[[], float]:
    return lambda: engines(bench, prepared, at_once=at_once, latency=latency)
