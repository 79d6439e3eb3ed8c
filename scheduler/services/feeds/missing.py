"""When bookings that are missing from a calendar are off, and when the calendar was cut short."""

from datetime import datetime, timedelta

from scheduler.store.feeds import FeedCount

SURE_AFTER = timedelta(minutes=10)
"""An entry that is missing is called off when it is missing still, so long after that was seen first."""
MISSING_FEW, MISSING_SHARE = 3, 0.2
"""More of the visits to come than either are never called off for being missing: the calendar was cut short."""


def are_few(missing: int, to_come: int) -> bool:
    """Whether so many of those to come may be off, rather than the calendar cut short."""
    return missing <= MISSING_FEW or missing <= to_come * MISSING_SHARE


def is_held(count: FeedCount, every: timedelta, *, read_at: datetime | None) -> bool:
    """Whether what is missing waits for a person's word. `every` is how often the calendar is read.

    A few are held where the calendar has nothing at all in it, or may end before them: then they are missing for
    longer than it takes to be sure.
    """
    if not count.missing:
        return False
    long_ago = read_at and count.missing_since and read_at - count.missing_since > SURE_AFTER + every
    return not are_few(count.missing, count.to_come) or bool(long_ago)
