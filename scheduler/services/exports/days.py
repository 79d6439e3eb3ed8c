"""Days as exports write them: 03/04/2026, 3 avril 2026, Tue, Apr 3rd 2026. What may mean two days is refused."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from scheduler.services.exports.day_words import FILLERS, Part, Sense, day_words, folded
from scheduler.services.moments import NoInstantError, check_year, no_such_day

DAY_FIRST, MONTH_FIRST = "day_first", "month_first"
CENTURY = 2000
SAY_WHICH = f"say import.dates: {DAY_FIRST} or {MONTH_FIRST}"
_TOKEN = re.compile(
    r"(?P<number>\d+)(?:(?:st|nd|rd|th|er|o|a)(?![^\W\d_]))?|(?P<word>(?:[^\W\d_]|[?\ufffd])+\.?)|(?P<mark>[-/.,&'\u2019])|\s+",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"\d+\s?([-/.])\s?\d+\s?\1\s?\d+")
_COMPACT = re.compile(r"20\d{6}")
_YEAR, _SHORT = 4, 2
"""Digits of a year, and of what may be a day, a month or a short year."""
_WORDS = 2
"""A weekday and a month."""
Day = tuple[int, int, int]
"""Year, month, day."""


@dataclass(frozen=True, slots=True)
class Written:
    """A day as written: its numbers, what its words may mean, and the words that belong to no day."""

    text: str
    numbers: tuple[str, ...]
    senses: tuple[frozenset[Sense], ...]
    others: str


def split_day(text: str, languages: tuple[str, ...]) -> Written | None:
    """Split what a cell says of a day; None where it has signs that no day has."""
    known, numbers, senses, others, position = day_words(languages), [], [], [], 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return None
        position = token.end()
        if token["number"]:
            numbers.append(token["number"])
        elif token["word"]:
            word = folded(token["word"].rstrip("."))
            if word in known:
                senses.append(known[word])
            elif word not in FILLERS:
                others.append(word)
    return Written(text, tuple(numbers), tuple(senses), " ".join(others))


def read_day(written: Written, order: str | None) -> date | None:
    """Return the day that is meant, None where nothing is written like one.

    `order` is DAY_FIRST, MONTH_FIRST or None. Raises NoInstantError for a day that does not exist, or may be two.
    """
    if len(written.senses) > _WORDS or not (found := _found(written, order)):
        return None
    real = _real(found)
    if not real and order and _real(_found(written, MONTH_FIRST if order == DAY_FIRST else DAY_FIRST)):
        raise NoInstantError("no_such_day", f"names a day that does not exist with {order}: look at import.dates")
    if not real:
        raise no_such_day()
    days = sorted({day for day, weekday in real if weekday in (None, day.weekday())})
    if not days:
        raise NoInstantError("no_such_day", "names a weekday that the date does not fall on: look at the calendar")
    if len(days) > 1:
        remedy = SAY_WHICH if len(written.numbers) > _WORDS else "spell the month out"
        raise NoInstantError("ambiguous", f"may be {' or '.join(map(str, days))}: {remedy}")
    check_year(days[0].year)
    return days[0]


def _found(written: Written, order: str | None) -> set[tuple[Day, int | None]]:
    return {day for senses in product(*written.senses) for day in _days(written, senses, order)}


def _real(found: set[tuple[Day, int | None]]) -> set[tuple[date, int | None]]:
    """Return those that the calendar has."""
    return {(day, weekday) for numbers, weekday in found if (day := _date(*numbers))}


def _days(written: Written, senses: Sequence[Sense], order: str | None) -> Iterator[tuple[Day, int | None]]:
    """Yield each year, month and day that is meant if the words mean this, with its weekday where one is named."""
    months = [sense.number for sense in senses if sense.part is Part.MONTH]
    weekdays = [sense.number for sense in senses if sense.part is Part.WEEKDAY]
    if len(months) > 1 or len(weekdays) > 1 or any(len(it) not in (1, 2, 4, 8) for it in written.numbers):
        return
    days = _with_month(written.numbers, months[0], order) if months else _in_figures(written, order)
    for day in days:
        yield day, weekdays[0] if weekdays else None


def _with_month(numbers: Sequence[str], month: int, order: str | None) -> Iterator[Day]:
    if len(numbers) != 2:  # noqa: PLR2004  (a day and a year)
        return
    first, last = numbers
    if len(first) == _YEAR and len(last) <= _SHORT:
        yield int(first), month, int(last)
    elif len(last) == _YEAR and len(first) <= _SHORT:
        yield int(last), month, int(first)
    elif len(last) == _SHORT and len(first) <= _SHORT:
        yield _short_year(last, order), month, int(first)


def _in_figures(written: Written, order: str | None) -> Iterator[Day]:
    numbers = written.numbers
    if len(numbers) == 1 and _COMPACT.fullmatch(numbers[0]):
        yield int(numbers[0][:4]), int(numbers[0][4:6]), int(numbers[0][6:])
    if len(numbers) != 3 or not _NUMERIC.search(written.text):  # noqa: PLR2004  (day, month and year)
        return
    first, middle, last = numbers
    if len(middle) > _SHORT:
        return
    if len(first) == _YEAR and len(last) <= _SHORT:
        yield int(first), int(middle), int(last)
    elif len(first) <= _SHORT and len(last) in (_SHORT, _YEAR):
        year = int(last) if len(last) == _YEAR else _short_year(last, order)
        if order != MONTH_FIRST:
            yield year, int(middle), int(first)
        if order != DAY_FIRST:
            yield year, int(first), int(middle)


def _short_year(text: str, order: str | None) -> int:
    """Return a year of two digits, which stands last; where nobody said the order it may be a day."""
    if order is None:
        raise NoInstantError("ambiguous", f"has a year of two digits: {SAY_WHICH}, then it is one from 2000 to 2099")
    return CENTURY + int(text)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
