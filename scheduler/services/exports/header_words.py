"""What a column's name says of what it holds: words of three languages, from a file."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from scheduler.services.intake import Field

FILE = Path(__file__).with_name("header_words.toml")
WHOLE, PART = 2, 1
"""How well a name fits: it is one of the words, or has them among others."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class _Words:
    whole: frozenset[str]
    part: tuple[str, ...]

    def fit(self, plain: str) -> int:
        if plain in self.whole or plain in self.part:
            return WHOLE
        return PART if any(f" {words} " in f" {plain} " for words in self.part) else 0


def fit(column: str, field: Field) -> int:
    """Return how well a column's name fits a field: WHOLE, PART or 0.

    A name that speaks of somebody or something else (staff, created on, birth) fits nothing, unless it is one of the
    field's own words as it stands.
    """
    plain = plain_name(column)
    known = _all()
    found = known.fields[field].fit(plain) if field in known.fields else 0
    return 0 if found < WHOLE and known.others.fit(plain) else found


def is_of_another(column: str) -> bool:
    """Whether a name speaks of somebody or something else."""
    return bool(_all().others.fit(plain_name(column)))


def says_called_off(column: str) -> bool:
    """Whether a column, by its name, has yes for a visit that was called off."""
    return bool(_all().called_off.fit(plain_name(column)))


def is_mobile(column: str) -> bool:
    """Whether a column, by its name, has phones that get texts."""
    return bool(_all().mobile.fit(plain_name(column)))


def is_of_visit(column: str) -> bool:
    """Whether a name is that of the visit's own time: a booking date may be the day on which it was booked."""
    return bool(_all().visit.fit(plain_name(column)))


@lru_cache(maxsize=1024)
def plain_name(text: str) -> str:
    """Return a name as the words are compared: lower case, without accents and signs, `StartTime` as two words."""
    letters = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text).casefold())
    kept = (char if char.isalnum() else " " for char in letters if not unicodedata.combining(char))
    return " ".join("".join(kept).split())


@cache
def likely_columns() -> frozenset[str]:
    """Return how columns are called, in the cases that are used: what tells a header from titles above it."""
    names = {name for words in _all().fields.values() for name in (*words.whole, *words.part)}
    return frozenset(form for name in names for form in (name, name.capitalize(), name.title(), name.upper()))


class _Known(NamedTuple):
    fields: Mapping[Field, _Words]
    called_off: _Words
    others: _Words
    mobile: _Words
    visit: _Words


@cache
def _all() -> _Known:
    said = tomllib.loads(FILE.read_text(encoding="utf-8"))
    words = {
        name: _Words(frozenset(block.get("whole", ())), tuple(block.get("part", ()))) for name, block in said.items()
    }
    apart = [words.pop(name) for name in ("called_off", "not", "mobile", "visit")]
    return _Known({Field(name): known for name, known in words.items()}, *apart)
