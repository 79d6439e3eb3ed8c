"""What the rules look at: one text as one clinic sends it, with the files that its words come from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from scheduler.content.uses import Use
from scheduler.protocols.problems import Problem, Severity

_LOGIC = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Words:
    """A file's own words: what stands in braces is blank in `text`, so that each character keeps its place."""

    file: Path
    text: str
    source: str

    def place(self, at: int) -> tuple[int, int]:
        """Return the line and the column of a character, both from 1."""
        before = self.text[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


@lru_cache(maxsize=1024)
def words_of(file: Path, source: str) -> Words:
    """Return the words of a template's source."""
    return Words(file, _LOGIC.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source), source)


def unguarded(source: str, name: str) -> int:
    """Return where a value is written out outside every `{% if %}` that asks for it, 0 where it is nowhere."""
    asked: list[bool] = []
    for found in _LOGIC.finditer(source):
        words = found[0].strip("{}%# -").split()
        match words[:1]:
            case ["if"]:
                asked.append(name in words)
            case ["elif" | "else"] if asked:
                asked[-1] = name in words
            case ["endif"] if asked:
                asked.pop()
            case [first] if first.partition("|")[0] == name and not any(asked):
                return found.start() + found[0].index(name)
    return 0


@dataclass(frozen=True, slots=True)
class Written:
    """A text that comes out: its use, its sources (an email's own file, then its footer), and what it says.

    `bodies` has one text for each of the use's variables.
    """

    use: Use
    sources: Sequence[Words]
    bodies: Sequence[str]

    @property
    def to_patient(self) -> bool:
        """Whether a patient reads it: an alert goes to staff."""
        return not self.use.template.startswith("alert_")

    def problem(
        self, source: Words, at: int, *, code: str, message: str, hint: str, severity: Severity = "warning"
    ) -> Problem:
        """Return a problem at a character of one of the sources."""
        line, column = source.place(at)
        return Problem(
            file=source.file,
            line=line,
            column=column,
            code=code,
            key=self.use.key,
            message=message,
            hint=hint,
            severity=severity,
        )
