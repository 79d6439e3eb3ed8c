"""The next-due query and the claim of a batch, with ten million messages waiting against one million."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

from benchmarks.bench import Bench, expect
from benchmarks.clock import instant
from benchmarks.figures import Measured, ratio
from benchmarks.measures.waiting import House, make_house
from scheduler.store.claims import claim_due
from scheduler.store.database import Store, open_store
from scheduler.store.messages import next_wake

QUERIES = 500
BATCH = 500
LEASE = timedelta(minutes=5)
SHALLOW, DEEP = "1 million", "10 million"


def measure_depth(bench: Bench, *, houses: dict[str, House]) -> list[Measured]:
    """Measure every store; what is claimed of `houses` stays claimed."""
    found = []
    for name, shallow in houses.items():
        deep = make_house(bench, shallow.databases, waiting=bench.sizes.deep)
        both = {SHALLOW: shallow, DEEP: deep}
        with ExitStack() as opened:
            stores = {depth: opened.enter_context(open_store(it.on.settings)) for depth, it in both.items()}
            queries = bench.alternate("µs", {depth: _querying(store) for depth, store in stores.items()})
            claims = bench.alternate(
                "claims/s", {depth: _claiming(bench, store, both[depth]) for depth, store in stores.items()}
            )
        found.append(ratio(f"next-{name.lower()}", queries[DEEP], queries[SHALLOW]))
        found.append(ratio(f"claims-{name.lower()}", claims[DEEP], claims[SHALLOW]))
        deep.databases.drop(deep.url)
    return found


def _querying(store: Store) -> Callable[[], float]:
    def query() -> float:
        started = time.perf_counter()
        for _ in range(QUERIES):
            with store.read() as tx:
                next_wake(tx)
        return (time.perf_counter() - started) / QUERIES * 1e6

    return query


def _claiming(bench: Bench, store: Store, house: House) -> Callable[[], float]:
    """Claim batch by batch, each committed, at an instant at which as many are due as all rounds take."""
    number = bench.sizes.claimed
    now = instant(house.due_from(bench.sizes.rounds * number))

    def claim() -> float:
        claimed = 0
        started = time.perf_counter()
        while claimed < number:
            with store.write() as tx:
                ids = claim_due(tx, now=now, limit=min(BATCH, number - claimed), lease=LEASE, owner="bench")
            if not ids:
                break
            claimed += len(ids)
        took = time.perf_counter() - started
        expect(claimed, number)
        return number / took

    return claim
