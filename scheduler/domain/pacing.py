"""How fast a sender may go, so that what waits at the provider is never stale by the time it leaves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.clinic import SmsSender

AHEAD = timedelta(minutes=5)
"""So much of a sender's work may wait at the provider."""
MISSED = timedelta(minutes=1)
"""A turn that was missed by more is taken anew."""
LONGEST_REST = timedelta(hours=1)
"""A sender rests no longer for one answer, whatever the provider wishes."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""What was written by a clock that is further ahead was written by one that was wrong."""

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


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a sender's queue stood at `written_at`. Turns before `rests_until` count no more. Aware UTC."""

    free_at: datetime
    rests_until: datetime | None
    written_at: datetime

    def trusted(self, now: datetime) -> "Standing":
        """Return it, or one that is free now where a clock wrote it that was ahead."""
        return self if self.written_at <= now + CLOCKS_DIFFER else Standing(now, None, now)


@dataclass(slots=True)
class Queue:
    """A sender's turns, one after the other. `free_at` is when it is free for the next segment (aware UTC).

    `rate` is in segments a second; None takes no time. Turns before `rests_until` were given out before the sender
    was told to rest: they are taken anew.
    """

    free_at: datetime
    rate: int | None
    rests_until: datetime | None = None

    def turn_of(self, kept: datetime | None, segments: int, *, now: datetime, useful_until: datetime) -> datetime:
        """Return when a message's turn is: the one that it `kept`, where that is not missed, else the next.

        A turn that would come when the message is no longer useful is returned and not taken.
        """
        if kept is not None and kept >= now - MISSED and (self.rests_until is None or kept >= self.rests_until):
            return kept
        turn = max(self.free_at, now)
        if turn < useful_until:
            self.free_at = turn + self._takes(segments)
        return turn

    def _takes(self, segments: int) -> timedelta:
        return timedelta(seconds=segments / self.rate) if self.rate else timedelta(0)


def held_until(now: datetime, seconds: float) -> datetime:
    """Return the first turn of a sender that its provider told to wait so long: what has it goes out after the wait.

    A wish for more than an hour counts as an hour.
    """
    return now + timedelta(seconds=min(seconds, LONGEST_REST.total_seconds())) + AHEAD
