"""The rows of the table: what is measured, what a bare prototype had reached, and what it must reach."""

from benchmarks.figures import Goal


def _both(
    name: str, what: str, *, before: str, limit: float | None, at_least: bool = False, unit: str = "times"
) -> list[Goal]:
    """Return the row of each store."""
    stores = ("SQLite", "PostgreSQL")
    return [Goal(f"{name}-{it.lower()}", f"{what}, {it}", before, limit, at_least, unit) for it in stores]


GOALS = (
    Goal("sqlite", "dispatch against the bare loop, SQLite", "0.91", 0.95),
    Goal("postgresql", "dispatch against the bare loop, PostgreSQL", "0.89", 0.92),
    Goal("sqlite-100ms", "the same with 100 ms at the provider, SQLite", "0.98", 0.98),
    Goal("postgresql-100ms", "the same with 100 ms at the provider, PostgreSQL", "0.94", 0.98),
    Goal("apscheduler", "dispatch against an APScheduler job per message", "about 7", 8),
    Goal("celery", "dispatch against Celery + Redis", "8", 7),
    Goal("dramatiq", "dispatch against Dramatiq + Redis", "14", 10),
    Goal("procrastinate", "dispatch against a Procrastinate job per message", "10", 10),
    Goal("engines", "two engines on PostgreSQL against one", "1.5 to 1.6", 1.6),
    Goal("workers", "through a Procrastinate worker against direct", "0.43 to 0.63", 0.7),
    Goal("workers-100ms", "the same with 100 ms at the provider", "0.75 to 0.85", 0.85),
    *_both("lateness", "lateness (p99) at 100 messages a second, 1 million waiting", before="8", limit=10, unit="ms"),
    *_both("next", "next-due query, 10 million waiting against 1 million", before="1.14", limit=1.25),
    *_both("claims", "claim rate, 10 million waiting against 1 million", before="0.78", limit=0.75, at_least=True),
    *_both("memory", "memory, 1 million waiting less none", before="0", limit=5, unit="MB"),
    Goal("registration-sqlite", "registration against raw executemany, SQLite", "0.66", 0.5),
    Goal("registration-postgresql", "registration against raw executemany, PostgreSQL", "1.7", 1.0),
    *_both(
        "import",
        "an export of 100,000 rows imported, an error in every tenth",
        before="",
        limit=1000,
        at_least=True,
        unit="a second",
    ),
    *_both("import-memory", "memory of that, less that of 1,000 rows", before="", limit=60, unit="MB"),
    Goal("emails", "emails on one connection: rendered, built, sent", "600", 1000, unit="a second"),
    Goal("emails-engine", "the same through the engine, SQLite", unit="a second"),
    *_both("plan", "an edit planned for 100,000 appointments in flight", before="", limit=60, unit="s"),
    *_both("plan-memory", "memory of that", before="", limit=200, unit="MB"),
    *_both("pages", "the slowest page of the desk, 1 million messages (median)", before="", limit=100, unit="ms"),
    *_both("pages-p95", "the slowest page's 95th percentile", before="", limit=None, unit="ms"),
    *_both("pages-queries", "pages that make more queries with more data", before="", limit=0, unit="pages"),
    *_both("start", "start to first send, 1 million waiting", before="", limit=1, unit="s"),
)
BY_ID = {goal.id: goal for goal in GOALS}
