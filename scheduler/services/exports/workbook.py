"""A workbook (.xlsx, Office Open XML, ECMA-376) as a table: the sheet that has the mapped header, row by row."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from scheduler.errors import RegistrationError
from scheduler.protocols.hints import shown
from scheduler.services.exports.figures import SINCE_1900, SINCE_1904, Format, format_of
from scheduler.services.exports.markup import DamagedError, elements, parse
from scheduler.services.exports.sheet import Book, Seen, Texts, records
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

MOST_UNPACKED = 1 << 29
_MOST_OF_A_PART = 1 << 24
"""Bytes of a part that is no sheet and no table of texts."""
MOST_TEXT = 64 * 1024 * 1024
"""Letters in the table of texts, which is in memory as a whole."""
_MOST_PARTS = 10_000
_MOST_SHEETS = 50
_AS = "save it as .xlsx or CSV UTF-8"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, DamagedError)
"""How a file ends that only begins like a workbook: in its ZIP, or in its XML."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    part: str
    is_hidden: bool


def read_workbook(source: Source, wanted: Wanted) -> Table:
    """Read it once for its header and how many rows it has; `Table.rows` reads it again.

    Of several sheets it is the first with the mapped columns, one that is shown before one that is hidden. Raises
    RegistrationError where it can't be read; formulas count with their stored results.
    """
    with _unpacked(source) as archive:
        book, sheets = _contents(source, archive)
        sheet, header, left = _sheet(source, archive, book, sheets, wanted)
        columns, name = columns_of(header), f"{source.name}, sheet “{shown(sheet.name)}”"
        refuse_twice(name, header.line, columns, wanted.columns)
        with _part(archive, sheet.part, most=MOST_UNPACKED) as stream:
            refuse_tables(name, first_lines(records(stream, book, Seen())), header, wanted.columns)
        seen = Seen()
        with _part(archive, sheet.part, most=MOST_UNPACKED) as stream:
            total = sum(1 for it in records(stream, book, seen) if it.line > header.line and not it.is_blank)

    def read() -> Iterator[Row]:
        with _unpacked(source) as archive, _part(archive, sheet.part, most=MOST_UNPACKED) as stream:
            for record in records(stream, book, Seen()):
                if record.line > header.line and not record.is_blank:
                    yield row_of(record, columns, wanted.columns, is_aligned=True)

    return Table(
        name, header.line, columns, total, tuple(_told(name, header, seen, left, sheet)), read, source.refuse_change
    )


def _told(name: str, header: Record, seen: Seen, left: Sequence[_Sheet], sheet: _Sheet) -> Iterator[str]:
    if sheet.is_hidden:
        yield f"{name}: is a hidden sheet, as no other has the mapped columns: look whether it is meant"
    if left:
        yield (
            f"{name}: other sheets have the same columns, and are not read: "
            f"{shown(', '.join(it.name for it in left))}: save each as a file of its own"
        )
    if seen.hidden:
        yield f"{name}: hidden rows ({seen.hidden:,}) are imported like the others: delete what is not meant"
    below = [it for it in seen.merged if int("0" + "".join(filter(str.isdecimal, it))) > header.line]
    if below:
        yield (
            f"{name}: cells are merged over several rows, the first at {shown(below[0])}: what stands in them counts "
            "for their first row alone"
        )


@contextmanager
def _unpacked(source: Source) -> Iterator[zipfile.ZipFile]:
    """Open the ZIP that a workbook is. What is wrong in it is a RegistrationError."""
    try:
        archive = zipfile.ZipFile(source.rewound())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:  # an offset or a name may be anything
        raise _damaged(source, "it is not whole") from error
    with archive:
        _refuse_bomb(source, archive)
        try:
            yield archive
        except _BROKEN as error:
            raise _damaged(source, str(error) if isinstance(error, DamagedError) else "it is not whole") from error


@contextmanager
def _part(archive: zipfile.ZipFile, name: str, *, most: int = _MOST_OF_A_PART) -> Iterator[IO[bytes]]:
    """Open a part. Raises DamagedError where there is none of that name."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise DamagedError("a part of it is missing") from None
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DamagedError("it is packed in a way that no spreadsheet program uses")
    if info.file_size > most:
        raise DamagedError("a part of it is larger than in any workbook")
    try:
        stream = archive.open(info)
    except (ValueError, NotImplementedError):  # it lies before the file begins, or its own header says something else
        raise DamagedError("it is not whole") from None
    with stream:
        yield stream


def _refuse_bomb(source: Source, archive: zipfile.ZipFile) -> None:
    """Raise RegistrationError for what would unpack to more than any export: no part gives more than it declares."""
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        said = f"{source.name}: unpacks to more than a workbook of appointments has: split it"
        raise RegistrationError(said, code="workbook_large")
    if any(part.flag_bits & 1 for part in parts):
        raise RegistrationError(f"{source.name}: has a password: save it without one", code="workbook_locked")


def _damaged(source: Source, how: str) -> RegistrationError:
    return RegistrationError(
        f"{source.name}: is a damaged workbook ({how}): open it in a spreadsheet program and {_AS}",
        code="workbook_damaged",
    )


def _contents(source: Source, archive: zipfile.ZipFile) -> tuple[Book, list[_Sheet]]:
    """Read what the sheets share, and which there are. Raises RegistrationError for a ZIP of another kind."""
    main = _main_part(source, archive)
    related = _related(archive, main)
    of_kind = dict(related.values())
    sheets: list[_Sheet] = []
    since = SINCE_1900
    with _part(archive, main) as stream:
        for it in elements(stream):
            if it.name == "workbookPr" and it.attributes.get("date1904") in ("1", "true"):
                since = SINCE_1904
            elif it.name == "sheet" and len(sheets) < _MOST_SHEETS:
                kind, part = related.get(_relation(it.attributes), ("", ""))
                if kind == "worksheet":
                    hidden = it.attributes.get("state", "visible") != "visible"
                    sheets.append(_Sheet(it.attributes.get("name", ""), part, hidden))
    texts = Texts(MOST_TEXT)
    if "sharedStrings" in of_kind:
        with _part(archive, of_kind["sharedStrings"], most=MOST_UNPACKED) as stream:
            for _ in parse(stream, texts):
                pass
    formats = _formats(archive, of_kind["styles"]) if "styles" in of_kind else []
    return Book(texts.found, formats, since), sorted(sheets, key=lambda it: it.is_hidden)


def _main_part(source: Source, archive: zipfile.ZipFile) -> str:
    parts = set(archive.namelist())
    if "_rels/.rels" in parts:
        main = next((part for kind, part in _related(archive, "").values() if kind == "officeDocument"), "")
        if main in parts and main.endswith(".xml") and "workbook" in main:
            return main
    if "mimetype" in parts or "Index/Document.iwa" in parts or "xl/workbook.bin" in parts:
        what = "is a spreadsheet of another program (.ods, .numbers, .xlsb)"
        raise RegistrationError(f"{source.name}: {what}: open it there and {_AS}", code="file_no_table")
    if "_rels/.rels" in parts:
        said = f"{source.name}: is an Office document without a workbook: {_AS}"
        raise RegistrationError(said, code="file_no_table")
    said = f"{source.name}: is a ZIP archive: unpack it first, and import the file in it"
    raise RegistrationError(said, code="file_packed")


def _related(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return what a part refers to: id -> its kind and its name in the archive."""
    folder, _, name = part.rpartition("/")
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}
    if path not in archive.NameToInfo:
        return found
    with _part(archive, path) as stream:
        for it in elements(stream):
            if it.name == "Relationship" and it.attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, it.attributes.get("Target", "")))
                kind = it.attributes.get("Type", "").rpartition("/")[2]
                found[it.attributes.get("Id", "")] = kind, target.lstrip("/")
    return found


def _relation(attributes: dict[str, str]) -> str:
    """Return the id of what an element refers to, whatever its prefix."""
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")


def _formats(archive: zipfile.ZipFile, part: str) -> list[Format]:
    """Return how cells are shown, by the number of their style."""
    codes: dict[int, str] = {}
    found: list[Format] = []
    with _part(archive, part) as stream:
        for it in elements(stream):
            number = it.attributes.get("numFmtId", "")
            if not (number.isascii() and number.isdecimal() and len(number) < 10):  # noqa: PLR2004  (no workbook has so many styles)
                continue
            if it.name == "numFmt" and it.parent == "numFmts":
                codes[int(number)] = it.attributes.get("formatCode", "")
            elif it.name == "xf" and it.parent == "cellXfs":
                found.append(format_of(int(number), codes.get(int(number))))
    return found


def _sheet(
    source: Source, archive: zipfile.ZipFile, book: Book, sheets: list[_Sheet], wanted: Wanted
) -> tuple[_Sheet, Record, list[_Sheet]]:
    """Return the first sheet with the mapped header, and the shown ones after it that have it too, with rows.

    Where none has it, it is the first that has anything.
    """
    first: tuple[_Sheet, Record] | None = None
    best: tuple[_Sheet, Record] | None = None
    left: list[_Sheet] = []
    for sheet in sheets:
        with _part(archive, sheet.part, most=MOST_UNPACKED) as stream:
            lines = first_lines(records(stream, book, Seen()))
        header = header_among(lines, wanted.columns)
        if header is None:
            continue
        first = first or (sheet, header)
        if best is None and named(header, wanted.columns):
            best = sheet, header
        elif best and not sheet.is_hidden and lines[-1].line > header.line:
            left += [sheet] if named(header, wanted.columns) == named(best[1], wanted.columns) else []
    if first is None:
        raise RegistrationError(f"{source.name}: no sheet of it has anything in it: export it again")
    return *(best or first), left
