"""Opens an export, whatever program wrote it: told by what is in the file, never by its name."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import RegistrationError
from scheduler.services.exports.delimited import read_delimited
from scheduler.services.exports.source import Source, open_source, source_of
from scheduler.services.exports.table import Table, Wanted

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_AS = "save it as .xlsx or CSV UTF-8"
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", f"is an Excel file of before 2007 (.xls), or one with a password: open it there and {_AS}"),
    (b"%PDF", f"is a PDF, not a table: in the booking system export the appointments, and {_AS}"),
    (b"\x1f\x8b", "is compressed: unpack it first"),
    (b"7z\xbc\xaf", "is compressed: unpack it first"),
    (b"Rar!", "is compressed: unpack it first"),
    (b"{\\rtf", f"is a text document, not a table: {_AS}"),
    (b"BEGIN:V", "is a calendar or an address card, not a table: export the appointments as CSV or .xlsx"),
)
"""How files begin that are no export we read, and what to do."""
_MARKUP = re.compile(rb"\s*<(?:!doctype|!--|\?xml|html|head|body|meta|style|table|div|workbook)\b", re.IGNORECASE)
_HEAD = 4096


@contextmanager
def open_export(path: Path, wanted: Wanted) -> Iterator[Table]:
    """Open a file of this machine and close it afterwards.

    Raises RegistrationError, with a line that says what to do, where it can't be read as a table with a header.
    """
    with open_source(path) as source:
        yield _table(source, wanted)


def read_export(data: bytes, name: str, wanted: Wanted) -> Table:
    """Read a file that was uploaded; `name` is what errors call it. Raises RegistrationError."""
    return _table(source_of(data, name), wanted)


def _table(source: Source, wanted: Wanted) -> Table:
    head = source.head(_HEAD)
    for beginning, what in _OTHERS:
        if head.startswith(beginning):
            raise RegistrationError(f"{source.name}: {what}", code="file_no_table")
    if _MARKUP.match(head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")):
        raise RegistrationError(
            f"{source.name}: is a web page or XML that is called a table: open it in a spreadsheet program and {_AS}",
            code="file_no_table",
        )
    if head.startswith(_ZIP):
        from scheduler.services.exports.workbook import read_workbook  # noqa: PLC0415  (few exports are workbooks)

        return read_workbook(source, wanted)
    return read_delimited(source, wanted)
