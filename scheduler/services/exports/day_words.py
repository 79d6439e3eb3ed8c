"""The names of months and weekdays, as exports write them in a clinic's languages."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from typing import NamedTuple

from babel import Locale

LEAST = 3
"""So many letters of a name may stand for it. Mars and mardi both begin with mar: a word has several senses."""
LOST = "?"
"""What stands in place of a letter that an encoding lost."""
_ACCENTED = {
    "en": ("en", "en_GB", "en_AU", "en_CA"),
    "es": ("es", "es_MX", "es_PE"),
    "fr": ("fr", "fr_CA", "fr_CH"),
}
"""A language -> the places that abbreviate in their own way (Sept, juill., setiembre)."""
FILLERS = frozenset(
    (
        "at",
        "on",
        "the",
        "of",
        "from",
        "le",
        "à",
        "a",
        "de",
        "du",
        "del",
        "el",
        "la",
        "las",
        "los",
        "día",
        "dia",
        "d",
        "l",
        "t",
    )
)
"""Words between the parts of a date that change nothing."""


class Part(Enum):
    """What a name is the name of."""

    MONTH = "month"
    """1 is January."""
    WEEKDAY = "weekday"
    """0 is Monday."""


class Sense(NamedTuple):
    """One thing that a word may mean."""

    part: Part
    number: int


def folded(word: str) -> str:
    """Return a word without case and accents; a letter that an encoding lost stays a sign for any."""
    letters = unicodedata.normalize("NFKD", word.casefold().replace("\ufffd", LOST))
    return "".join(char for char in letters if not unicodedata.combining(char))


@cache
def day_words(languages: tuple[str, ...]) -> Mapping[str, frozenset[Sense]]:
    """Return each folded word with all that it may mean in these languages, from CLDR's names."""
    found: dict[str, set[Sense]] = defaultdict(set)
    for code in languages:
        for place in _ACCENTED.get(code.partition("_")[0], (code,)):
            for sense, form in _names(Locale.parse(place)):
                found[folded(form)].add(sense)
                found[_damaged(form)].add(sense)
    return {word: frozenset(senses) for word, senses in found.items()}


def _names(locale: Locale) -> Iterator[tuple[Sense, str]]:
    for context in ("format", "stand-alone"):
        for part, names, widths in (
            (Part.MONTH, locale.months, ("wide", "abbreviated")),
            (Part.WEEKDAY, locale.days, ("wide", "abbreviated", "short")),
        ):
            for width in widths:
                for number, name in names[context][width].items():
                    plain = name.rstrip(".").casefold()
                    ends = range(LEAST, len(plain)) if width == "wide" else ()
                    for form in (plain, *(plain[:end] for end in ends)):
                        yield Sense(part, number), form


def _damaged(form: str) -> str:
    return "".join(char if char.isascii() else LOST for char in unicodedata.normalize("NFC", form))
