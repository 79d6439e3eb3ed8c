"""How far a calendar goes: what is missing after its end may be off, or the calendar may end there."""

from collections.abc import Iterable
from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Calendar
from scheduler.services.feeds.entry_times import at_latest
from scheduler.services.feeds.reading import Feed
from scheduler.store.feeds import KnownEntry


def beyond(
    feed: Feed, missing: Iterable[KnownEntry], source: Calendar, clinic: Clinic, *, now: datetime
) -> frozenset[str]:
    """Return the ids of those missing that lie where nobody knows whether the calendar goes as far.

    It surely goes to the last thing in it, a booking or not, and as far ahead as its block says. One with nothing in
    it at all tells nothing of that.
    """
    there = [at_latest(it.begins, clinic) for it in feed.entries]
    there += [at_latest(it, clinic) for it in feed.others.values()]
    if source.covers:
        there.append(now + source.covers)
    last = max((it for it in there if it), default=None)
    return frozenset(it.external_id for it in missing if last and it.starts_at > last)
