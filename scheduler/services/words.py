"""What a person or a booking system wrote, brought into the form that is kept. Knows words, not registrations."""

import unicodedata
from functools import cache, lru_cache
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale, UnknownLocaleError

from scheduler.domain.consent import Answer

_ANSWERS = {
    Answer.YES: ("yes", "y", "true", "1", "oui", "o", "sí", "si", "s"),
    Answer.NO: ("no", "n", "false", "0", "non"),
    Answer.UNKNOWN: ("", "unknown", "?", "inconnu", "desconocido"),
}
_MEANT = {word: answer for answer, words in _ANSWERS.items() for word in words}
NO_PLACES = frozenset({"localtime", "Factory", "posixrules"})
"""Names that a machine's zone folder has and that say nothing of where a patient is."""


def one_line(text: str) -> tuple[str, bool]:
    """Return a text in one line, without control or direction characters, single spaces; and whether it is text.

    What a shell makes of bytes that are not UTF-8 is none.
    """
    if text.isprintable():  # most are, and looking at each character takes ten times as long
        return " ".join(text.split()), True
    spaced = "".join(" " if char.isspace() else char for char in text)
    kinds = {char: unicodedata.category(char) for char in spaced}
    kept = "".join(char for char in spaced if kinds[char] not in ("Cc", "Cf"))
    return " ".join(kept.split()), "Cs" not in kinds.values()


def exists(number: phonenumbers.PhoneNumber, country: str) -> bool:
    """Whether there can be such a number. The clinic's own country is asked first: 25 countries share +1."""
    return phonenumbers.is_valid_number_for_region(number, country) or phonenumbers.is_valid_number(number)


def answer_of(text: str) -> Answer | None:
    """Return what an answer to a consent means, None for what means nothing."""
    return _MEANT.get(text.casefold())


@lru_cache(maxsize=256)
def language_of(text: str) -> str | None:
    """Return a language as `fr` or `fr-CA`, None for what is none."""
    try:
        locale = Locale.parse(text.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    return f"{locale.language}-{locale.territory}" if locale.territory else locale.language


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones: looking them up walks a folder of 600 files."""
    return frozenset(available_timezones()) - NO_PLACES
