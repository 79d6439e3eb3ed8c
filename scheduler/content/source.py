"""Reads one template file: its text, its digest, and the front matter of an email."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.content.faults import Fault, TemplateFaultError
from scheduler.content.grammar import MAX_CHARACTERS

FIELDS = ("subject", "preheader")
_MAX_BYTES = 4 * MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read. `digest` is the SHA-256 of its bytes, in hexadecimal."""

    file: Path
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file and the line on which it begins."""

    text: str
    line: int


def read_source(file: Path) -> Source:
    """Read a template. Raises TemplateFaultError when it is missing, too large, empty or not UTF-8."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        hint = "write it, or let the step leave this channel out"
        raise TemplateFaultError(Fault(file, 1, "missing-template", _said(error), hint)) from None
    if len(raw) > _MAX_BYTES:
        raise TemplateFaultError(Fault(file, 1, "too-large", "the file is too large", "keep to one message's text"))
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise TemplateFaultError(Fault(file, 1, "not-text", "this is no UTF-8 text", "save it as UTF-8")) from None
    if not text.strip():
        raise TemplateFaultError(Fault(file, 1, "bad-template", "the file is empty", "write the message's text"))
    return Source(file, text, hashlib.sha256(raw).hexdigest())


def split_email(source: Source) -> tuple[Mapping[str, Part], Part]:
    """Split an email into its front matter and its Markdown.

    Raises TemplateFaultError unless `---`, a subject, a preheader and `---` stand at the top.
    """
    lines = source.text.split("\n")
    ends = [number for number, line in enumerate(lines) if line.strip() == "---"]
    if len(ends) < 2 or ends[0] != 0:  # noqa: PLR2004  (it begins and ends)
        raise _front_matter(source, 1, "the file does not begin with its subject and preheader between two lines ---")
    fields: dict[str, Part] = {}
    for number, line in enumerate(lines[1 : ends[1]], start=2):
        name, colon, text = line.partition(":")
        if not line.strip():
            continue
        if not colon or name.strip() not in FIELDS or name.strip() in fields:
            raise _front_matter(source, number, "this is neither subject: nor preheader:, or stands twice")
        fields[name.strip()] = Part(text.strip(), number)
    for name in FIELDS:
        if not fields.get(name, Part("", 1)).text:
            raise _front_matter(source, 1, f"the {name} is missing")
    return fields, Part("\n".join(lines[ends[1] + 1 :]), ends[1] + 2)


def _front_matter(source: Source, line: int, what: str) -> TemplateFaultError:
    return TemplateFaultError(Fault(source.file, line, "bad-template", what, "write --- subject: … preheader: … ---"))


def _said(error: OSError) -> str:
    return "there is no such text" if isinstance(error, FileNotFoundError) else f"can't read it: {error.strerror}"
