"""With a million messages waiting: how late what is due goes out, how soon after a start, in how much memory.

All three are seen in one run of the real `aftercare serve`: it is started with one message due, then a hundred a
second fall due. The same is done with nothing waiting, for the memory.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from benchmarks.bench import Bench
from benchmarks.databases import Databases
from benchmarks.figures import Measured, Side, single
from benchmarks.installation import Installation
from benchmarks.seeding import FIRST, Batch, Pattern, add_due, add_waiting, prepare
from benchmarks.served import peak_memory, serving, wait_until

EVERY = 0.01
"""Seconds between two messages: a hundred a second."""
SETTLED = 3.0
"""Seconds after the start at which the first of them is due."""
SPREAD = 42 * 86_400.0
"""Over so many seconds what waits falls due: six weeks, from tomorrow on."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one run: seconds from the start to the first send, MB, and each message's lateness in ms."""

    started_in: float
    memory: float
    late: tuple[float, ...]


@dataclass
class House:
    """A database with so many messages waiting; each run adds what falls due in it."""

    databases: Databases
    on: Installation
    pattern: Pattern
    waiting: Batch
    next_id: Iterator[int]

    @property
    def url(self) -> str:
        """Its address."""
        return self.on.environ["AFTERCARE_DATABASE_URL"]

    def due_from(self, number: int) -> float:
        """Return the instant (Unix time) from which on so many of what waits are due."""
        return self.waiting.starts + number * self.waiting.every


def make_house(bench: Bench, databases: Databases, *, waiting: int) -> House:
    """Make a database with `waiting` messages that fall due from tomorrow on."""
    bench.say(f"{databases.name}: {waiting} messages waiting")
    on = bench.installation.on(databases.new())
    pattern = prepare(on)
    batch = Batch(FIRST, waiting, float(int(time.time())) + DAY, SPREAD / max(waiting, 1))
    if waiting:
        add_waiting(on, pattern, batch)
    return House(databases, on, pattern, batch, count(FIRST + waiting, step=10_000))


def measure_waiting(bench: Bench, *, houses: dict[str, House]) -> list[Measured]:
    """Measure every store; `houses` has one for each, with a million waiting."""
    found = []
    for name, house in houses.items():
        empty = make_house(bench, house.databases, waiting=0)
        seen: dict[str, list[Seen]] = {"a million waiting": [], "none waiting": []}
        sides = bench.alternate(
            "ms late",
            {
                "a million waiting": _run(bench, house, seen["a million waiting"]),
                "none waiting": _run(bench, empty, seen["none waiting"]),
            },
        )
        house.databases.drop(empty.url)
        found += _rows(name.lower(), sides["a million waiting"], *seen.values())
    return found


def _rows(store: str, late: Side, with_million: list[Seen], with_none: list[Seen]) -> list[Measured]:
    memory = (
        Side("a million waiting", "MB", tuple(it.memory for it in with_million)),
        Side("none waiting", "MB", tuple(it.memory for it in with_none)),
    )
    more = tuple(a - b for a, b in zip(memory[0].rounds, memory[1].rounds, strict=True))
    return [
        single(f"lateness-{store}", Side("99th percentile", "ms", late.rounds)),
        Measured(f"memory-{store}", more, memory),
        single(f"start-{store}", Side("start to first send", "s", tuple(it.started_in for it in with_million))),
    ]


def _run(bench: Bench, house: House, seen: list[Seen]) -> Callable[[], float]:
    def run() -> float:
        seen.append(_serve(bench, house, bench.sizes.lateness_seconds * 100))
        return percentile(seen[-1].late, 0.99)

    return run


def _serve(bench: Bench, house: House, number: int) -> Seen:
    first, now = next(house.next_id), float(int(time.time()))
    due = Batch(first + 1, number, now + SETTLED + 1, EVERY)
    add_due(house.on, house.pattern, Batch(first, 1, now), due)
    bench.sms.begin()
    started = time.monotonic()
    with serving(house.on) as process:
        wait_until(lambda: bench.sms.count() > number, process, what=f"the sending of {number + 1} messages")
        memory = peak_memory(process)
    taken = bench.sms.taken()
    taken.verify(number + 1)
    late = (
        taken.arrivals[f"+1514{number:07d}"] - (due.starts + place * EVERY) for place, number in enumerate(due.ids)
    )
    return Seen(taken.first - started, memory, tuple(seconds * 1000 for seconds in late))


def percentile(figures: tuple[float, ...], share: float) -> float:
    """Return the figure that this share of all does not exceed."""
    return sorted(figures)[math.ceil(share * len(figures)) - 1]
