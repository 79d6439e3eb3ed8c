"""What a workbook's number is as text: the day that it is shown as, or its digits as a person would write them."""

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto

SINCE_1900 = datetime(1899, 12, 30)  # noqa: DTZ001  (a wall clock)
SINCE_1904 = datetime(1904, 1, 1)  # noqa: DTZ001  (a wall clock)
_LEAP_BUG = 60
"""Of the days since 1900 those before number 60 are one off: 1900 counts as a leap year, as in Lotus 1-2-3."""
_LAST_DAY = 2_958_465
"""31 December 9999."""
_EXACT = 15
"""Digits that a spreadsheet keeps of a number."""
_OWN_WORDS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]')
_DAYS = frozenset({14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58})
_TIMES = frozenset({18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56})
_MOMENTS = frozenset({22})
"""The formats that every workbook has without saying so (ECMA-376, 18.8.30)."""


class Kind(Enum):
    """What a number is shown as."""

    NUMBER = auto()
    DAY = auto()
    TIME = auto()
    MOMENT = auto()


@dataclass(frozen=True, slots=True)
class Format:
    """How a cell's number is shown: `digits` at least, with zeros before it, and with + where the format has it."""

    kind: Kind = Kind.NUMBER
    digits: int = 1
    plus: bool = False


def format_of(number: int, code: str | None) -> Format:
    """Return the format of that number, and what the workbook says it is."""
    if code is None:
        kinds = {Kind.DAY: _DAYS, Kind.TIME: _TIMES, Kind.MOMENT: _MOMENTS}
        return Format(next((kind for kind, numbers in kinds.items() if number in numbers), Kind.NUMBER))
    first = code.partition(";")[0]
    bare = _OWN_WORDS.sub("", first).lower()
    if bare.strip() == "general":
        return Format()
    has_day, has_time = bool(re.search(r"[yd]|m{3}", bare)), bool(re.search(r"[hs]|am/pm|a/p", bare))
    if has_day or has_time or "m" in bare:
        return Format(Kind.MOMENT if has_day and has_time else Kind.TIME if has_time else Kind.DAY)
    return _as_number(first, bare)


def _as_number(first: str, bare: str) -> Format:
    """Read a format of digits alone, such as those of phones and postal codes: `0# ## ## ## ##`, `"+"0`."""
    places = re.sub(r"[\s()/-]", "", bare)
    plus = bool(re.match(r'(?:"\+"|\\\+|\+)', first))
    places = places.removeprefix("+")
    if not re.fullmatch(r"[0#]+", places):
        return Format()
    return Format(digits=max(1, len(places.lstrip("#"))), plus=plus)


def text_of(stored: str, shown_as: Format, since: datetime) -> str:
    """Return a number as text; what is stored as no number is returned as it is."""
    try:
        value = float(stored)
    except ValueError:
        return stored
    if not 0 <= value <= _LAST_DAY or shown_as.kind is Kind.NUMBER:
        return _digits(stored, value, shown_as)
    return _moment(value, shown_as.kind, since)


def _moment(value: float, kind: Kind, since: datetime) -> str:
    if since is SINCE_1900 and 1 <= value < _LEAP_BUG:
        value += 1
    try:
        moment = since + timedelta(seconds=round(value * 86_400))
    except OverflowError:
        return str(value)
    time = f"{moment:%H:%M}" if not moment.second else f"{moment:%H:%M:%S}"
    if value < 1 and kind is not Kind.DAY:
        return time
    if kind is Kind.DAY and (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d} {time}"


def _digits(stored: str, value: float, shown_as: Format) -> str:
    """Write a number with all of its digits; one that lost some keeps its exponent, which nothing takes for an id."""
    if not math.isfinite(value):
        return stored
    if not value.is_integer():
        return f"{Decimal(f'{value:.{_EXACT}g}'):f}"
    if abs(value) >= 10**_EXACT:
        return f"{value:.{_EXACT - 1}E}"
    return f"{'-' if value < 0 else '+' if shown_as.plus else ''}{abs(int(value)):0{shown_as.digits}d}"
