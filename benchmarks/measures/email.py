"""Emails over one connection that is kept open."""

from benchmarks.bench import Bench
from benchmarks.figures import Measured, single
from benchmarks.passes import bare, engines, prepare_passes

EMAIL = "email"


def measure_emails(bench: Bench) -> list[Measured]:
    """Measure mails that are rendered, built and sent; and the same with everything that the engine does."""
    count = bench.sizes.emails
    prepared = prepare_passes(bench, bench.stores["SQLite"], count=count, channel=EMAIL)
    sides = bench.alternate(
        "emails/s",
        {
            "one connection": lambda: bare(bench, channel=EMAIL, count=count, at_once=1),
            "engine": lambda: engines(bench, prepared, at_once=1),
        },
    )
    return [single("emails", sides["one connection"]), single("emails-engine", sides["engine"])]
