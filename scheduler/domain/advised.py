"""Until when the advice of a visit holds, and what is left where several visits advise the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from scheduler.domain.advice import Advice
from scheduler.domain.localtime import shift
from scheduler.domain.spans import Span
from scheduler.domain.timing import Visit

_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """An advice of one visit. `until` is a day, or an aware instant, None for always."""

    tag: str
    until: date | datetime | None


def held(advice: Iterable[Advice], visit: Visit) -> tuple[Held, ...]:
    """Return until when each advice holds: days count from the visit's day at the clinic, hours from its end."""
    return tuple(Held(one.tag, _end(one.span, visit)) for one in advice)


def strictest(several: Iterable[Held], zone: ZoneInfo) -> tuple[Held, ...]:
    """Return each tag once, with the longest of its ends: `always` before all, a day to its last minute in `zone`."""
    longest: dict[str, Held] = {}
    for one in several:
        if one.tag not in longest or last_instant(one, zone) > last_instant(longest[one.tag], zone):
            longest[one.tag] = one
    return tuple(longest.values())


def still_held(advised: Sequence[Held], zone: ZoneInfo, *, now: datetime) -> tuple[Held, ...]:
    """Return what is not over at `now`; all of it where nothing is left: a text that says it needs its lines."""
    return tuple(one for one in advised if last_instant(one, zone) > now) or tuple(advised)


def last_instant(one: Held, zone: ZoneInfo) -> datetime:
    """Return the last instant at which an advice holds, aware UTC; a day ends at midnight in `zone`."""
    match one.until:
        case None:
            return _FOR_EVER
        case datetime() as instant:
            return instant
        case day:
            return datetime.combine(day, time.max, zone).astimezone(UTC)


def _end(span: Span | None, visit: Visit) -> date | datetime | None:
    if span is None:
        return None
    return visit.ends_at + span.elapsed if span.on_clock else shift(visit.day, span)
