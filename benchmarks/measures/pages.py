"""Every page of the console and every list of the REST API, over a million messages and 100,000 patients."""

import asyncio
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.bench import Bench, Say
from benchmarks.databases import Databases
from benchmarks.errors import BenchError
from benchmarks.figures import Measured, Side
from benchmarks.installation import Installation
from benchmarks.pages_fill import Filled, fill
from benchmarks.pages_serve import Asked, Served, served

FEW_PATIENTS, FEW_MESSAGES = 400, 4_000
"""Enough that every list has a second page: how many queries a page makes must not depend on more than that."""
WARM, TIMES = 2, 5
BESIDE = "/desk/schedules"
"""What an edit would change is worked out beside requests, on a thread, whose statements can't be told apart."""
_WELL = (200, 204, 302, 303, 307)
_MS = 1000.0


@dataclass
class Page:
    """What was measured of one address."""

    path: str
    queries: int
    few_queries: int = -1
    rounds: list[list[float]] = field(default_factory=list)

    @property
    def medians(self) -> tuple[float, ...]:
        """The median of each round, in milliseconds."""
        return tuple(median(it) for it in self.rounds)

    @property
    def worst(self) -> tuple[float, ...]:
        """The 95th percentile of each round."""
        return tuple(quantiles(it, n=20)[-1] for it in self.rounds)

    @property
    def grows(self) -> bool:
        """Whether it makes more queries, or fewer, where there is more."""
        return self.few_queries not in (-1, self.queries) and not self.path.startswith(BESIDE)

    @property
    def name(self) -> str:
        """How the table calls it."""
        grows = self.grows
        return f"{self.path} ({self.queries} queries{f', {self.few_queries} with few' if grows else ''})"


def measure_pages(bench: Bench) -> list[Measured]:
    """Measure every store."""
    found = []
    for name, store in bench.stores.items():
        found += _measure_store(bench, name, store)
    return found


def _measure_store(bench: Bench, name: str, store: Databases) -> list[Measured]:
    few = _filled(bench, store, FEW_PATIENTS, FEW_MESSAGES)
    counts = {it.path: it.queries for it in asyncio.run(_pages(bench, *few, rounds=0))}
    many = _filled(bench, store, bench.sizes.desk_patients, bench.sizes.desk_messages)
    pages = asyncio.run(_pages(bench, *many, rounds=bench.sizes.rounds))
    for page in pages:
        page.few_queries = counts.get(page.path, -1)
    for filled in (few, many):
        store.drop(filled[0].environ["AFTERCARE_DATABASE_URL"])
    return rows(name.lower(), pages)


def rows(store: str, pages: list[Page]) -> list[Measured]:
    """Return the rows of a store: the slowest page of each round, and each page beside it, the slowest first."""
    ranked = sorted(pages, key=lambda it: -median(it.medians))
    sides = tuple(Side(it.name, "ms", it.medians) for it in ranked)
    slowest = tuple(max(figures) for figures in zip(*(it.medians for it in pages), strict=True))
    worst = tuple(max(figures) for figures in zip(*(it.worst for it in pages), strict=True))
    grows = float(sum(it.grows for it in pages))
    return [
        Measured(f"pages-{store}", slowest, sides),
        Measured(f"pages-p95-{store}", worst),
        Measured(f"pages-queries-{store}", (grows,) * len(slowest)),
    ]


def _filled(bench: Bench, store: Databases, patients: int, messages: int) -> tuple[Installation, Filled]:
    bench.say(f"{store.name}: {messages:,} messages of {patients:,} patients")
    on = bench.installation.on(store.new())
    return on, fill(on, patients=patients, messages=messages)


async def _pages(bench: Bench, installation: Installation, filled: Filled, *, rounds: int) -> list[Page]:
    async with served(installation, filled) as application:
        return await measure(application, rounds=rounds, say=bench.say)


async def measure(application: Served, *, rounds: int, say: Say) -> list[Page]:
    """Ask for every page, some times each round; raise BenchError for one that does not answer as it should."""
    pages = []
    for path in application.pages():
        asked = [await application.ask(path) for _ in range(WARM)]
        if (last := asked[-1]).status == 404:  # noqa: PLR2004  a sample of another kind than the page wants
            continue
        _refuse_failed(path, last)
        pages.append(Page(path, last.queries))
    for number in range(rounds):
        for page in pages:
            page.rounds.append([(await application.ask(page.path)).seconds * _MS for _ in range(TIMES)])
        slowest = max(pages, key=lambda it: it.medians[-1])
        say(f"round {number + 1}: {len(pages)} pages, the slowest {slowest.path}: {slowest.medians[-1]:.0f} ms")
    return pages


def _refuse_failed(path: str, asked: Asked) -> None:
    if asked.status not in _WELL:
        raise BenchError(f"{path} answered {asked.status}")
