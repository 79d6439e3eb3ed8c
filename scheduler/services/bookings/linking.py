"""Which of two words of a booking system counts, and which ids are one booking."""

from dataclasses import replace
from datetime import datetime, timedelta

from scheduler.services.bookings.news import News
from scheduler.store.bookings import Booking, Bookings

_AHEAD = timedelta(days=1)
"""How far a booking system's clock may be ahead."""


def link(known: Bookings, news: News) -> bool:
    """Note which id took the place of which; return whether that was new. A circle is no move. The caller commits.

    An id with a family of its own brings it along: what is older takes the place of what is older still.
    """
    new = False
    for old, now in ((news.replaces, news.booking), (news.booking, news.replaced_by)):
        if not old or not now:
            continue
        family = known.family(now)
        if old in family.ids:
            continue
        known.put(known.get(old))
        known.put(replace(family.first, replaces=old))
        new = True
    return new


def believable(as_of: datetime | None, heard_at: datetime) -> datetime:
    """Return when something was so; what says it will be so in days would keep all that follows out."""
    return heard_at if as_of is None or as_of > heard_at + _AHEAD else as_of


def is_newer(as_of: datetime, known: Booking) -> bool:
    """Whether a word is newer than what is known."""
    return known.as_of is None or as_of > known.as_of
