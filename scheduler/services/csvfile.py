"""A clinic's CSV export as rows with their line numbers. Knows files, not appointments."""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scheduler.errors import RegistrationError

DELIMITERS = ",;"
CELL_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: `line` is where it begins in the file (the header is 1); `problem` says what is wrong with it."""

    line: int
    cells: dict[str, str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A readable file: its columns in order, its rows, and how many there are."""

    columns: tuple[str, ...]
    rows: tuple[CsvRow, ...]


def read_csv(path: Path) -> CsvFile:
    """Read a file of this machine; see `parse_csv`. Raises RegistrationError where it can't be read, too."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RegistrationError(f"{path}: can't be read: {error.strerror}") from None
    return parse_csv(data, path.name)


def parse_csv(data: bytes, name: str) -> CsvFile:
    """Read the bytes of a comma- or semicolon-separated UTF-8 file, with or without a byte-order mark.

    `name` is what errors call the file. Raises RegistrationError, naming file and line, where the file or its header
    can't be read at all; a row that can't be read carries its problem instead.
    """
    text = _decode(data, name)
    lines = text.splitlines()
    if not lines or not text.strip():
        raise RegistrationError(f"{name}: the file is empty: export it again")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(lines[0]), strict=True)
    try:
        cells = [cell.strip() for cell in next(reader)]
    except csv.Error as error:
        raise RegistrationError(f"{name}:1: the header can't be read: {error}") from None
    header = tuple(_without_empty_end(cells, 0))
    _check_header(name, header)
    return CsvFile(header, tuple(_rows(reader, header)))


def _decode(data: bytes, name: str) -> str:
    if b"\0" in data:
        raise RegistrationError(f"{name}: this is a binary file, not CSV: export it as “CSV UTF-8”")
    try:
        # A Mac may write é as two characters; the mappings have it as one.
        return unicodedata.normalize("NFC", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RegistrationError(f"{name}:{line}: not UTF-8: save the file as “CSV UTF-8”") from None


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _check_header(name: str, header: tuple[str, ...]) -> None:
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise RegistrationError(f"{name}:1: the column “{twice[0]}” stands there twice: rename one")


def _rows(reader: Iterator[list[str]], header: tuple[str, ...]) -> Iterator[CsvRow]:
    line = reader.line_num + 1  # type: ignore[attr-defined]  # csv.reader has it, its protocol does not say so
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield CsvRow(line, {}, f"can't be read as CSV: {error}; nothing after it was read")
            return
        if any(cell.strip() for cell in cells):
            yield _row(line, cells, header)
        line = reader.line_num + 1  # type: ignore[attr-defined]


def _without_empty_end(cells: list[str], least: int) -> list[str]:
    """Return the cells without the empty ones at the end, which spreadsheets add; `least` of them stay."""
    while len(cells) > least and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _row(line: int, cells: list[str], header: tuple[str, ...]) -> CsvRow:
    cells = _without_empty_end(cells, len(header))
    if len(cells) != len(header):
        return CsvRow(line, {}, f"has {len(cells)} cells where the header has {len(header)} columns")
    if any(len(cell) > CELL_LIMIT for cell in cells):
        return CsvRow(line, {}, f"has a cell of more than {CELL_LIMIT:,} characters")
    return CsvRow(line, dict(zip(header, cells, strict=True)))
