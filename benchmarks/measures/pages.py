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
KEPT = ("/desk/schedules", "/api/v1/schedules")
"""What is in flight is counted once and kept for seconds: whoever asks soon makes fewer queries."""
TOLD = 5
"""So many of the slowest pages are told of."""
_WELL = (200, 204, 302, 303, 307)
_MS = 1000.0


@dataclass
class Page:
    """What was measured of one address; `name` is the same in every database."""

    path: str
    name: str
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
        return self.few_queries not in (-1, self.queries) and not self.path.startswith(KEPT)

    @property
    def title(self) -> str:
        """How the table calls it."""
        grows = self.grows
        return f"{self.name} ({self.queries} queries{f', {self.few_queries} with few' if grows else ''})"


def measure_pages(bench: Bench) -> list[Measured]:
    """Measure every store."""
    found = []
    for name, store in bench.stores.items():
        found += _measure_store(bench, name, store)
    return found


def _measure_store(bench: Bench, name: str, store: Databases) -> list[Measured]:
    few = _filled(bench, store, FEW_PATIENTS, FEW_MESSAGES)
    counts = {it.name: it.queries for it in asyncio.run(_pages(bench, *few, rounds=0))}
    many = _filled(bench, store, bench.sizes.desk_patients, bench.sizes.desk_messages)
    pages = asyncio.run(_pages(bench, *many, rounds=bench.sizes.rounds))
    for page in pages:
        page.few_queries = counts.get(page.name, -1)
    _tell(bench.say, name, pages)
    for filled in (few, many):
        store.drop(filled[0].environ["AFTERCARE_DATABASE_URL"])
    return rows(name.lower(), pages)


def _tell(say: Say, store: str, pages: list[Page]) -> None:
    """Say which pages are the slowest, and which make more queries with more data."""
    say(f"{store}: the slowest pages, the median of the rounds")
    for page in sorted(pages, key=lambda it: -median(it.medians))[:TOLD]:
        say(f"  {median(page.medians):.0f} ms ({min(page.medians):.0f} to {max(page.medians):.0f}) {page.title}")
    for page in pages:
        if page.grows:
            say(f"  more queries with more data: {page.title}")


def rows(store: str, pages: list[Page]) -> list[Measured]:
    """Return the rows of a store: the slowest page of each round, and each page beside it, the slowest first."""
    ranked = sorted(pages, key=lambda it: -median(it.medians))
    sides = tuple(Side(it.title, "ms", it.medians) for it in ranked)
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
    for address in application.pages():
        asked = [await application.ask(address.path) for _ in range(WARM)]
        if (last := asked[-1]).status == 404:  # noqa: PLR2004  (a sample of another kind than the page wants)
            continue
        _refuse_failed(address.path, last)
        pages.append(Page(address.path, address.name, last.queries))
    for number in range(rounds):
        for page in pages:
            page.rounds.append([(await application.ask(page.path)).seconds * _MS for _ in range(TIMES)])
        slowest = max(pages, key=lambda it: it.medians[-1])
        say(f"round {number + 1}: {len(pages)} pages, the slowest {slowest.path}: {slowest.medians[-1]:.0f} ms")
    return pages


def _refuse_failed(path: str, asked: Asked) -> None:
    if asked.status not in _WELL:
        raise BenchError(f"{path} answered {asked.status}")
