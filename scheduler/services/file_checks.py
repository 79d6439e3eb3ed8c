"""What is wrong with the files that lie there now, found beside requests: a check of all takes a second.

Not the same as what the service works by: files with errors are not taken.
"""

import threading
from dataclasses import dataclass
from datetime import datetime

from scheduler.protocols.problems import Problem
from scheduler.services.background import Background, Job, State
from scheduler.services.checking import check_all
from scheduler.services.desk import Desk
from scheduler.services.edited_files import EditedFiles, Signature
from scheduler.store.files_in_use import files_in_use


@dataclass(frozen=True, slots=True)
class Checks:
    """What was found at `at`; `going_on`: the files were edited since, and are being looked at."""

    problems: tuple[Problem, ...]
    at: datetime | None
    going_on: bool

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps the files from being taken."""
        return tuple(it for it in self.problems if it.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What may be meant so."""
        return tuple(it for it in self.problems if it.severity == "warning")


class FileChecks:
    """Checks for one process, as often as the files are edited."""

    def __init__(self) -> None:
        self._work = Background("the files are being checked")
        self._lock = threading.Lock()
        self._found: tuple[Signature, tuple[Problem, ...], datetime] | None = None

    def look(self, desk: Desk) -> Checks:
        """Return what is known; begin to check where the files were edited since. Takes milliseconds."""
        files = EditedFiles(desk.settings.config_dir, desk.settings.templates_dir)
        there = files.signature()
        with self._lock:
            found = self._found
        is_known = found is not None and found[0] == there
        job = self._work.job
        if not is_known and not (job and job.state is State.RUNNING):
            self._work.start("check", lambda _job: self._check(desk, there), by=desk.owner, now=desk.clock.now())
        return Checks(found[1] if found else (), found[2] if found else None, not is_known)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until what is being checked is."""
        self._work.wait(timeout)

    @property
    def job(self) -> Job | None:
        """How the last check stands; it failed where `error` says so."""
        return self._work.job

    def _check(self, desk: Desk, there: Signature) -> None:
        settings = desk.settings
        problems = check_all(settings.config_dir, settings.templates_dir, live=desk.is_live)
        with self._lock:
            self._found = (there, problems, desk.clock.now())


def sound_since(desk: Desk) -> datetime | None:
    """Return since when this process works by its files, where it refuses those that lie there now; else None."""
    with desk.store.read() as tx:
        notes = files_in_use(tx, now=desk.clock.now())
    return next((it.taken_at for it in notes if it.owner == desk.owner and it.refused), None)
