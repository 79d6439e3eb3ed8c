"""Which function measures which rows; what shares a database is measured together."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.figures import Measured
from benchmarks.measures.depth import measure_depth
from benchmarks.measures.dispatch import measure_dispatch, measure_engines
from benchmarks.measures.email import measure_emails
from benchmarks.measures.importing import measure_importing
from benchmarks.measures.pages import measure_pages
from benchmarks.measures.peers import measure_peers
from benchmarks.measures.planning import measure_planning
from benchmarks.measures.registration import measure_registration
from benchmarks.measures.waiting import make_house, measure_waiting
from benchmarks.measures.workers import measure_workers


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are measured together."""

    measure: Callable[[Bench], list[Measured]]
    goals: tuple[str, ...]


def _measure_waiting(bench: Bench) -> list[Measured]:
    """Measure what a million waiting messages do, and then ten times as many."""
    houses = {name: make_house(bench, store, waiting=bench.sizes.waiting) for name, store in bench.stores.items()}
    rows = measure_waiting(bench, houses=houses) + measure_depth(bench, houses=houses)
    for house in houses.values():
        house.databases.drop(house.url)
    return rows


def _both(*rows: str) -> tuple[str, ...]:
    return tuple(f"{row}-{store}" for row in rows for store in ("sqlite", "postgresql"))


GROUPS = {
    "dispatch": Group(measure_dispatch, ("sqlite", "postgresql", "sqlite-100ms", "postgresql-100ms")),
    "peers": Group(measure_peers, ("apscheduler", "celery", "dramatiq", "procrastinate")),
    "engines": Group(measure_engines, ("engines",)),
    "workers": Group(measure_workers, ("workers", "workers-100ms")),
    "waiting": Group(_measure_waiting, _both("lateness", "memory", "start", "next", "claims")),
    "registration": Group(measure_registration, _both("registration")),
    "import": Group(measure_importing, _both("import", "import-memory")),
    "plan": Group(measure_planning, _both("plan", "plan-memory")),
    "pages": Group(measure_pages, _both("pages", "pages-p95", "pages-queries")),
    "emails": Group(measure_emails, ("emails", "emails-engine")),
}
