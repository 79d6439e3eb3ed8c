"""The brakes that people use and those that ask people: whom a pause covers, and of what there is too much."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Brake

_CHANNELS: Mapping[Channel, str] = {Channel.SMS: "SMS", Channel.EMAIL: "email"}


class Scope(NamedTuple):
    """What a pause covers: all that is of this clinic, channel and patient; None leaves that open.

    A patient's scope names the patient's clinic too.
    """

    clinic: str | None = None
    channel: Channel | None = None
    patient: int | None = None

    @property
    def words(self) -> str:
        """The scope as a person reads it who looks at one of the messages."""
        whom = "this patient" if self.patient else "this clinic" if self.clinic else "everything"
        if self.channel is None:
            return whom
        return _CHANNELS[self.channel] + {"this patient": " to this patient", "this clinic": " of this clinic"}.get(
            whom, ""
        )


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody's order that nothing of `scope` goes out; it holds until it is lifted. `at` is aware UTC."""

    scope: Scope
    by: str
    at: datetime

    @property
    def reason(self) -> Reason:
        """Why a message waits that it covers."""
        return because("paused", by=self.by, since_at=self.at, what=self.scope.words)


Pauses = Mapping[Scope, Pause]


def pause_of(pauses: Pauses, clinic: str, channel: Channel, patient: int | None) -> Pause | None:
    """Return the pause that covers a message, the widest of several; None where none does.

    `patient` is None where nobody knows whom the message goes to: then no patient's pause covers it.
    """
    if not pauses:
        return None
    scopes = [Scope(), Scope(channel=channel), Scope(clinic), Scope(clinic, channel)]
    if patient is not None:
        scopes += [Scope(clinic, patient=patient), Scope(clinic, channel, patient)]
    return next((pauses[scope] for scope in scopes if scope in pauses), None)


@dataclass(frozen=True, slots=True)
class Kept:
    """That a person decides about a message, and why."""

    brake: Brake
    reason: Reason


def over_cap(
    going: Sequence[tuple[int, ZoneInfo]], *, sent_at: Sequence[datetime], most: int, now: datetime
) -> Mapping[int, Kept]:
    """Return which messages would be more than one patient may get in a day, by key.

    `going` are the messages that would go out now, in their order, each with the zone whose calendar days count;
    `sent_at` is when the patient got others, or may have, on any channel.
    """
    if len(going) + len(sent_at) <= most:
        return {}
    kept: dict[int, Kept] = {}
    for position, (key, zone) in enumerate(going):
        got = position - len(kept) + _on_the_day(sent_at, now, zone)
        if got >= most:
            kept[key] = Kept(Brake.CAP, because("cap", count=str(got)))
    return kept


def _on_the_day(instants: Iterable[datetime], now: datetime, zone: ZoneInfo) -> int:
    today = now.astimezone(zone).date()
    return sum(instant.astimezone(zone).date() == today for instant in instants)


@dataclass(frozen=True, slots=True)
class Volume:
    """What a clinic handed over in this clock hour, and from how many on it is no longer usual."""

    count: int
    limit: int

    @property
    def room(self) -> int:
        """How many more may go out in this hour."""
        return max(0, self.limit - self.count)

    @property
    def kept(self) -> Kept:
        """What holds the rest."""
        return Kept(Brake.VOLUME, because("volume", limit=str(self.limit)))


def volume_limit(largest: int, *, times: int, floor: int) -> int:
    """Return how many messages a clinic may send in an hour: `times` its largest one lately, at least `floor`."""
    return max(floor, times * largest)


def backlog_limit(hours: Iterable[tuple[datetime, int]], zone: ZoneInfo, *, percent: int, floor: int) -> int:
    """Return how many of a clinic's messages may be late before a person is asked.

    A share of its usual day: the average of the days on which it sent anything. `hours` says how many went out from
    which instant on; `zone` is the clinic's.
    """
    days: dict[object, int] = {}
    for hour, count in hours:
        day = hour.astimezone(zone).date()
        days[day] = days.get(day, 0) + count
    usual = sum(days.values()) / len(days) if days else 0
    return max(floor, int(usual * percent / 100))


def backlog(count: int) -> Kept:
    """Return what holds a clinic's late messages, of which there are `count`."""
    return Kept(Brake.BACKLOG, because("backlog", count=str(count)))
