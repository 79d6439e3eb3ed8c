"""Imports a clinic's export: each row is registered, followed or refused, with a report per row."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from scheduler.clock import Clock
from scheduler.domain.clinic import Clinic
from scheduler.protocols.configuration import Configuration
from scheduler.services.exports.columns import find_columns, mapped_columns
from scheduler.services.exports.newest import Newest
from scheduler.services.exports.opening import open_export, read_export
from scheduler.services.exports.rows import Read, RowReport, Rows
from scheduler.services.exports.table import Table, Wanted
from scheduler.services.registration import Registrar, Result
from scheduler.store.database import Store, Tx

BATCH = 200
"""Rows a transaction: a kill repeats at most these, and nobody else waits long to write."""

Noted = Callable[[Tx, Sequence[RowReport]], None]


class _DryRunOverError(Exception):
    """Ends a transaction of a dry run, so that it is rolled back."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """All rows in the order of the file."""

    rows: tuple[RowReport, ...]
    warnings: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    """Columns of the file that nothing is read from."""
    doubts: tuple[str, ...] = ()
    """Those of the warnings that are about the file itself, such as its encoding; the rest are about the mapping."""

    @property
    def totals(self) -> dict[str, int]:
        """How many rows ended in each result, all results named."""
        return totals_of(Counter(row.result for row in self.rows))


def totals_of(counts: Counter[Result]) -> dict[str, int]:
    """Return how many rows ended in each result, all results named."""
    return {result.value: counts[result] for result in Result}


@dataclass(frozen=True, slots=True)
class Import:
    """An import that has read the header of its file: its warnings, the columns that nothing is read from, all rows.

    `batches` does the work as it is asked for more: what it yields is committed, and nothing is open meanwhile. So a
    terminal that is stopped holds up nobody who wants to write.
    """

    total: int
    warnings: tuple[str, ...]
    unused: tuple[str, ...]
    batches: Iterator[Sequence[RowReport]]


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports files for one clinic; `by` goes on record."""

    store: Store
    configuration: Configuration
    clock: Clock
    clinic: Clinic
    by: str = "import"

    def open(self, path: Path) -> AbstractContextManager[Table]:
        """Open a file of this machine as this clinic's exports are read. Raises RegistrationError."""
        return open_export(path, self.wanted)

    def read(self, name: str, data: bytes) -> Table:
        """Read a file that was uploaded, called `name` in errors. Raises RegistrationError."""
        return read_export(data, name, self.wanted)

    @property
    def wanted(self) -> Wanted:
        """What is known of the clinic's exports before one is read."""
        return Wanted(mapped_columns(self.clinic), self.clinic.imports.encoding)

    def begin(self, table: Table, *, dry_run: bool = False, noted: Noted = lambda _tx, _reports: None) -> Import:
        """Begin an import; a dry run goes the same way and rolls back.

        Memory does not grow with the file but for up to a kilobyte a row, by which an id that comes again, and the
        newest row of each person, is known. `noted`
        is told of each batch in its transaction, before its commit. Raises RegistrationError, with nothing
        registered, when the header can't be read; the batches raise it when the file is changed meanwhile.
        """
        columns = find_columns(table.place, table.columns, self.clinic, self.configuration)
        registrar = Registrar(self.configuration, self.clock, by=self.by, follow=True)
        rows = Rows(columns, registrar, Newest(columns), dry_run)
        return Import(
            table.total, table.warnings + columns.warnings, columns.unused, self._batches(table, rows, noted)
        )

    def _batches(self, table: Table, rows: Rows, noted: Noted) -> Iterator[Sequence[RowReport]]:
        rows.newest.look(table.rows())
        waiting = table.rows()
        while batch := [rows.read(row) for row in islice(waiting, BATCH)]:
            yield self._enter(rows, batch, noted)

    def _enter(self, rows: Rows, batch: Sequence[Read], noted: Noted) -> Sequence[RowReport]:
        reports: Sequence[RowReport] = ()
        with suppress(_DryRunOverError), self.store.write() as tx:
            reports = list(rows.take(tx, batch))
            noted(tx, reports)
            if rows.dry_run:
                raise _DryRunOverError
        return reports

    def run(
        self, path: Path, *, dry_run: bool = False, progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> ImportReport:
        """Import `path` to its end; see `take`."""
        with self.open(path) as table:
            return self.take(table, dry_run=dry_run, progress=progress)

    def take(
        self,
        table: Table,
        *,
        dry_run: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        noted: Noted = lambda _tx, _reports: None,
    ) -> ImportReport:
        """Import a table to its end and return its reports together: for files that fit a page. See `begin`."""
        running = self.begin(table, dry_run=dry_run, noted=noted)
        reports: list[RowReport] = []
        for batch in running.batches:
            reports += batch
            progress(len(reports), running.total)
        return ImportReport(tuple(reports), running.warnings, running.unused, table.warnings)
