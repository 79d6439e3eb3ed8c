"""How values are written into texts: clean of anything but text, dates and times as is usual, numbers to dial."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.lists import format_list

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
_INVISIBLE = dict.fromkeys(
    [0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF], None
)
_TEXT_ONLY: Mapping[int, str | None] = {**_CONTROLS, **_INVISIBLE}
_UNWANTED = frozenset(map(chr, _TEXT_ONLY))
_HIDDEN = frozenset(map(chr, _INVISIBLE))
_WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>`\\]+", re.IGNORECASE)


class Link(str):
    """An address that may stand in a link: https, http or tel. Any other value in a link is refused."""

    __slots__ = ()


class Lines(tuple[str, ...]):
    """Several lines, which only the Markdown of an email can hold: it shows them as a list."""

    __slots__ = ()


def clean(text: str) -> str:
    """Return one line of visible text: no line breaks, controls, bidirectional overrides or lone surrogates."""
    writable = text.encode("utf-8", "ignore").decode()
    return " ".join((writable if _UNWANTED.isdisjoint(writable) else writable.translate(_TEXT_ONLY)).split())


def undisguised(text: str) -> str:
    """Return a text without what hides in it or turns what follows round; its lines stay, and its kind (Markup)."""
    return text if _HIDDEN.isdisjoint(text) else text.translate(_INVISIBLE)


@lru_cache(maxsize=1024)
def own(text: str) -> str:
    """Return a text of the clinic's own, clean; what is of a patient is never kept."""
    return clean(text)


@lru_cache(maxsize=256)
def locale_of(language: str, country: str) -> Locale:
    """Return how dates are written in a language in a country: en in CA, else en at large, else English."""
    base = language.partition("-")[0]
    for identifier in (f"{base}_{country}", language.replace("-", "_"), base):
        try:
            return Locale.parse(identifier)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@lru_cache(maxsize=1024)
def day_in_words(day: date, locale: Locale) -> str:
    """Return the day with its weekday, as in a letter."""
    return clean(format_date(day, "full", locale=locale))


@lru_cache(maxsize=1440)
def time_of_day(at: time, locale: Locale) -> str:
    """Return the time of day, with 12 or 24 hours as is usual there."""
    return clean(format_time(at, "short", locale=locale))


def moment(at: datetime, locale: Locale) -> str:
    """Return a day and a time of day, short: 3/2/26 would be read in two ways, so the month is a word."""
    return f"{clean(format_date(at.date(), 'medium', locale=locale))}, {time_of_day(at.time(), locale)}"


def in_a_row(words: Sequence[str], language: str, country: str) -> str:
    """Return several names as a sentence has them: one, two and three."""
    return clean(format_list(list(words), locale=locale_of(language, country)))


@lru_cache(maxsize=1024)
def phone_of(number: str) -> tuple[str, str]:
    """Return the number as people read it and as it is dialled; both work from abroad."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return clean(number), dialled(number)
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown, phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def dialled(number: str) -> str:
    """Return what a phone dials of a number as it is written."""
    return re.sub(r"[^0-9+*#]", "", number)


def web_link(address: str | None) -> Link | None:
    """Return the address as a link, None for what is no http or https address."""
    return Link(address) if address and _WEB_ADDRESS.fullmatch(address) else None


def first_name(name: str) -> str:
    """Return the first word, or the first after the comma of `Sample, Alex`."""
    _, comma, after = name.partition(",")
    words = (after if comma and after.strip() else name).split()
    return words[0].strip(",") if words else name
