"""What a profile said of the goals that were missed, by row: what costs the time, and what would mend it.

Written by hand after looking; a test asks for one for each row that the last run missed.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What costs it, and what would mend it. `goals` share both."""

    goals: tuple[str, ...]
    costs: str
    mends: str


FINDINGS = (
    Finding(
        ("sqlite", "postgresql", "sqlite-100ms", "postgresql-100ms"),
        "The engine is bound by its interpreter. Of the time in which it runs, 44 in 100 go into the client that the "
        "bare loop has too, 16 into loading the batch, 8 into deciding, 8 into rendering, the rest into putting "
        "attempts and outcomes on record. In another quarter of the time nothing runs: a portion waits for its "
        "slowest answer and for its commits.",
        "Handing over the next letter as soon as one is answered, instead of portion by portion, takes the waiting "
        "out; loading and deciding with fewer objects brings it nearer to the loop. To reach it, a second process "
        "must load and decide: one interpreter can't do both at once.",
    ),
    Finding(
        ("apscheduler", "celery", "dramatiq", "procrastinate"),
        "What keeps the engine below the bare loop keeps it below this goal.",
        "The same as for the bare loop.",
    ),
    Finding(
        ("engines",),
        "One engine keeps 0.7 of a processor busy, two keep 0.9 each, PostgreSQL 0.3 and the server next to nothing: "
        "neither the database nor a lock is what holds two engines up, but the processors that they share with all "
        "else, and the few batches of a short run, which can't be shared out evenly.",
        "A longer run, or more processors.",
    ),
    Finding(
        ("lateness-sqlite", "lateness-postgresql"),
        "A pass over a single message takes longer than the 10 ms to the next one, so messages go out a few at a "
        "time. A third of it is `prepare` (some dozen statements that look everything up); then come five more "
        "transactions (duties before and after, claim, begin, record), each with its way into a thread and back and, "
        "where it writes, a commit on the disk.",
        "Statements that are built once instead of each time, duties on their own clock instead of in each pass, and "
        "a claim that goes on while the last hand-over is under way.",
    ),
    Finding(
        ("start-sqlite", "start-postgresql"),
        "Nearly all of it is Python loading libraries: a third the web framework, a fifth Twilio's SDK with its HTTP "
        "client, the rest SQLAlchemy, the templates and our own modules.",
        "Starting the engine before the web server is loaded.",
    ),
)
"""Not here: rows that were met, and rows that nobody has profiled yet."""


def by_goal() -> Mapping[str, Finding]:
    """Return the findings by row."""
    return {goal: finding for finding in FINDINGS for goal in finding.goals}
