"""The report of an import, printed while it runs: its memory does not grow with the file."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from scheduler.cli.output import console
from scheduler.errors import AftercareError
from scheduler.protocols.hints import shown
from scheduler.services.exports.importing import Import, totals_of
from scheduler.services.exports.rows import RowReport
from scheduler.services.registration import Result

COLOURS = {
    Result.REGISTERED: "green",
    Result.UNCHANGED: "dim",
    Result.RESCHEDULED: "cyan",
    Result.CANCELLED: "yellow",
    Result.REFUSED: "red",
}


class _Report(ABC):
    """Prints rows as they come, and the totals at the end; `counts` is counted by whoever adds rows."""

    def __init__(
        self, write: Callable[[str], object], counts: Counter[Result], running: Import, *, dry_run: bool
    ) -> None:
        self._write, self._counts, self._running, self._dry_run = write, counts, running, dry_run

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, AftercareError):
            self.end(str(error or ""))

    @abstractmethod
    def begin(self) -> None:
        """Print what comes before the rows."""

    @abstractmethod
    def add(self, reports: Sequence[RowReport]) -> None:
        """Print some rows."""

    @abstractmethod
    def end(self, error: str) -> None:
        """Print what comes after the rows; `error` says why there are no more, "" that there are none."""


class AsLines(_Report):
    """One line per row and the totals.

    The lines are our own: a table of 20,000 rows takes as long as importing them.
    """

    def begin(self) -> None:
        """Print the head of the columns."""
        self._results = {result: _coloured(result) + " " * (12 - len(result)) for result in Result}
        self._write("  row  result       appointment  reason\n")

    def add(self, reports: Sequence[RowReport]) -> None:
        """Print a line for each."""
        self._write("".join(f"{self._line(report)}\n" for report in reports))

    def end(self, error: str) -> None:
        """Print the totals, also of what was done before an error."""
        said = ", ".join(f"{count} {result}" for result, count in totals_of(self._counts).items() if count)
        if unused := ", ".join(shown(column) for column in self._running.unused):
            self._write(f"Columns that are not mapped, so not read: {unused}.\n")
        until = "Until then: " if error else ""
        self._write(f"{until}{'Dry run, nothing was registered: ' if self._dry_run else ''}{said or 'no rows'}.\n")

    def _line(self, report: RowReport) -> str:
        number = "" if report.appointment is None else str(report.appointment)
        return f"{report.row:5}  {self._results[report.result]} {number:>11}  {report.reason}".rstrip()


class AsJson(_Report):
    """One JSON object, whole also when an error ends the import: `error` then says which."""

    def begin(self) -> None:
        """Open the object and its rows."""
        self._first = True
        self._write('{\n  "rows": [')

    def add(self, reports: Sequence[RowReport]) -> None:
        """Print an object for each."""
        lines = [json.dumps(_data(report), ensure_ascii=False) for report in reports]
        self._write(("\n    " if self._first else ",\n    ") + ",\n    ".join(lines))
        self._first = False

    def end(self, error: str) -> None:
        """Close the rows; print totals, warnings and the columns that nothing is read from."""
        rest: dict[str, object] = {"totals": totals_of(self._counts), "warnings": list(self._running.warnings)}
        rest["unused"] = list(self._running.unused)
        rest |= {"error": error} if error else {}
        self._write("\n  ],\n  " + json.dumps(rest, ensure_ascii=False, indent=2)[2:].lstrip() + "\n")


def _data(report: RowReport) -> dict[str, object]:
    return {
        "row": report.row,
        "result": report.result,
        "reason": report.reason,
        "appointment": report.appointment,
    }


def _coloured(result: Result) -> str:
    """Return a result as this terminal shows it."""
    with console.capture() as shown:
        console.print(f"[{COLOURS[result]}]{result}[/]", end="")
    return shown.get()
