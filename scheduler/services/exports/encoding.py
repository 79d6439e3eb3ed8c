"""In which encoding an export is written: as it says itself, as the clinic's file says, or by evidence."""

import codecs
import re
from dataclasses import dataclass

from scheduler.errors import RegistrationError
from scheduler.services.exports.accents import Evidence
from scheduler.services.exports.source import Source

AUTO = "auto"
CODECS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "windows-1252": "cp1252", "mac-roman": "mac_roman"}
"""What a clinic's file may say under `import.encoding`, beside `auto`, and Python's names."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, with whose mark it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 64 * 1024
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_TWICE = re.compile(rb"\xc3\x83\xc2[\xa0-\xbf]")
_HIGH = bytes(range(0x80, 0x100))
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\v\f\r\x1a\x1b"})
_MOST_CONTROLS = 0.05
"""Of a text, one sign in twenty: less than in any file that is none."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Python's name of it, the bytes of the mark before the text, and what to say where it is a guess."""

    codec: str
    mark: int = 0
    warning: str | None = None


def encoding_of(source: Source, told: str = AUTO) -> Encoding:
    """Find the encoding of a text. A byte-order mark counts before `told`, which counts before what it looks like.

    Raises RegistrationError for what is no text, or is damaged UTF-8; whether it can all be decoded, who reads sees.
    """
    head = source.head(_HEAD)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, len(mark), _read_twice(source) if codec == "utf-8" else None)
    wide = _wide(head)
    if told in CODECS and told != "utf-16":
        return Encoding(CODECS[told])
    if wide or told == "utf-16":
        return Encoding(wide or CODECS["utf-16"])
    if len(head.translate(None, _CONTROLS)) < (1 - _MOST_CONTROLS) * len(head):
        said = f"{source.name}: is no text and no workbook: export it as CSV UTF-8 or .xlsx"
        raise RegistrationError(said, code="file_no_table")
    if damage(source, Encoding("utf-8")) is None:
        return Encoding("utf-8", warning=_read_twice(source))
    return _by_evidence(source)


def damage(source: Source, encoding: Encoding) -> int | None:
    """Return the line in which the first bytes stand that can't be decoded; None where all can."""
    decoder, line, before = codecs.getincrementaldecoder(encoding.codec)(), 1, ""
    for block in source.blocks():
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding.codec)
            return line + _ends(before, good)
        line, before = line + _ends(before, text), text[-1:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def _wide(head: bytes) -> str | None:
    """Return UTF-16 in the order that its zeros show: every other byte of a text in letters of ours is one."""
    pairs = len(head) // 2
    high, low = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if max(high, low) * 2 < pairs or not pairs:
        return None
    if min(high, low) * 10 > max(high, low):
        return None
    return "utf-16-be" if high > low else "utf-16-le"


def _by_evidence(source: Source) -> Encoding:
    """Tell what one byte a letter means where it is not UTF-8. Raises RegistrationError for UTF-8 with a damage."""
    evidence, whole, high = Evidence(), 0, 0
    for block in source.blocks():
        evidence.add(block)
        found = _MULTIBYTE.findall(block)
        whole += len(found)
        high += len(block) - len(block.translate(None, _HIGH)) - sum(map(len, found))
    if whole > high:
        line = damage(source, Encoding("utf-8"))
        raise RegistrationError(
            f"{source.name}:{line}: is UTF-8 but for what stands in this line: mend it, or export the file again",
            code="file_encoding",
            line=line,
        )
    taken, other = ("mac-roman", "windows-1252") if evidence.is_mac else ("windows-1252", "mac-roman")
    warning = (
        f"{source.name}: read as {taken}, but it could be {other}: look whether letters with accents are right in "
        "the names, else say so as encoding under import in the clinic's file; if it is neither, export it as UTF-8"
    )
    return Encoding(CODECS[taken], warning=None if evidence.is_sure else warning)


def _read_twice(source: Source) -> str | None:
    """Return what to say of UTF-8 that some program took for Windows-1252, and made UTF-8 once more."""
    if any(_TWICE.search(block) for block in source.blocks()):
        return (
            f"{source.name}: letters with accents seem to be spoiled (Ã© for é): look at the names, and export it "
            "again from the booking system"
        )
    return None


def _ends(before: str, text: str) -> int:
    """Count the ends of lines in a piece of a text; `before` is the sign before it."""
    split = before == "\r" and text.startswith("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n") - split
