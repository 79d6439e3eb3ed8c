"""How an SMS is cut and paid for: GSM-7 or UCS-2, its exact number of segments, and what makes it dear.

The alphabet is 3GPP TS 23.038; a text counts as handed to the provider, so make it plain first.
"""

# ruff: noqa: RUF001 - ambiguous characters are what this file is about

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM7 = GSM_BASIC | GSM_EXTENSION

# Typographic characters and the plain ones that say the same, so that one curly quote does not halve an SMS.
# Providers replace most of these on their own way out ("smart encoding"); doing it here keeps the count exact.
_SAME_PLAIN = {
    "'": "‘’‛′ʼʻʹʽˈˊˋ`´❛❜＇",
    '"': "“”„‟«»″ʺˮ❝❞〝〞＂",
    "<": "‹",
    ">": "›",
    "-": "‐‑‒–—―−⁃•·▪◦﹣－",
    "...": "…",
    "/": "÷⁄∕／",
    ",": "‚，",
    "x": "×",
    "1/4": "¼",
    "1/2": "½",
    "3/4": "¾",
    " ": "\t\v\f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "\n": "\u2028\u2029",
    "": "\u00ad\u200b\u2060\ufeff",
}
_PLAIN = str.maketrans({character: plain for plain, characters in _SAME_PLAIN.items() for character in characters})

_TYPOGRAPHIC = frozenset(map(chr, _PLAIN))


class Encoding(StrEnum):
    """How a carrier writes a text."""

    GSM7 = "GSM-7"
    """160 characters, or 153 in each of several segments."""
    UCS2 = "UCS-2"
    """70 characters, or 67 in each of several segments: one character outside GSM-7 is enough."""


_ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs. `units` are septets in GSM-7, UTF-16 code units in UCS-2."""

    encoding: Encoding
    segments: int
    units: int


@dataclass(frozen=True, slots=True)
class Dearest:
    """The characters that cost the most, each once, in order; `at` is the index of the first.

    `segments` is what the text would take with one plain character in the place of each.
    """

    characters: str
    at: int
    segments: int


def to_plain(text: str) -> str:
    """Return the text with typographic quotes, dashes, spaces and dots as plain ones, and accents composed.

    Accented letters stay as they are, whatever they cost. Never shortens a text to fewer words.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return composed if _TYPOGRAPHIC.isdisjoint(composed) else composed.translate(_PLAIN)


def count_segments(text: str) -> Segments:
    """Count as carriers do. An empty text still takes one segment."""
    used = set(text)
    encoding = Encoding.GSM7 if used <= _GSM7 else Encoding.UCS2
    whole, part = _ROOM[encoding]
    doubles = [character for character in used if _cost(character, encoding) > 1]
    units = len(text) + sum(map(text.count, doubles))
    if units <= whole:
        return Segments(encoding, 1, units)
    if not doubles:
        return Segments(encoding, -(-units // part), units)
    return Segments(encoding, _fill([_cost(character, encoding) for character in text], part), units)


def split_segments(text: str) -> tuple[str, ...]:
    """Return the text as it is cut into segments, in their order: together they are the text."""
    counted = count_segments(text)
    if counted.segments == 1:
        return (text,)
    starts, left, room = [0], _ROOM[counted.encoding][1], _ROOM[counted.encoding][1]
    for place, character in enumerate(text):
        cost = _cost(character, counted.encoding)
        if cost > left:
            starts.append(place)
            left = room
        left -= cost
    return tuple(text[start:end] for start, end in zip(starts, (*starts[1:], len(text)), strict=True))


def find_dearest(text: str) -> Dearest | None:
    """Return the characters without which the text would take fewer segments, or None when there are none.

    Outside GSM-7 first; in a GSM-7 text the ones that count double.
    """
    present = count_segments(text)
    dear = _outside_gsm7 if present.encoding is Encoding.UCS2 else GSM_EXTENSION.__contains__
    plain = "".join("x" if dear(character) else character for character in text)
    without = count_segments(plain).segments
    if without >= present.segments:
        return None
    found = dict.fromkeys(character for character in text if dear(character))
    return Dearest("".join(found), next(i for i, character in enumerate(text) if dear(character)), without)


def _outside_gsm7(character: str) -> bool:
    return character not in _GSM7


def _cost(character: str, encoding: Encoding) -> int:
    double = character in GSM_EXTENSION if encoding is Encoding.GSM7 else ord(character) > 0xFFFF  # noqa: PLR2004  (the last that UTF-16 writes in one unit)
    return 2 if double else 1


def _fill(costs: Iterable[int], room: int) -> int:
    """Fill segment after segment: an escape sequence or a surrogate pair is never split over two."""
    segments, left = 0, 0
    for cost in costs:
        if cost > left:
            segments, left = segments + 1, room
        left -= cost
    return segments
