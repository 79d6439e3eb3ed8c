"""Imports a clinic's export: each row is registered, followed or refused, with a report per row."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from scheduler.clock import Clock
from scheduler.domain.clinic import Clinic
from scheduler.errors import ConflictError, RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.services.columns import Columns, find_columns
from scheduler.services.csvfile import CsvRow, read_csv
from scheduler.services.intake import Field
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.store.database import Store, Tx

BATCH = 200
"""Rows a transaction: a kill repeats at most these, and nobody else waits long to write."""


class _DryRunOverError(Exception):
    """Ends a transaction of a dry run, so that it is rolled back."""


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of one row; `row` is its line in the file, the header being 1."""

    row: int
    result: Result
    reason: str
    appointment: int | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All rows in the order of the file."""

    rows: tuple[RowReport, ...]
    warnings: tuple[str, ...] = ()

    @property
    def totals(self) -> dict[str, int]:
        """How many rows ended in each result, all results named."""
        counts = Counter(row.result for row in self.rows)
        return {result.value: counts[result] for result in Result}


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports files for one clinic."""

    store: Store
    configuration: Configuration
    clock: Clock
    clinic: Clinic

    def run(
        self, path: Path, *, dry_run: bool = False, progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> ImportReport:
        """Import `path`; a dry run goes the same way and rolls back.

        Raises RegistrationError, with nothing registered, when the file or its header can't be read.
        """
        file = read_csv(path)
        columns = find_columns(path, file, self.clinic, self.configuration)
        rows = _Rows(columns, Registrar(self.configuration, self.clock, by="import", follow=True))
        reports: list[RowReport] = []
        for batch in _batches(file.rows):
            with suppress(_DryRunOverError), self.store.write() as tx:
                for row in batch:
                    reports.append(rows.take(tx, row))
                    progress(len(reports), len(file.rows))
                if dry_run:
                    raise _DryRunOverError
        return ImportReport(tuple(_without_new(reports) if dry_run else reports), columns.warnings)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Takes the rows of one file; `taken` is what each external_id stood for, with what became of it."""

    columns: Columns
    registrar: Registrar
    taken: dict[str, tuple[Mapping[Field, str], RowReport]] = field(default_factory=dict)

    def take(self, tx: Tx, row: CsvRow) -> RowReport:
        """Register, follow or refuse one row."""
        if row.problem:
            return RowReport(row.line, Result.REFUSED, row.problem, None)
        raw = self.columns.fields(row)
        named = raw.get(Field.EXTERNAL_ID, "").strip()
        if named in self.taken:
            return self._repeated(row, raw, *self.taken[named])
        try:
            done = self._registered(tx, raw)
        except (RegistrationError, ConflictError) as error:
            return RowReport(row.line, Result.REFUSED, str(error), None)
        report = RowReport(row.line, done.result, done.reason, done.appointment)
        if named:
            self.taken[named] = raw, report
        return report

    def _registered(self, tx: Tx, raw: Mapping[Field, str]) -> Registered:
        said = self.columns.call_off(raw)
        done = self.registrar.call_off(tx, said) if said else None
        return done or self.registrar.register(tx, self.columns.registration(raw))

    def _repeated(
        self, row: CsvRow, raw: Mapping[Field, str], first: Mapping[Field, str], report: RowReport
    ) -> RowReport:
        """Judge a row whose id stood in the file before: which of two that differ is the newer, nobody can say."""
        if raw == first:
            return RowReport(row.line, Result.UNCHANGED, "", report.appointment)
        reason = f"external_id: stands in row {report.row} too, with other content: keep the row that is right"
        return RowReport(row.line, Result.REFUSED, reason, None)


def _without_new(reports: Sequence[RowReport]) -> Iterator[RowReport]:
    """Yield the reports without the numbers that a dry run gave: they are taken back with its rows."""
    new = {report.appointment for report in reports if report.result is Result.REGISTERED}
    for report in reports:
        yield replace(report, appointment=None) if report.appointment in new else report


def _batches(rows: Sequence[CsvRow]) -> Iterator[Sequence[CsvRow]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
