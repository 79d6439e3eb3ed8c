"""Marks stand for values while Markdown becomes HTML and text; afterwards the values take their places, escaped.

A mark is letters and digits only, so that Markdown reads it as a word and an address as part of an address.
"""

import re
from dataclasses import dataclass
from html import escape

from scheduler.content.formats import Link

_MARK = re.compile(r"qzv(\d+)([tlp])vzq")


def mark(index: int, value: str) -> str:
    """Return the mark of the value with that index; it tells texts, web links and phone links apart."""
    return f"qzv{index}{_kind(value)}vzq"


def _kind(value: str) -> str:
    if not isinstance(value, Link):
        return "t"
    return "p" if value.startswith("tel:") else "l"


def holds_mark(text: str) -> bool:
    """Whether a mark stands anywhere in the text."""
    return bool(_MARK.search(text))


def is_link_mark(text: str) -> bool:
    """Whether the text is one mark of a link and nothing else."""
    found = _MARK.fullmatch(text)
    return found is not None and found[2] in "lp"


def is_phone_mark(text: str) -> bool:
    """Whether the text is one mark of a phone link."""
    found = _MARK.fullmatch(text)
    return found is not None and found[2] == "p"


def without_marks(text: str) -> str:
    """Return the text with its marks left out."""
    return _MARK.sub("", text)


@dataclass(frozen=True, slots=True)
class Marked:
    """A finished text with its marks found: made once per template, filled once per message."""

    parts: tuple[str, ...]
    places: tuple[int, ...]

    def fill(self, values: list[str]) -> str:
        """Return the text with the values as they are."""
        return self._join(values)

    def fill_html(self, values: list[str]) -> str:
        """Return the text with the values escaped for HTML, in text and in quoted attributes alike."""
        return self._join([escape(value) for value in values])

    def _join(self, values: list[str]) -> str:
        pieces = [self.parts[0]]
        for place, part in zip(self.places, self.parts[1:], strict=True):
            pieces += (values[place], part)
        return "".join(pieces)


def find_marks(text: str) -> Marked:
    """Find the marks of a text."""
    pieces = _MARK.split(text)
    return Marked(tuple(pieces[::3]), tuple(int(index) for index in pieces[1::3]))
