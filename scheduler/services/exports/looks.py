"""What the cells of a column look like, counted: nothing of what stands in them is kept."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import phonenumbers

from scheduler.errors import RegistrationError
from scheduler.services.intake import Field
from scheduler.services.status_words import status_of
from scheduler.services.words import answer_of, exists, language_of, zone_names

MOST = 0.8
"""Of the cells that are not empty so many have to look like a field."""
FEWEST_DIGITS = 6
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_DAY = re.compile(
    r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|\b\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})\b"
    r"|\b\d{1,2}(?:st|nd|rd|th|er|\.|º|ª)?[ -](?:de )?[^\W\d_]{3,10}\.?,?[ -](?:de |del )?\d{4}\b"
    r"|\b[^\W\d_]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b|\b\d{4}, [^\W\d_]{3,10}\.? \d{1,2}\b",
    re.IGNORECASE,
)
_TIME = re.compile(r"(?<![\d:])\d{1,2}:\d{2}|\b\d{1,2} ?h(?: ?\d{2})?\b|\b\d{1,2} ?[ap]\.?\s?m\b", re.IGNORECASE)
_NUMERIC = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})\b")
_A_MONTH = 12


@dataclass(frozen=True, slots=True)
class Look:
    """Of the `filled` cells of a column so many look like each thing; `distinct` of them differ."""

    filled: int
    distinct: int
    counts: dict[str, int]

    def share(self, what: str) -> float:
        """Return the share of cells that look like it, 0 where all are empty."""
        return self.counts[what] / self.filled if self.filled else 0.0

    def has(self, what: str) -> bool:
        """Whether the cells are of that kind, a few mistakes among them."""
        return self.share(what) >= MOST


MOMENT, DAY, TIME = "moment", "day", "time"
EMAIL, PHONE, STATUS, ANSWER, LANGUAGE, ZONE, WORDS = (
    "email", "phone", "status", "answer", "language", "zone", "words",
)  # fmt: skip
_WHEN = {(True, True): MOMENT, (True, False): DAY, (False, True): TIME, (False, False): ""}
"""Whether a day is in a cell, and a time of day."""
KIND = {
    Field.EMAIL: EMAIL,
    Field.PHONE: PHONE,
    Field.LANGUAGE: LANGUAGE,
    Field.TIMEZONE: ZONE,
    Field.CONSENT_SMS: ANSWER,
    Field.CONSENT_EMAIL: ANSWER,
    Field.CONSENT_MARKETING: ANSWER,
}
"""The fields whose cells have to look like something, whatever the column is called."""


def look(cells: Iterable[str], countries: Sequence[str]) -> Look:
    """Look at a column's cells; phones are numbers that exist in one of the countries, or have a country code."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    counts = dict.fromkeys((MOMENT, DAY, TIME, EMAIL, PHONE, STATUS, ANSWER, LANGUAGE, ZONE, WORDS), 0)
    for cell in filled:
        for kind in _kinds(cell, countries):
            counts[kind] += 1
    return Look(len(filled), len(set(filled)), counts)


def is_of_a_person(cell: str, countries: Sequence[str]) -> bool:
    """Whether a text is an address, a number or a moment: no name of a column, of a treatment or of a status is."""
    return _main_kind(cell.strip(), countries) in (EMAIL, PHONE, MOMENT)


def refuse_rows_as_header(place: str, header: Sequence[str], countries: Sequence[str]) -> None:
    """Raise RegistrationError, without a word of it, where what should be the header is a row of somebody's."""
    if any(is_of_a_person(column, countries) for column in header):
        raise RegistrationError(
            f"{place}: is no header, but a row of somebody's: export with the names of the columns",
            code="file_no_names",
        )


def _kinds(cell: str, countries: Sequence[str]) -> Iterable[str]:
    if main := _main_kind(cell, countries):
        yield main
    if status_of(cell):
        yield STATUS
    if answer_of(cell):
        yield ANSWER
    if cell in zone_names():
        yield ZONE
    elif len(cell) <= len("zh-Hant") and language_of(cell):
        yield LANGUAGE


def _main_kind(cell: str, countries: Sequence[str]) -> str:
    """Return the one of the kinds that exclude each other, "" for none of them."""
    if when := _WHEN[bool(_DAY.search(cell)), bool(_TIME.search(cell))]:
        return when
    if _EMAIL.fullmatch(cell):
        return EMAIL
    if _is_phone(cell, countries):
        return PHONE
    has_letters = any(char.isalpha() for char in cell)
    return WORDS if has_letters and not any(char.isdecimal() for char in cell) else ""


def _is_phone(cell: str, countries: Sequence[str]) -> bool:
    digits = sum(1 for char in cell if char.isdecimal())
    if digits < FEWEST_DIGITS or any(char.isalpha() for char in cell):
        return False
    return any(_can_be_called(cell.lstrip("'"), country) for country in countries)


def _can_be_called(cell: str, country: str) -> bool:
    try:
        return exists(phonenumbers.parse(cell, country), country)
    except phonenumbers.NumberParseException:
        return False


@dataclass(frozen=True, slots=True)
class Order:
    """Which of day and month comes first: proven by so many of `of` dates; `name` is "" where nothing proves it."""

    name: str
    proven: int
    of: int


def order_of(cells: Iterable[str]) -> Order | None:
    """Return which of day and month comes first in dates of numbers; None where no date could mean two days.

    A number above 12 is a day. Where one stands first and another second, nothing is proven.
    """
    pairs = [(int(found[1]), int(found[2])) for cell in cells if (found := _NUMERIC.search(cell))]
    if not pairs:
        return None
    first = sum(1 for one, _ in pairs if one > _A_MONTH)
    second = sum(1 for _, two in pairs if two > _A_MONTH)
    if bool(first) == bool(second):
        return Order("", 0, len(pairs))
    return Order("day_first" if first else "month_first", first or second, len(pairs))
