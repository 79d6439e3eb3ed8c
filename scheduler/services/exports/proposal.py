"""A proposed mapping of an export: what holds which field and how sure that is, as YAML to paste."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from textwrap import wrap
from typing import NamedTuple

from scheduler.services.intake import Field

_PLAIN = re.compile(r"[^\W\d_][\w ()/.+-]*[\w).+]|[^\W\d_]")
_SPECIAL = frozenset({"null", "true", "false", "yes", "no", "on", "off"})
WIDEST = 72
"""Comments begin after the widest line, but no later than here."""


class Sure(StrEnum):
    """How sure a proposal is."""

    SURE = "sure"
    LIKELY = "likely"
    ASK = "?"


@dataclass(frozen=True, slots=True)
class ForField:
    """The columns that hold a field, joined by a blank, and what says so."""

    field: Field
    columns: tuple[str, ...]
    sure: Sure
    why: str


@dataclass(frozen=True, slots=True)
class ForWord:
    """What a word of the export for a treatment or a status means; ASK: `ours` is the nearest there is, or ""."""

    word: str
    ours: str
    sure: Sure
    why: str


@dataclass(frozen=True, slots=True)
class ForDates:
    """Which of day and month comes first; ASK: nothing says so."""

    order: str
    sure: Sure
    why: str


class _Line(NamedTuple):
    text: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for a file. `missing`: the groups of needed fields of which none was found."""

    file: str
    clinic: str
    rows: int
    preset: str
    preset_why: str
    columns: tuple[ForField, ...]
    dates: ForDates | None
    treatments: tuple[ForWord, ...]
    statuses: tuple[ForWord, ...]
    missing: tuple[tuple[str, ...], ...]
    told: tuple[str, ...]
    unused: tuple[str, ...]
    protocols: tuple[str, ...]
    """What a treatment may be mapped to."""

    def yaml(self) -> str:
        """Return it as a block for a clinic's file, each line with how sure it is; what is asked is a comment."""
        lines = [*self._lines()]
        width = min(max((len(one.text) for one in lines if one.said), default=0), WIDEST)
        return "".join(f"{one.text:{width}}  {one.said}".rstrip() + "\n" for one in lines)

    def _lines(self) -> Iterator[_Line]:
        place = f"config/clinics/{self.clinic}.yaml" if self.clinic else "the file of the clinic"
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        yield _Line(f"# Proposed from {_comment(self.file)} ({rows}) for {place},")
        yield _Line("# in the place of its import:, if it has one.")
        for group in self.missing:
            yield _Line(
                f"# not found: {' or '.join(group)}: no row can be registered without; export it too, or map it"
            )
        yield from (_Line(f"# not found: {line}") for line in self.told)
        if self.preset or self.columns:
            yield _Line("import:")
            yield from self._block()

    def _block(self) -> Iterator[_Line]:
        if self.preset:
            yield _said(f"  preset: {self.preset}", Sure.SURE, self.preset_why)
        if self.columns:
            yield _Line("  columns:")
        for one in self.columns:
            yield _said(f"    {one.field}: {_columns(one.columns)}", one.sure, one.why)
        if self.dates:
            order = f"  dates: {self.dates.order}" if self.dates.order else "  # dates: day_first or month_first"
            yield _said(order, self.dates.sure, self.dates.why)
        if any(one.sure is Sure.ASK for one in self.treatments):
            yield _Line("  # Rows of treatments that are not mapped are refused. Ours are called")
            yield from (_Line(f"  # {line}") for line in wrap(", ".join(self.protocols), WIDEST))
        yield from _words("treatments", self.treatments)
        yield from _words("statuses", self.statuses)


def _words(key: str, words: tuple[ForWord, ...]) -> Iterator[_Line]:
    known = any(one.sure is not Sure.ASK for one in words)
    if words:
        yield _Line(f"  {key}:") if known else _Line(f"  # {key}:", "# take this # away too when you answer one")
    for one in words:
        hidden = "# " if one.sure is Sure.ASK else ""
        yield _said(f"    {hidden}{quoted(one.word)}: {one.ours or '?'}", one.sure, one.why)


def _said(text: str, sure: Sure, why: str) -> _Line:
    return _Line(text, f"# {sure}{'' if sure is Sure.ASK else ':'} {why}")


def _columns(columns: tuple[str, ...]) -> str:
    return quoted(columns[0]) if len(columns) == 1 else f"[{', '.join(map(quoted, columns))}]"


def quoted(text: str) -> str:
    """Return a text as a YAML scalar, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _SPECIAL:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _comment(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
