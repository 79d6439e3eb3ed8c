"""Imports what arrives in a folder: each file once, and each ends in `done` or `refused` with its report beside it.

A file stays where it is until all that it says is registered, and is then moved in one step. Whoever is killed in
between imports it again, which registers nothing twice: so nothing has to be remembered.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scheduler.clock import Clock
from scheduler.domain.clinic import Clinic
from scheduler.errors import RecordRefusedError, RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.services.dropping.folder import Folder, Whole
from scheduler.services.dropping.placing import place
from scheduler.services.dropping.report import Outcome
from scheduler.services.exports.importing import Importer, ImportReport
from scheduler.services.not_taken import tell_of_refused
from scheduler.store.database import Store

if TYPE_CHECKING:
    from scheduler.services.exports.rows import RowReport

AGAIN = timedelta(seconds=60)
"""Between two tries at what the machine would not do: a full disk, a file that may not be read."""
BY = "drop folder"


class _StoppedError(Exception):
    """Ends an import between two batches."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What became of a file; `to` is where it lies now, under the folder, None while it stays where it was.

    Nothing in it quotes the file, so that it may be logged. `trouble` says why it stays; `unread` that nothing could
    be read from it, for which its report has the words.
    """

    name: str
    to: str | None
    totals: Mapping[str, int]
    unread: bool = False
    trouble: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether all that it says is taken."""
        return not (self.trouble or self.unread or self.totals["refused"])


@dataclass(slots=True)
class Watcher:
    """Watches a folder for one clinic, in one process. `stops` says whether to end, between two batches of a file."""

    store: Store
    configuration: Configuration
    clock: Clock
    clinic: Clinic
    folder: Folder
    stops: Callable[[], bool] = lambda: False
    _unplaced: dict[Whole, Outcome] = field(default_factory=dict)
    _later: dict[Whole, datetime] = field(default_factory=dict)

    def by(self, configuration: Configuration) -> None:
        """Work by edited files from the next file on. Raises NotFoundError where the clinic is gone."""
        self.clinic = configuration.clinic(self.clinic.id)
        self.configuration = configuration

    def look(self) -> Iterator[Dropped]:
        """Import the files that are whole, and yield what became of each.

        Raises OSError where the folder can't be read, StoreError while the database is away: nothing is lost, look
        again. What may be tried again is, a minute later.
        """
        whole = self.folder.look(self.clock.now())
        known = frozenset(whole)
        self._unplaced = {file: it for file, it in self._unplaced.items() if file in known}
        self._later = {file: at for file, at in self._later.items() if file in known}
        for file in whole:
            if self.stops():
                return
            if self._later.get(file, self.clock.now()) <= self.clock.now():
                try:
                    yield self._take(file)
                except _StoppedError:
                    return

    def _take(self, file: Whole) -> Dropped:
        outcome = self._unplaced.get(file)
        if outcome is None:
            if why := _unreadable(file):
                return self._keep(file, Outcome(file.path.name, self.clinic, self.clock.now()), why, new=True)
            outcome = self._import(file)
            if not self.folder.is_same(file):
                why = "was changed while it was read: it is read again when it is whole"
                return Dropped(file.path.name, None, outcome.totals, trouble=why)
            self._tell(outcome)
        try:
            target = place(file.path, self.folder.path / outcome.place, outcome.files())
        except OSError as error:
            self._unplaced[file] = outcome
            return self._keep(file, outcome, f"can't be moved to {outcome.place}: {error.strerror}", new=False)
        self._unplaced.pop(file, None)
        return Dropped(file.path.name, f"{outcome.place}/{target.name}", outcome.totals, unread=bool(outcome.error))

    def _import(self, file: Whole) -> Outcome:
        """Import a file; what ends that early is in the outcome, beside the rows that were taken before."""
        at, why = self.clock.now(), ""
        reports: list[RowReport] = []
        warnings: tuple[str, ...] = ()
        unused: tuple[str, ...] = ()
        importer = Importer(self.store, self.configuration, self.clock, self.clinic, by=BY)
        try:
            with importer.open(file.path) as table:
                running = importer.begin(table)
                warnings, unused = running.warnings, running.unused
                for batch in running.batches:
                    reports += batch
                    if self.stops():
                        raise _StoppedError
        except (RegistrationError, RecordRefusedError) as error:  # the latter would be refused again, too
            why = str(error)
        return Outcome(file.path.name, self.clinic, at, ImportReport(tuple(reports), warnings, unused), why)

    def _tell(self, outcome: Outcome) -> None:
        """Tell staff of what was refused, before the file is out of sight."""
        if outcome.error:
            self._alert("exports_refused", 1)
        if outcome.refused:
            self._alert("rows_refused", outcome.refused)

    def _alert(self, code: str, count: int) -> None:
        with self.store.write() as tx:
            now = self.clock.now()
            tell_of_refused(tx, code, f"folder/{self.clinic.id}", clinic=self.clinic.id, count=count, now=now)

    def _keep(self, file: Whole, outcome: Outcome, trouble: str, *, new: bool) -> Dropped:
        """Leave a file where it is for now; nobody may overlook one that is not read at all."""
        first = new and file not in self._later
        self._later[file] = self.clock.now() + AGAIN
        if first:
            self._alert("exports_refused", 1)
        return Dropped(file.path.name, None, outcome.totals, trouble=trouble)


def _unreadable(file: Whole) -> str:
    """Return why a file can't be read, "" where it can."""
    try:
        os.close(os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return f"can't be read: {error.strerror}"
    return ""
