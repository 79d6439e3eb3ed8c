"""Fields that say when: lengths of time, times of day, dates, time zones, date formats."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import PlainValidator, WithJsonSchema

from scheduler.domain.spans import Span, parse_span
from scheduler.protocols.faults import refusal
from scheduler.protocols.fields import text_of
from scheduler.protocols.hints import nearest, shown

_SHORTEST_CITY = 4  # anything shorter is an abbreviation, and would match at random
LONGEST = timedelta(days=5 * 366)
_SPELLED = re.compile(r"(\d{1,4})\s*(min|h|d|w|mo|j|s)[a-zé]*", re.ASCII | re.IGNORECASE)
_UNITS = {"min": "m", "h": "h", "d": "d", "w": "w", "mo": "mo", "j": "d", "s": "w"}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_AMERICAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*([ap])\.?m\.?", re.ASCII | re.IGNORECASE)
_PARTS = {
    "the year": "Yy",
    "the month": "mbBj",
    "the day": "dj",
    "the hour": "HI",
    "the minutes": "M",
}
_EXAMPLE = datetime(2026, 11, 23, 16, 35, tzinfo=UTC)


def read_span(value: object) -> Span:
    """Read a length of time such as 30m, 2h, 1d, 4w, 1mo; at most five years."""
    text = text_of(value)
    try:
        span = parse_span(text)
    except ValueError:
        raise refusal("bad-span", f"is not a length of time: {shown(text)}", _span_hint(text)) from None
    if span.elapsed > LONGEST:
        raise refusal("bad-span", f"is longer than five years: {shown(text)}")
    return span


def _span_hint(text: str) -> str:
    if spelled := _SPELLED.fullmatch(text):
        return f"write {int(spelled[1])}{_UNITS[spelled[2].lower()]}"
    if text.isdecimal() and text.isascii():
        return f"of what? write {text}m, {text}h, {text}d, {text}w or {text}mo"
    return "a whole number and m, h, d, w or mo, such as 30m, 2h, 1d"


def read_clock_span(value: object) -> Span:
    """Read a length of time in minutes or hours, at most a day."""
    span = read_span(value)
    if not span.on_clock or span.elapsed > timedelta(days=1):
        raise refusal("bad-span", f"is not in minutes or hours up to a day: {span}", "such as 3m or 1h")
    return span


def read_time(value: object) -> time:
    """Read a time of day in 24 hours, with or without a leading zero."""
    text = text_of(value)
    match = _CLOCK.fullmatch(text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:  # noqa: PLR2004  (a clock's face)
        raise refusal("bad-time", f"is not a time of day: {shown(text)}", _time_hint(text))
    return time(int(match[1]), int(match[2]))


def _time_hint(text: str) -> str:
    if (american := _AMERICAN.fullmatch(text)) and 1 <= int(american[1]) <= 12:  # noqa: PLR2004  (a clock's face)
        hour = int(american[1]) % 12 + (12 if american[3].lower() == "p" else 0)
        return f"write {hour:02}:{american[2] or '00'}"
    return "00:00 to 23:59, such as 09:30 or 18:00"


def read_date(value: object) -> date:
    """Read a date as year-month-day."""
    text = text_of(value)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise refusal("bad-date", f"there is no such day: {text}") from None
    raise refusal("bad-date", f"is not a date: {shown(text)}", "write year-month-day, such as 2026-12-24")


@cache
def _zones() -> frozenset[str]:
    """Zones that name a place: abbreviations such as EST have no summer time, Etc/GMT+5 has its sign reversed."""
    return frozenset(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/", "right/"))
    ) | {"UTC"}


def read_zone(value: object) -> ZoneInfo:
    """Read an IANA time zone that names a place, or UTC."""
    text = text_of(value)
    if text in _zones():
        return ZoneInfo(text)
    raise refusal("bad-zone", f"is not a time zone of a place: {shown(text)}", _zone_hint(text))


def _zone_hint(text: str) -> str:
    by_city = {name.rpartition("/")[2]: name for name in sorted(_zones(), reverse=True)}
    city = nearest(text.replace(" ", "_"), by_city) if len(text) >= _SHORTEST_CITY else None
    near = nearest(text.replace(" ", "_"), sorted(_zones())) or (by_city[city] if city else None)
    return f"did you mean {near}?" if near else "name a region and a city, such as America/Toronto"


def read_date_format(value: object) -> str:
    """Read a strptime format that has all of a date and a time of day."""
    text = text_of(value)
    directives = set(re.findall(r"%(.)", text.replace("%%", "")))
    missing = [part for part, letters in _PARTS.items() if not directives & set(letters)]
    if "I" in directives and "p" not in directives:
        missing.append("am or pm (%p)")
    if missing:
        hint = "such as %Y-%m-%d %H:%M or %d/%m/%Y %H:%M"
        raise refusal("bad-date-format", f"lacks {', '.join(missing)}: {shown(text)}", hint)
    try:
        read = datetime.strptime(_EXAMPLE.strftime(text), text).replace(tzinfo=UTC)
    except (ValueError, re.error):
        read = None
    if read != _EXAMPLE:
        raise refusal("bad-date-format", f"can't be read back: {shown(text)}", "use Python's strptime letters")
    return text


SpanField = Annotated[
    Span, PlainValidator(read_span), WithJsonSchema({"type": "string", "pattern": r"^\d{1,4}\s*(mo|m|h|d|w)$"})
]
ClockSpan = Annotated[
    Span, PlainValidator(read_clock_span), WithJsonSchema({"type": "string", "pattern": r"^\d{1,4}\s*(m|h)$"})
]
ClockTime = Annotated[
    time, PlainValidator(read_time), WithJsonSchema({"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d$"})
]
Day = Annotated[date, PlainValidator(read_date), WithJsonSchema({"type": "string", "format": "date"})]
Zone = Annotated[
    ZoneInfo,
    PlainValidator(read_zone),
    WithJsonSchema({"type": "string", "pattern": r"^([A-Z][A-Za-z_-]+(/[A-Z][A-Za-z_-]+)+|UTC)$"}),
]
