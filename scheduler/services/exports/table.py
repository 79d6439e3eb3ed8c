"""An export as a table, whatever file it came in: a header, and rows that are read one after the other."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from scheduler.errors import RegistrationError
from scheduler.protocols.hints import shown

CELL_LIMIT = 20_000
LABEL_LIMIT = 200
"""Letters of a column's name that count; errors quote it."""
HEADER_WITHIN = 20
"""So many lines, blank ones not counted, may stand above the header: titles, dates, who exported it."""
A_HEADER = 3
"""So many mapped columns in a line above the header make it a header too."""
LOOK_AGAIN = 200
"""Rows after which it is asked again whether the file is still the one that was opened."""
SPREADSHEET_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!"})
NO_RESULT = "#NO RESULT!"
"""Stands for a formula that was stored without what it comes to."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of an export before it is read: the columns that are mapped, and its encoding or `auto`.

    The columns tell the header from titles above it, the separator from other signs, and a workbook's sheet.
    """

    columns: frozenset[str] = frozenset()
    encoding: str = "auto"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of cells as the file has it; `problem` in their place where it can't be read."""

    line: int
    cells: Sequence[str] = field(repr=False)
    problem: str | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return self.problem is None and not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `line` is where it begins in the file or sheet; `problem` says what is wrong with it, then no cells.

    Days and times that a workbook has as such are ISO 8601 without an offset (`2026-03-05 17:30`, `2026-03-05`,
    `17:30`), whatever the clinic's `dates` say; numbers are digits without `.0` or exponent.
    """

    line: int
    cells: Mapping[str, str] = field(repr=False)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A readable export. `name` is what errors call it, `line` where its header is, `total` how many rows it has.

    The file behind it is one: take the rows of one pass to their end, or leave them, before asking for the next.
    """

    name: str
    line: int
    columns: tuple[str, ...]
    total: int
    warnings: tuple[str, ...]
    read: Callable[[], Iterator[Row]]
    refuse_change: Callable[[], None]
    """Raises RegistrationError where the file is not as it was when it was opened."""

    @property
    def place(self) -> str:
        """File and line of the header, for errors."""
        return f"{self.name}:{self.line}"

    def rows(self) -> Iterator[Row]:
        """Read the rows, from the first, few at a time. Raises RegistrationError when the file changes meanwhile."""
        self.refuse_change()
        for number, row in enumerate(self.read(), start=1):
            if number % LOOK_AGAIN == 0:
                self.refuse_change()
            yield row
        self.refuse_change()


def first_lines(records: Iterator[Record]) -> list[Record]:
    """Return the lines among which the header is."""
    return list(islice((record for record in records if not record.is_blank), HEADER_WITHIN))


def header_among(lines: Sequence[Record], wanted: Collection[str]) -> Record | None:
    """Return the line that is the header: the one that names the most mapped columns.

    Where none names any it is the first that has as many filled cells as most lines have, which no title has.
    """
    readable = [line for line in lines if line.problem is None]
    if not readable:
        return lines[0] if lines else None
    best = max(readable, key=lambda line: named(line, wanted))
    if named(best, wanted):
        return best
    widths = Counter(_filled(line) for line in readable)
    usual = min(width for width, often in widths.items() if often == max(widths.values()))
    return next(line for line in readable if _filled(line) >= usual)


def refuse_tables(name: str, lines: Sequence[Record], header: Record, wanted: Collection[str]) -> None:
    """Raise RegistrationError where a table with a header of its own stands above the header: its rows would be lost.

    `lines` are those among which the header was found. A title may name a column or two.
    """
    above = [line for line in lines if line.line < header.line]
    for line in above[:-1]:  # the header may have a second line
        if line.problem is None and named(line, wanted) >= A_HEADER:
            raise RegistrationError(
                f"{name}:{line.line}: has a header here and another one in line {header.line}: save each table as a "
                "file of its own, or give both the same columns",
                code="two_tables",
                line=line.line,
                other=header.line,
            )


def named(line: Record, wanted: Collection[str]) -> int:
    """Count the mapped columns that a line names."""
    return len(set(columns_of(line)) & set(wanted))


def columns_of(header: Record) -> tuple[str, ...]:
    """Return the names of the columns as mappings have them: composed, on one line; no empty ones at the end."""
    return tuple(_label(cell) for cell in _without_empty_end(header.cells, 0))


def refuse_twice(name: str, line: int, columns: Sequence[str], wanted: Collection[str]) -> None:
    """Raise RegistrationError for a mapped column that stands there twice; others are not read."""
    twice = sorted({column for column in columns if column in wanted and columns.count(column) > 1})
    if twice:
        said = f"{name}:{line}: the column “{twice[0]}” stands there twice: rename one"
        raise RegistrationError(said, code="column_twice", column=twice[0])


def row_of(record: Record, columns: Sequence[str], wanted: Collection[str], *, is_aligned: bool) -> Row:
    """Give the cells of a line to their columns.

    `is_aligned`: the file says of each cell in which column it stands, so that one too many or few harms nothing.
    """
    if record.problem is not None:
        return Row(record.line, {}, record.problem)
    cells = _without_empty_end(record.cells, len(columns))
    if is_aligned:
        cells = [*cells[: len(columns)], *[""] * (len(columns) - len(cells))]
    if len(cells) != len(columns):
        return Row(record.line, {}, f"has {len(cells)} cells where the header has {len(columns)} columns")
    if any(len(cell) > CELL_LIMIT for cell in cells):
        return Row(record.line, {}, f"has a cell of more than {CELL_LIMIT:,} characters")
    found = {column: composed(cell) for column, cell in zip(columns, cells, strict=True)}
    return Row(record.line, {}, problem) if (problem := _wrong(found, wanted)) else Row(record.line, found)


def composed(text: str) -> str:
    """Return a text as mappings have it: a Mac may write é as two characters."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _label(cell: str) -> str:
    """Return a column's name: a line break or a no-break space in it is a blank to whoever maps it."""
    text = composed(cell.strip())[:LABEL_LIMIT]
    return text if text.isprintable() else " ".join("".join(it if it.isprintable() else " " for it in text).split())


def _wrong(cells: Mapping[str, str], wanted: Collection[str]) -> str | None:
    """Say what is no text in a column that is read."""
    for column, cell in cells.items():
        if not cell or (wanted and column not in wanted):
            continue
        if "\0" in cell:
            return f"has a NUL character in the column “{shown(column)}”: type the cell anew"
        if cell == NO_RESULT:
            return (
                f"has a formula without a result in the column “{shown(column)}”: open the file in a spreadsheet "
                "program and save it"
            )
        if cell in SPREADSHEET_ERRORS:
            return f"has {cell} in the column “{shown(column)}”, an error of the spreadsheet: mend it there"
    return None


def _filled(line: Record) -> int:
    return sum(1 for cell in line.cells if cell.strip())


def _without_empty_end(cells: Sequence[str], least: int) -> Sequence[str]:
    """Return the cells without the empty ones at the end, which spreadsheets add; `least` of them stay."""
    end = len(cells)
    while end > least and not cells[end - 1].strip():
        end -= 1
    return cells[:end]
