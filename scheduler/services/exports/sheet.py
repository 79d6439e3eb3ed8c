"""The cells of one sheet of a workbook, row by row as it is read: their texts, as a person sees them."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import IO

from scheduler.services.exports.figures import Format, text_of
from scheduler.services.exports.markup import DamagedError, parse
from scheduler.services.exports.table import CELL_LIMIT, NO_RESULT, Record

_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
_MOST_TEXTS = 2_000_000
_MOST_OF_A_ROW = 1_000_000
_MOST_MERGED = 1_000
_TEXT = frozenset({"v", "t"})
_TOO_MUCH = "it has more text than a workbook of appointments can have"
_ESCAPED = re.compile(r"_x((?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True)
class Book:
    """What the sheets of a workbook share: texts, formats, and the day from which days are counted."""

    texts: Sequence[str]
    formats: Sequence[Format]
    since: datetime


@dataclass(slots=True)
class Seen:
    """What was met in a sheet that a person should know of: rows that are hidden, cells that are merged downwards."""

    hidden: int = 0
    merged: list[str] = field(default_factory=list)


def records(stream: IO[bytes], book: Book, seen: Seen) -> Iterator[Record]:
    """Yield the rows of a sheet that hold anything; `seen` is complete when they are. Raises DamagedError."""
    rows = _Rows(book, seen)
    for _ in parse(stream, rows):
        yield from rows.taken()


class Texts:
    """Gathers the texts of a workbook's table of texts: of each its runs, without how they are pronounced."""

    def __init__(self, most: int) -> None:
        self.found: list[str] = []
        self._left = most
        self._parts: list[str] = []
        self._is_text = self._is_spoken = False

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == "rPh":
            self._is_spoken = True
        self._is_text = name == "t" and not self._is_spoken

    def end(self, name: str) -> None:
        """An element ends."""
        self._is_text = False
        if name == "rPh":
            self._is_spoken = False
        elif name == "si":
            if len(self.found) == _MOST_TEXTS:
                raise DamagedError(_TOO_MUCH)
            self.found.append(unescaped("".join(self._parts)))
            self._parts.clear()

    def text(self, text: str) -> None:
        """A piece of text."""
        if self._is_text:
            self._left -= len(text)
            if self._left < 0:
                raise DamagedError(_TOO_MUCH)
            self._parts.append(text)


class _Rows:
    """Gathers rows as their elements are read."""

    def __init__(self, book: Book, seen: Seen) -> None:
        self._book, self._seen = book, seen
        self._found: list[Record] = []
        self._line = 0
        self._cells: list[str] = []
        self._column = self._row_length = 0
        self._kind = self._style = ""
        self._parts: list[str] = []
        self._length = 0
        self._is_text = self._is_formula = self._is_spoken = False
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "c": self._cell,
            "row": self._row,
            "mergeCell": self._merge,
        }

    def taken(self) -> list[Record]:
        found, self._found = self._found, []
        return found

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in _TEXT:
            self._is_text = not self._is_spoken
        elif name in self._starts:
            self._starts[name](attributes)
        elif name == "f":
            self._is_formula = True
        elif name == "rPh":
            self._is_spoken = True

    def end(self, name: str) -> None:
        if name == "c":
            self._end_cell()
        elif name == "row":
            if any(self._cells):
                self._found.append(Record(self._line, self._cells))
            self._cells = []
        elif name in _TEXT:
            self._is_text = False
        elif name == "rPh":
            self._is_spoken = False

    def text(self, text: str) -> None:
        if self._is_text and self._length <= CELL_LIMIT:
            self._parts.append(text)
            self._length += len(text)

    def _row(self, attributes: dict[str, str]) -> None:
        line = _whole(attributes.get("r"), self._line + 1)
        if not self._line < line <= _MOST_ROWS:
            raise DamagedError("its rows are not in their order")
        self._line, self._cells, self._column, self._row_length = line, [], 0, 0
        self._seen.hidden += attributes.get("hidden") in ("1", "true")

    def _cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        column = _column(place) if place else self._column + 1
        if not self._column < column <= _MOST_COLUMNS:
            raise DamagedError("its cells are not in their order")
        self._column = column
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._parts, self._length, self._is_formula = [], 0, False

    def _end_cell(self) -> None:
        text = "".join(self._parts)
        value = self._value(text) if text else NO_RESULT if self._is_formula and self._kind != "str" else ""
        if value:
            self._cells += [""] * (self._column - 1 - len(self._cells))
            self._cells.append(value)
            self._row_length += len(value)
            if self._row_length > _MOST_OF_A_ROW:
                raise DamagedError(_TOO_MUCH)

    def _value(self, text: str) -> str:
        if self._kind == "s":
            place = _whole(text, -1)
            if not 0 <= place < len(self._book.texts):
                raise DamagedError("a cell's text is missing")
            return self._book.texts[place]
        if self._kind == "n":
            style = _whole(self._style, 0)
            known = self._book.formats
            return text_of(text.strip(), known[style] if 0 <= style < len(known) else Format(), self._book.since)
        if self._kind == "b":
            return "true" if text.strip() == "1" else "false"
        return unescaped(text)

    def _merge(self, attributes: dict[str, str]) -> None:
        first, _, last = attributes.get("ref", "").partition(":")
        if first.strip("$ABCDEFGHIJKLMNOPQRSTUVWXYZ") != last.strip("$ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
            self._seen.merged += [first] if len(self._seen.merged) < _MOST_MERGED else []


def unescaped(text: str) -> str:
    """Return a text without the way in which a workbook writes signs that XML has no form for."""
    return _ESCAPED.sub(lambda it: chr(int(it[1], 16)), text) if "_x" in text else text


def _whole(text: str | None, otherwise: int) -> int:
    """Read a whole number that a workbook counts by."""
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 10):  # noqa: PLR2004  (a sheet has a million rows)
        raise DamagedError("a number that it counts by is none")
    return int(text)


def _column(place: str) -> int:
    return _number(place.rstrip("0123456789"))


@lru_cache(_MOST_COLUMNS)
def _number(letters: str) -> int:
    """Return the number of a column: A is 1."""
    if not (letters.isascii() and letters.isalpha() and len(letters) <= len("XFD")):
        raise DamagedError("a cell stands in no column")
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
