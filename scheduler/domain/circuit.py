"""When a channel or a sender that its provider refuses is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.protocol import Channel

FIRST_PROBE = timedelta(minutes=1)
LONGEST_PROBE = timedelta(minutes=30)
_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Circuit:
    """An open circuit: nothing goes out by this channel, or from this sender of it, until it is mended.

    `sender` is "" for the whole channel. `code` and `error` are what refused last. `reported`: the provider took the
    messages, and said later that they could not go out; so only a report proves that it is mended. `trial` is the one
    message that goes out all the same, to see. Instants are aware UTC.
    """

    id: int
    channel: Channel
    sender: str
    code: str
    error: str
    opened_at: datetime
    probes: int
    probe_at: datetime
    reported: bool = False
    trial: int | None = None

    def stops(self, channel: Channel, sender: str, message: int) -> bool:
        """Whether a message on that channel, from that sender, has to wait."""
        return channel is self.channel and self.sender in ("", sender) and message != self.trial


def next_probe(probes: int, *, now: datetime, reported: bool = False) -> datetime:
    """Return when to try again after `probes` that failed: a minute at first, twice as long each time, then 30.

    Where only a report tells, each try costs a message: then it is 30 minutes from the beginning.
    """
    waits = FIRST_PROBE * 2 ** min(probes, _DOUBLINGS)
    return now + (LONGEST_PROBE if reported else min(waits, LONGEST_PROBE))


def look_again(now: datetime, *, useful_until: datetime, gives_way_at: datetime | None = None) -> datetime:
    """Return when a message that waits at a circuit is looked at; it is woken before that when the circuit closes.

    `gives_way_at` is when another channel takes its place, None where there is none.
    """
    ends = [now + LONGEST_PROBE, useful_until]
    if gives_way_at and gives_way_at > now:
        ends.append(gives_way_at)
    return min(ends)
