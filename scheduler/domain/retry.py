"""When a hand-over that failed for now is tried again."""

from datetime import datetime, timedelta
from random import Random

LOOK_AFTER = timedelta(minutes=2)
"""After a hand-over whose end nobody knows, until it is first looked up: what goes on may still end."""
LOOK_AGAIN = timedelta(minutes=3)
"""Between two looks. The provider's list may lag, so one look that finds nothing proves nothing."""
NOT_BEFORE = timedelta(minutes=5)
"""After a hand-over, until "the provider does not have it" is believed."""
REPORT_AFTER = timedelta(hours=1)
"""After a provider took a message, until it is asked for the report that has not come."""
REPORT_AGAIN = timedelta(hours=6)
"""Between the first time of asking for a report and the last."""

FIRST_WAIT = 30.0
SHORTEST_WAIT = FIRST_WAIT / 2
LONGEST_WAIT = 1800.0
LAST_CALL = 5.0
"""Seconds before the end of its usefulness at which a message is tried for the last time."""
_DOUBLINGS = 10


def next_try(
    tries: int, *, now: datetime, useful_until: datetime, rng: Random, retry_after: float | None = None
) -> datetime | None:
    """Return the instant of the next try after `tries` failed ones (at least 1), or None to give up.

    Waits 30 s at first and twice as long each time, at most 30 minutes, less up to a half at random so that what
    failed together does not return together. `retry_after`, in seconds, is the provider's wish: never sooner than
    that. Where that would be too late to be useful it is tried once more shortly before, unless that is at once; then
    it is given up. Quiet hours are left to `decide` at that instant.
    """
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, _DOUBLINGS))
    wait = longest * rng.uniform(0.5, 1.0)
    soonest = SHORTEST_WAIT
    if retry_after is not None and retry_after > 0:
        wait, soonest = max(wait, retry_after + wait / 10), max(soonest, retry_after)
    left = (useful_until - now).total_seconds()
    if wait >= left:
        wait = left - LAST_CALL
    return now + timedelta(seconds=wait) if wait >= soonest else None
