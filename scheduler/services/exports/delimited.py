"""Text with separators as a table: comma, semicolon, tab or pipe, found from what stands in the first lines."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from scheduler.errors import RegistrationError
from scheduler.services.exports.encoding import Encoding, damage, encoding_of
from scheduler.services.exports.source import Source
from scheduler.services.exports.table import (
    Record,
    Row,
    Table,
    Wanted,
    columns_of,
    first_lines,
    header_among,
    named,
    refuse_tables,
    refuse_twice,
    row_of,
)

SEPARATORS = ",;\t|"
_SAMPLE = 256 * 1024
_WIDE = 4
"""Cells in a line that make it one of a table, rather than notes with separators in them."""
_ENDS = frozenset({"\n", "\r", "\r\n"})
_MOST_EMPTY = 100_000
"""Empty lines in a row: each costs time, some millions of them half a minute."""
_LINE_LIMIT = 1_000_000
_SAID = re.compile(r'"?sep=([^"\w\s]|\t)"?\s*', re.IGNORECASE)


def read_delimited(source: Source, wanted: Wanted) -> Table:
    """Read it once for its header, its separator and how many rows it has; `Table.rows` reads it again.

    Raises RegistrationError, naming file and line, where the file or its header can't be read at all; a row that
    can't be read carries its problem instead.
    """
    encoding = encoding_of(source, wanted.encoding)
    if (damaged := damage(source, encoding)) is not None:
        raise RegistrationError(
            f"{source.name}:{damaged}: has bytes that are no text in {encoding.codec}: export it as CSV UTF-8, or "
            "say its encoding under import in the clinic's file",
            code="file_encoding",
            line=damaged,
        )
    separator, line = _layout(source, encoding, wanted)
    lines = first_lines(_records(source, encoding, separator))
    filled = (record for record in _records(source, encoding, separator) if not record.is_blank)
    header = next((record for record in filled if record.line >= line), Record(line, (), "can't be read as CSV"))
    columns = _columns(source, header, wanted)
    refuse_tables(source.name, lines, header, wanted.columns)
    total = sum(1 for _ in filled)

    def read() -> Iterator[Row]:
        for record in _records(source, encoding, separator):
            if record.line > header.line and not record.is_blank:
                whole = _refuse_swallowed(record, separator, len(columns))
                yield row_of(whole, columns, wanted.columns, is_aligned=False)

    warnings = (encoding.warning,) if encoding.warning else ()
    return Table(source.name, header.line, columns, total, warnings, read, source.refuse_change)


def _layout(source: Source, encoding: Encoding, wanted: Wanted) -> tuple[str, int]:
    """Return the separator and the line of the header. Raises RegistrationError for an empty file."""
    with _text(source, encoding) as text:
        sample = text.read(_SAMPLE)
    if not sample.strip():
        raise RegistrationError(f"{source.name}: the file is empty: export it again", code="file_empty")
    if said := _SAID.match(sample.partition("\n")[0].partition("\r")[0]):
        return said[1], _found(sample, said[1], wanted)[1] or 2
    found = {separator: _found(sample, separator, wanted) for separator in SEPARATORS}
    best = max(found, key=lambda it: found[it][0])
    return best, found[best][1]


def _found(sample: str, separator: str, wanted: Wanted) -> tuple[tuple[int, int, int], int]:
    """Judge a separator by the header that it makes, how many lines are as wide as most, and how wide those are.

    Return the line of that header too.
    """
    lines = first_lines(_split(_without_said(io.StringIO(sample, newline="")), separator, strict=False))
    header = header_among(lines, wanted.columns)
    if header is None:
        return (0, 0, 0), 0
    width, often = Counter(len(line.cells) for line in lines).most_common(1)[0]
    return (named(header, wanted.columns), often if width > 1 else 0, width), header.line


def _columns(source: Source, record: Record, wanted: Wanted) -> tuple[str, ...]:
    if record.problem is not None:
        said = f"{source.name}:{record.line}: the header {record.problem}"
        raise RegistrationError(said, code="file_header", line=record.line)
    columns = columns_of(record)
    refuse_twice(source.name, record.line, columns, wanted.columns)
    return columns


def _records(source: Source, encoding: Encoding, separator: str) -> Iterator[Record]:
    """Read the lines of a file, one after the other."""
    with _text(source, encoding) as text:
        yield from _split(_without_said(_lines(source.name, text)), separator, strict=True)


@contextmanager
def _text(source: Source, encoding: Encoding) -> Iterator[io.TextIOWrapper]:
    """Open the text behind the byte-order mark; the bytes stay open after it."""
    stream = source.rewound()
    stream.seek(encoding.mark)
    text = io.TextIOWrapper(stream, encoding.codec, newline="")
    try:
        yield text
    finally:
        if not stream.closed:  # rows that nobody asked for any more may be left after their file was closed
            text.detach()


def _refuse_swallowed(record: Record, separator: str, width: int) -> Record:
    """Return a line, with its problem where a quote that is not closed made further lines a part of one cell.

    Those are as wide as the table, the last of them with what follows that cell. Notes may have a few separators.
    """
    for place, cell in enumerate(record.cells, start=1):
        if not ("\n" in cell or "\r" in cell) or width < _WIDE:
            continue
        *between, last = (it.count(separator) + 1 for it in cell.splitlines()[1:] or [""])
        if width in between or last == place >= _WIDE:
            lines = f"{record.line + 1} to {record.line + len(cell.splitlines()) - 1}"
            said = f"has whole lines ({lines}) in one cell, which were not read: a quote before them is not closed"
            return Record(record.line, (), said)
    return record


def _lines(name: str, text: io.TextIOWrapper) -> Iterator[str]:
    empty = 0
    for number, line in enumerate(iter(partial(text.readline, _LINE_LIMIT), ""), start=1):
        empty = empty + 1 if line in _ENDS else 0
        if empty > _MOST_EMPTY:
            said = f"{name}:{number}: has {_MOST_EMPTY:,} empty lines before it, which no export has"
            raise RegistrationError(said, code="file_no_table")
        if len(line) == _LINE_LIMIT:
            said = f"{name}:{number}: has a line of a million signs, which no export has"
            raise RegistrationError(said, code="file_no_table")
        yield line


def _without_said(lines: Iterable[str]) -> Iterator[str]:
    """Blank the line by which Excel is told the separator; lines keep their numbers."""
    for number, line in enumerate(lines):
        yield "\n" if number == 0 and _SAID.fullmatch(line) else line


def _split(lines: Iterable[str], separator: str, *, strict: bool) -> Iterator[Record]:
    """Split lines into cells. What is quoted wrongly costs its own line, and those that its quotes swallow."""
    reader: Any = csv.reader(lines, delimiter=separator, strict=strict)
    while True:
        line = reader.line_num + 1
        try:
            yield Record(line, next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            if "expected after" not in str(error):  # a quote that is open swallows the rest of the file
                yield Record(line, (), "can't be read as CSV: a quote is not closed; nothing after it was read")
                return
            lost = f"; lines {line} to {reader.line_num} were left out" if reader.line_num > line else ""
            yield Record(line, (), f"can't be read as CSV: a quote inside of a quoted cell is not doubled{lost}")
