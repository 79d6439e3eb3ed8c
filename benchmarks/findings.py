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
        "The engine is bound by its interpreter. Of the time in which it runs, 44 in 100 go into the client that "
        "the bare loop has too, 16 into loading the batch, 8 into deciding, 8 into rendering, the rest into "
        "putting attempts and outcomes on record. In another quarter of the time nothing runs: a portion waits "
        "for its slowest answer and for its commits. That a portion has its places at the provider before it "
        "begins, and that stops, pauses and addresses are looked at once more then, costs part of it too.",
        "Handing over the next letter as soon as one is answered, instead of portion by portion, takes the "
        "waiting out; loading and deciding with fewer objects brings it nearer to the loop. To reach it, a second"
        " process must load and decide: one interpreter can't do both at once.",
    ),
    Finding(
        ("apscheduler", "celery", "dramatiq", "procrastinate"),
        "What keeps the engine below the bare loop keeps it below this goal.",
        "The same as for the bare loop.",
    ),
    Finding(
        ("engines",),
        "In the run that is kept some rounds on PostgreSQL, with one engine, two, or through workers, took five "
        "times as long as the others: the look at who was texted before read whole tables where PostgreSQL had not "
        "counted them yet. It is mended since: ten rounds of dispatch showed none of it; the rows of workers above "
        "are too good for the same reason. Before that, one engine kept 0.7 of a processor busy, two 0.9 each, "
        "PostgreSQL 0.3: what holds two engines up are the processors that they share with all else, and the few "
        "batches of a short run, which can't be shared out evenly.",
        "A longer run, or more processors.",
    ),
    Finding(
        ("lateness-sqlite", "lateness-postgresql"),
        "Messages that come due one at a time cost a batch each: `prepare` (some dozen statements that look "
        "everything up), then claim, begin, record and the duties, each with its way into a thread and back and, "
        "where it writes, a commit on the disk: 25 to 35 ms, more than the 10 ms to the next message. What comes due "
        "meanwhile goes out with the next batch.",
        "Statements that are built once instead of each time, a smaller way for a batch of one, duties on their "
        "own clock instead of after each pass.",
    ),
    Finding(
        ("start-sqlite", "start-postgresql"),
        "Nearly all of it is Python loading libraries: Twilio's SDK with its HTTP client, SQLAlchemy, the "
        "templates, the configuration's schema and our own modules. The web server is loaded beside the first "
        "messages already, and takes part of the interpreter meanwhile.",
        "Loading the web server after the first batch, Twilio's message resource without the rest of its SDK, and"
        " a configuration that is read once and kept in a form that loads faster.",
    ),
)
"""Not here: rows that were met, and rows that nobody has profiled yet."""


def by_goal() -> Mapping[str, Finding]:
    """Return the findings by row."""
    return {goal: finding for finding in FINDINGS for goal in finding.goals}
