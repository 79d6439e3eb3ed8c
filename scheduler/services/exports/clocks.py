"""Times of day as exports write them: 14:30, 14h30, 2:30 p. m., 2pm; and which words stand between two of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from scheduler.services.moments import NoInstantError, no_such_day

_TIME = re.compile(
    r"""
    (?<![\w.:/+])
    (?P<hour>\d{1,2})
    (?: :(?P<minute>\d\d)(?::(?P<second>\d\d))?
      | \s?(?P<h>h)\s?(?P<after_h>\d\d)(?!\d)(?:\s?min\b(?:\s?(?P<after_min>\d\d)\s?s\b)?)?
      | \s?(?P<bare_h>h)(?![^\W\d_])
      | \.(?P<after_dot>\d\d)(?!\.?\d)
    )?
    (?:\s?(?P<half>[ap])\.?\s?m\b\.?)?
    (?:\s?h(?:rs?|s)?\b\.?)?
    (?![\d:])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MARKS = ("minute", "h", "bare_h", "after_dot", "half")
"""What makes a number a time of day."""
_UNTIL = re.compile(r"\s*(?:[-~]|(?:to|until|à|a|al|jusqu'à|hasta)\b)\s*(?:las?\b\s*)?", re.IGNORECASE)
_NOON, _MORNING = 12, 6
"""Hours of the clock; before the morning nobody is treated."""
_MOST = 3
"""A day's cell may have a midnight of its own beside a beginning and an end."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; `half` is "a" or "p" where it counts twelve hours."""

    at: time
    half: str


@dataclass(frozen=True, slots=True)
class Clocks:
    """The times of a cell, with the text that is left for the day; `second_day` where the end has one of its own."""

    start: Clock | None
    end: Clock | None
    day: str
    second_day: str = ""


def take_times(text: str) -> Clocks:
    """Take the times of day out of a cell. Raises NoInstantError where they are none, or too many."""
    found = [one for one in _TIME.finditer(text) if any(one[mark] for mark in _MARKS)]
    if not found:
        return Clocks(None, None, text)
    if len(found) > _MOST:
        raise NoInstantError("no_instant", "has more times of day than a beginning and an end")
    parts = _between(text, found)
    clocks = [_clock(one) for one in found]
    if len(clocks) > 1 and clocks[0].at == time() and not _UNTIL.match(parts[1]):
        # A column of days that a program gave the time 00:00, beside the column of times.
        return _clocks(clocks[1:], [f"{parts[0]} {parts[1]}", *parts[2:]])
    return _clocks(clocks, parts)


def _clocks(clocks: Sequence[Clock], parts: Sequence[str]) -> Clocks:
    """Return what one time, or two with an until between them, leave of a cell."""
    if len(clocks) == 1:
        return Clocks(clocks[0], None, f"{parts[0]} {parts[1]}")
    start, end, *more = clocks
    until = _UNTIL.match(parts[1])
    if more or not until:
        raise NoInstantError("no_instant", "has two times of day: map its columns to starts_at and ends_at")
    if bool(start.half) != bool(end.half):
        raise NoInstantError("no_instant", "says am or pm for one of two times alone: export both, or 24 hours")
    if _may_be_offset(start.at, end.at, parts[1]):
        raise NoInstantError("no_instant", "has a - before what may be an end or an offset: export both apart")
    second_day = parts[1][until.end() :].strip(" ,")
    if second_day:
        return Clocks(start, end, parts[0], f"{second_day} {parts[2]}")
    return Clocks(start, end, f"{parts[0]} {parts[2]}")


def _may_be_offset(start: time, end: time, between: str) -> bool:
    """Whether 01:30-05:00 may be an hour of the night and its zone, rather than a visit."""
    if between.strip() != "-" or between.endswith(" ") or end.hour > _NOON:
        return False
    return between != "-" or end <= start or start.hour < _MORNING


def _between(text: str, found: Sequence[re.Match[str]]) -> list[str]:
    """Return what stands before, between and after the times."""
    cuts = [0, *(cut for one in found for cut in one.span()), len(text)]
    return [text[start:end] for start, end in zip(cuts[::2], cuts[1::2], strict=True)]


def _clock(found: re.Match[str]) -> Clock:
    hour = int(found["hour"])
    minute = int(found["minute"] or found["after_h"] or found["after_dot"] or 0)
    half = (found["half"] or "").lower()
    if half and not 1 <= hour <= _NOON:
        raise no_such_day()
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    try:
        return Clock(time(hour, minute, int(found["second"] or found["after_min"] or 0)), half)
    except ValueError:
        raise no_such_day() from None
