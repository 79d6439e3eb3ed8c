"""How fast a sender may go, so that what waits at the provider is never stale by the time it leaves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.clinic import SmsSender

AHEAD = timedelta(minutes=5)
"""So much of a sender's work may wait at the provider."""
MISSED = timedelta(minutes=1)
"""A turn that was missed by more is taken anew."""

# Segments a second (https://www.twilio.com/docs/api/errors/30001 and the pages that it leads to).
SHORT_CODE, TOLL_FREE, NUMBER, NAME = 100, 3, 1, 10
_TOLL_FREE = tuple(f"+1{area}" for area in (800, 833, 844, 855, 866, 877, 888))
_LONGEST_SHORT_CODE = 6


def rate_of(sender: SmsSender) -> int | None:
    """Return how many segments a second a sender may send; None where nothing is known that bounds it.

    A messaging service chooses among senders that only Twilio knows: it has a rate if the clinic's file sets one.
    """
    if sender.rate is not None:
        return sender.rate
    if sender.number is None:
        return NAME if sender.name else None
    if len(sender.number) <= _LONGEST_SHORT_CODE:
        return SHORT_CODE
    return TOLL_FREE if sender.number.startswith(_TOLL_FREE) else NUMBER


@dataclass(slots=True)
class Queue:
    """A sender's turns, one after the other. `free_at` is when it is free for the next segment (aware UTC).

    `rate` is in segments a second; None takes no time.
    """

    free_at: datetime
    rate: int | None

    def turn_of(self, kept: datetime | None, segments: int, *, now: datetime, useful_until: datetime) -> datetime:
        """Return when a message's turn is: the one that it `kept`, where that is not missed, else the next.

        A turn that would come when the message is no longer useful is returned and not taken.
        """
        if kept is not None and kept >= now - MISSED:
            return kept
        turn = max(self.free_at, now)
        if turn < useful_until:
            self.free_at = turn + self._takes(segments)
        return turn

    def _takes(self, segments: int) -> timedelta:
        return timedelta(seconds=segments / self.rate) if self.rate else timedelta(0)


def held_until(now: datetime, seconds: float) -> datetime:
    """Return from when on a sender is free that its provider told to wait: nothing is handed over before that."""
    return now + timedelta(seconds=seconds) + AHEAD
