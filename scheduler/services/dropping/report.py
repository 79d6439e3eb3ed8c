"""What became of an export that was dropped: for programs as JSON, for people as text. Both name patients."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import iso
from scheduler.services.exports.importing import ImportReport
from scheduler.services.exports.rows import RowReport
from scheduler.services.registration import Result

JSON, TEXT = ".report.json", ".report.txt"
DONE, REFUSED = "done", "refused"
"""The folders, in the one that is watched, in which files end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: a report of its rows, up to an `error` because of which the rest was not read."""

    name: str
    clinic: Clinic
    at: datetime
    report: ImportReport = field(default_factory=lambda: ImportReport(()), repr=False)
    error: str = field(default="", repr=False)
    """In words for the clinic: they may quote the file."""

    @property
    def totals(self) -> Mapping[str, int]:
        """How many rows ended in each result."""
        return self.report.totals

    @property
    def refused(self) -> int:
        """How many rows were refused."""
        return self.totals[Result.REFUSED]

    @property
    def place(self) -> str:
        """Where the file belongs: refused, where nothing of it was taken; a file without rows has nothing to take."""
        taken = sum(self.totals.values()) - self.refused
        return REFUSED if self.error or (self.refused and not taken) else DONE

    def files(self) -> Mapping[str, Iterator[str]]:
        """Return what lies beside the file, by the end of its name, piece by piece: a file may have many rows."""
        return {JSON: self._json(), TEXT: (f"{line}\n" for line in self._text())}

    def _json(self) -> Iterator[str]:
        head = {"file": self.name, "clinic": self.clinic.id, "at": iso(self.at), "outcome": self.place}
        rest = {
            "error": self.error or None,
            "totals": dict(self.totals),
            "warnings": list(self.report.warnings),
            "unused": list(self.report.unused),
        }
        yield "{\n"
        yield from (f"  {_dumped(key)}: {_dumped(value)},\n" for key, value in head.items())
        yield '  "rows": ['
        for index, row in enumerate(self.report.rows):
            yield f"{',' if index else ''}\n    {_dumped(_row(row))}"
        yield "\n  ]"
        yield from (f",\n  {_dumped(key)}: {_dumped(value)}" for key, value in rest.items())
        yield "\n}\n"

    def _text(self) -> Iterator[str]:
        at = self.at.astimezone(self.clinic.timezone)
        yield f"{self.name}, for {self.clinic.name}, {at:%Y-%m-%d %H:%M} ({self.clinic.timezone.key})"
        yield ""
        yield f"{counted(self.totals)}."
        if self.error:
            what = "The rest could not be read:" if self.report.rows else "It could not be read:"
            yield from _part(what, [self.error])
        yield from _part("Refused, and not registered:", [_said(it) for it in self.report.rows if _is_refused(it)])
        yield from _part("To know:", self.report.warnings)
        unused = ", ".join(self.report.unused)
        yield from _part("Columns that nothing is read from:", [unused] if unused else [])
        if self.error or self.refused:
            yield ""
            yield "Mend that in the booking system, in the export or in the clinic's file, and put the export into"
            yield "the folder again: what is registered already stays as it is."


def counted(totals: Mapping[str, int]) -> str:
    """Return totals in words: no row's content is in them."""
    return ", ".join(f"{count} {result}" for result, count in totals.items() if count) or "no rows"


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _row(row: RowReport) -> Mapping[str, object]:
    said = {"row": row.row, "result": row.result, "reason": row.reason, "appointment": row.appointment}
    return {**said, "who": row.who, "when": row.when}


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _said(row: RowReport) -> str:
    known = ", ".join(part for part in (row.who, row.when) if part)
    return f"row {row.row}{f' ({known})' if known else ''}: {row.reason}"


def _is_refused(row: RowReport) -> bool:
    return row.result is Result.REFUSED
