"""Imports a clinic's export: each row is registered, followed or refused, with a report per row."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from scheduler.clock import Clock
from scheduler.domain.clinic import Clinic
from scheduler.errors import ConflictError, RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.hints import shown, suggest
from scheduler.protocols.import_fields import NEEDED
from scheduler.services.csvfile import CsvFile, CsvRow, read_csv
from scheduler.services.intake import Field, Registration, read_registration
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.store.database import Store, Tx

BATCH = 200
"""Rows a transaction: a kill repeats at most these, and finds them unchanged or new."""


class _DryRunOverError(Exception):
    """Ends the transaction of a dry run, so that it is rolled back."""


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
        columns = self._columns(path, file)
        reports: list[RowReport] = []
        for batch in [file.rows] if dry_run else _batches(file.rows):
            with suppress(_DryRunOverError), self.store.write() as tx:
                for row in batch:
                    reports.append(self._row(tx, row, columns))
                    progress(len(reports), len(file.rows))
                if dry_run:
                    raise _DryRunOverError
        return ImportReport(tuple(_without_new(reports) if dry_run else reports))

    def _row(self, tx: Tx, row: CsvRow, columns: dict[Field, str]) -> RowReport:
        if row.problem:
            return RowReport(row.line, Result.REFUSED, row.problem, None)
        try:
            done = self._registrar.register(tx, self._registration(row, columns))
        except (RegistrationError, ConflictError) as error:
            done = Registered(Result.REFUSED, None, str(error))
        return RowReport(row.line, done.result, done.reason, done.appointment)

    @property
    def _registrar(self) -> Registrar:
        return Registrar(self.configuration, self.clock, by="import", follow=True)

    def _registration(self, row: CsvRow, columns: dict[Field, str]) -> Registration:
        raw = {key: row.cells[column] for key, column in columns.items()}
        if Field.STATUS in raw:
            raw[Field.STATUS] = _mapped(raw[Field.STATUS], self.clinic.imports.statuses)
        treatment = self._treatment(raw[Field.TREATMENT])
        return read_registration(raw, self.clinic, treatment, dates=self.clinic.imports.dates)

    def _treatment(self, text: str) -> str:
        treatment = _mapped(text, self.clinic.imports.treatments)
        if treatment in self.configuration.protocols:
            return treatment
        if not treatment:
            raise RegistrationError("treatment: is empty")
        known = [*self.clinic.imports.treatments, *self.configuration.protocols]
        raise RegistrationError(
            f"treatment: “{shown(text)}” is not known: map it under import.treatments of clinic {self.clinic.id} "
            f"({suggest(text, known)})"
        )

    def _columns(self, path: Path, file: CsvFile) -> dict[Field, str]:
        """Return which column holds which field; without a mapping the fields' own names are the columns."""
        mapping = self.clinic.imports.columns or {key: key for key in Field if key in file.columns}
        columns = {Field(key): column for key, column in mapping.items()}
        for key, column in columns.items():
            if column not in file.columns:
                raise RegistrationError(
                    f"{path.name}:1: no column “{column}” for {key} in the header ({suggest(column, file.columns)}): "
                    f"rename it there, or map {key} anew under import.columns of clinic {self.clinic.id}"
                )
        for group in NEEDED:
            if not any(Field(key) in columns for key in group):
                there = shown(", ".join(file.columns))
                raise RegistrationError(
                    f"{path.name}:1: no column for {' or '.join(group)} in the header ({there}): "
                    f"map one under import.columns of clinic {self.clinic.id}"
                )
        return columns


def _without_new(reports: Sequence[RowReport]) -> Iterator[RowReport]:
    """Yield the reports without the numbers that a dry run gave: they are taken back with its rows."""
    new = {report.appointment for report in reports if report.result is Result.REGISTERED}
    for report in reports:
        yield replace(report, appointment=None) if report.appointment in new else report


def _mapped(text: str, mapping: Mapping[str, str]) -> str:
    """Return what the clinic's file maps `text` to, whatever its case and spacing; else the text itself."""
    wanted = " ".join(text.split()).casefold()
    for theirs, ours in mapping.items():
        if " ".join(theirs.split()).casefold() == wanted:
            return ours
    return text.strip()


def _batches(rows: Sequence[CsvRow]) -> Iterator[Sequence[CsvRow]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
