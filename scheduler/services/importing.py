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
from scheduler.protocols.hints import shown
from scheduler.services.book import Book
from scheduler.services.columns import Columns, find_columns
from scheduler.services.csvfile import CsvFile, CsvRow, read_csv
from scheduler.services.intake import CallOff, Field, Registration
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
    who: str = field(default="", repr=False)
    """The name in the row, as far as it could be read, so that a person finds the row again."""
    when: str = field(default="", repr=False)
    """The start of the visit on the clinic's clock, or what the row has in its place."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All rows in the order of the file."""

    rows: tuple[RowReport, ...]
    warnings: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    """Columns of the file that nothing is read from."""

    @property
    def totals(self) -> dict[str, int]:
        """How many rows ended in each result, all results named."""
        counts = Counter(row.result for row in self.rows)
        return {result.value: counts[result] for result in Result}


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports files for one clinic; `by` goes on record."""

    store: Store
    configuration: Configuration
    clock: Clock
    clinic: Clinic
    by: str = "import"

    def run(
        self, path: Path, *, dry_run: bool = False, progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> ImportReport:
        """Import `path`; see `take`."""
        return self.take(path.name, read_csv(path), dry_run=dry_run, progress=progress)

    def take(
        self,
        name: str,
        file: CsvFile,
        *,
        dry_run: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        noted: Callable[[Tx, Sequence[RowReport]], None] = lambda _tx, _reports: None,
    ) -> ImportReport:
        """Import a file that was read, called `name` in errors; a dry run goes the same way and rolls back.

        `noted` is told of all rows so far in the transaction of each batch, before its commit.
        Raises RegistrationError, with nothing registered, when the file or its header can't be read.
        """
        columns = find_columns(name, file, self.clinic, self.configuration)
        rows = _Rows(columns, Registrar(self.configuration, self.clock, by=self.by, follow=True))
        reports: list[RowReport] = []
        for batch in _batches(file.rows):
            read = [rows.read(row) for row in batch]
            with suppress(_DryRunOverError), self.store.write() as tx:
                reports += rows.take(tx, read)
                noted(tx, reports)
                if dry_run:
                    raise _DryRunOverError
            # Outside of the transaction: a terminal that is stopped must not hold up whoever wants to write.
            progress(len(reports), len(file.rows))
        told = _without_new(reports) if dry_run else reports
        return ImportReport(tuple(told), columns.warnings, columns.unused)


@dataclass(frozen=True, slots=True)
class _Read:
    """A row as it was read: what it calls off, what it registers, or what is wrong with it."""

    line: int
    raw: Mapping[Field, str]
    called_off: CallOff | None = None
    registration: Registration | None = None
    wrong: str = ""

    @property
    def named(self) -> str:
        """The id that the booking system gives it, "" for none."""
        return self.raw.get(Field.EXTERNAL_ID, "").strip()


@dataclass(frozen=True, slots=True)
class _Rows:
    """Takes the rows of one file; `taken` is what each external_id stood for, with what became of it."""

    columns: Columns
    registrar: Registrar
    taken: dict[str, tuple[Mapping[Field, str], RowReport]] = field(default_factory=dict)

    def read(self, row: CsvRow) -> _Read:
        """Read a row, which needs no transaction: others may write meanwhile."""
        if row.problem:
            return _Read(row.line, {}, wrong=row.problem)
        raw = self.columns.fields(row)
        called_off = self.columns.call_off(raw)
        try:
            return _Read(row.line, raw, called_off, self.columns.registration(raw))
        except RegistrationError as error:
            return _Read(row.line, raw, called_off, wrong=str(error))

    def take(self, tx: Tx, rows: Sequence[_Read]) -> Iterator[RowReport]:
        """Register, follow or refuse the rows of a batch, in their order; yield a report for each."""
        registrations = [row.registration for row in rows if row.registration]
        called_off = [row.called_off for row in rows if row.called_off]
        book = self.registrar.open(tx, self.columns.clinic.id, registrations, called_off)
        for row in rows:
            yield self._take(book, row)
        book.write()

    def _take(self, book: Book, row: _Read) -> RowReport:
        if row.named in self.taken:
            return self._repeated(row, *self.taken[row.named])
        try:
            done = self._entered(book, row)
        except ConflictError as error:
            return self._report(row, Registered(Result.REFUSED, None, str(error)))
        if done is None:
            return self._report(row, Registered(Result.REFUSED, None, row.wrong))
        report = self._report(row, done)
        if row.named:
            self.taken[row.named] = row.raw, report
        return report

    def _report(self, row: _Read, done: Registered) -> RowReport:
        """Say what became of a row, with what a person knows it by."""
        parts = (row.raw.get(it, "").strip() for it in (Field.NAME, Field.FIRST_NAME, Field.LAST_NAME))
        who, when = " ".join(part for part in parts if part), row.raw.get(Field.STARTS_AT, "")
        if known := row.registration:
            who, local = known.name, known.starts_at.astimezone(self.columns.clinic.timezone)
            when = f"{local:%Y-%m-%d %H:%M}"
        return RowReport(row.line, done.result, done.reason, done.appointment, shown(who), shown(when))

    def _entered(self, book: Book, row: _Read) -> Registered | None:
        """Enter a row; one that calls a known visit off may say anything else, or nothing. None: it can't be read."""
        done = self.registrar.call_off(book, row.called_off) if row.called_off else None
        if done or not row.registration:
            return done
        return self.registrar.enter(book, row.registration)

    def _repeated(self, row: _Read, first: Mapping[Field, str], report: RowReport) -> RowReport:
        """Judge a row whose id stood in the file before: which of two that differ is the newer, nobody can say."""
        if row.raw == first:
            return self._report(row, Registered(Result.UNCHANGED, report.appointment))
        reason = f"external_id: stands in row {report.row} too, with other content: keep the row that is right"
        return self._report(row, Registered(Result.REFUSED, None, reason))


def _without_new(reports: Sequence[RowReport]) -> Iterator[RowReport]:
    """Yield the reports without the numbers that a dry run gave: they are taken back with its rows."""
    new = {report.appointment for report in reports if report.result is Result.REGISTERED}
    for report in reports:
        yield replace(report, appointment=None) if report.appointment in new else report


def _batches(rows: Sequence[CsvRow]) -> Iterator[Sequence[CsvRow]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
