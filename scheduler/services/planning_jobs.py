"""Plans of an edit that are made beside requests: one at a time, with the last results kept for who asks again.

A plan of 100,000 visits takes half a minute. Each is a file in the data folder, which `aftercare apply` takes too.
"""

import secrets
from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from scheduler.services.applying import Chosen
from scheduler.services.background import Background, Job
from scheduler.services.desk import Desk
from scheduler.services.plan_making import Making, Planned, name_of, rows_of
from scheduler.store.applies import unfinished_applies

FOLDER = "plans"
KEPT = 6
"""Plans whose results are kept by a process."""
_OLD = timedelta(days=7)
_BUSY = "another plan is being made: wait until it is done, then start this one"


class PlanningJobs:
    """Makes plans for one process, whatever edition of the files it works by by then."""

    def __init__(self) -> None:
        self._work = Background(_BUSY)
        self._made: OrderedDict[str, Planned] = OrderedDict()

    def start(self, desk: Desk, chosen: Chosen, *, by: str) -> Job:
        """Begin to plan and return at once. Raises ConflictError while another plan is being made.

        Whoever asks may read at all clinics that are chosen: see to that before.
        """
        name = name_of(desk, chosen)
        return self._work.start(name, lambda job: self._make(desk, chosen, job), by=by, now=desk.clock.now())

    def job(self, desk: Desk, chosen: Chosen) -> Job | None:
        """Return how the last work on that plan stands; None where it was never begun here, or before another."""
        job = self._work.job
        return job if job and job.name == name_of(desk, chosen) else None

    def result(self, desk: Desk, chosen: Chosen) -> Planned | None:
        """Return the plan as it was made last by the files of now; None where it was not, or not in this process."""
        return self._made.get(name_of(desk, chosen))

    def wait(self, timeout: float | None = None) -> None:
        """Wait until nothing is being planned."""
        self._work.wait(timeout)

    def stop(self) -> None:
        """Let go of what is being planned: it wrote nothing."""
        self._work.stop()

    def _make(self, desk: Desk, chosen: Chosen, job: Job) -> None:
        folder = desk.settings.data_dir / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = desk.clock.now()
        path = folder / f"plan-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.jsonl"
        try:
            with desk.store.read() as tx:
                _sweep(folder, {it.words for it in unfinished_applies(tx)})
                planned = Making(desk, chosen, path, job, now).plan(tx)
        except BaseException:
            _forget(path)
            raise
        self._keep(planned)

    def _keep(self, planned: Planned) -> None:
        before = self._made.pop(planned.name, None)
        self._made[planned.name] = planned
        if before is None and len(self._made) > KEPT:
            self._made.popitem(last=False)


def _sweep(folder: Path, kept: set[tuple[str, ...]]) -> None:
    """Take away plans of long ago, but for those that an apply has still to go on with."""
    files = {file: _modified(file) for file in folder.glob("plan-*")}
    newest = max(files.values(), default=0.0)
    for file, modified in files.items():
        if newest - modified > _OLD.total_seconds() and (str(file.with_suffix(".jsonl")),) not in kept:
            _forget(file)


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # another process sweeps too
        return 0.0


def _forget(path: Path) -> None:
    for file in (path, rows_of(path)):
        with suppress(FileNotFoundError):
            file.unlink()
