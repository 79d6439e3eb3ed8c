"""Reads the Markdown of the documentation: its fenced blocks, its links, its headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCED = re.compile(r"^```(\S*)[ ]?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fenced:
    """A fenced block: its language, what stands behind it, its text."""

    language: str
    subject: str
    text: str


def pages() -> list[Path]:
    """Return every page of documentation."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def fenced(text: str) -> Iterator[Fenced]:
    """Yield the fenced blocks of a page."""
    for found in _FENCED.finditer(text):
        yield Fenced(found[1], found[2].strip(), found[3])


def links(text: str) -> list[str]:
    """Return where the links and images of a page lead; code is left out."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """Return the names under which the headings of a page are found."""
    return {_slug(heading) for heading in _HEADING.findall(_FENCED.sub("", text))}


def prose(text: str) -> str:
    """Return a page without its code."""
    return re.sub(r"`[^`\n]*`", "", _FENCED.sub("", text))


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
