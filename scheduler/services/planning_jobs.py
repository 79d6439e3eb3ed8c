"""Plans of an edit that are made beside requests: one at a time, with the last results kept for who asks again.

A plan of 100,000 visits takes half a minute. Each is a file in the data folder, which `aftercare apply` takes too.
"""

import hashlib
import json
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.services.applying import Chosen
from scheduler.services.background import Background, Job
from scheduler.services.change_totals import Totals
from scheduler.services.desk import Desk
from scheduler.services.edit_notes import notes_of
from scheduler.services.pinning import refuse_needless_pins, refuse_unknown
from scheduler.services.plan_file import writing_plan
from scheduler.services.plan_rows import PlanRows
from scheduler.services.plan_told import Beside, beside_data, edit_data, totals_data
from scheduler.services.planner import InFlightEdit, Planner
from scheduler.services.rests_on import files_digest
from scheduler.store.applies import unfinished_applies
from scheduler.store.database import Tx

FOLDER = "plans"
KEPT = 6
"""Plans whose results are kept by a process."""
_OLD = timedelta(days=7)
_BUSY = "another plan is being made: wait until it is done, then start this one"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that was made. `edits`, `totals`, `beside` are as `plan --json` has them; `rows` are the visits.

    `clinics` are those whose visits it touches, or may; `notes` say of each edit what is to be known before it is
    applied. `unpriced` are clinics whose file says no price, `unreadable` texts whose segments are not counted.
    """

    name: str
    chosen: Chosen
    made_at: datetime
    by: str
    path: Path
    clinics: tuple[str, ...]
    edits: Sequence[Mapping[str, Any]]
    notes: Sequence[tuple[str, ...]]
    totals: Mapping[str, Any]
    beside: Mapping[str, Any]
    rows: PlanRows = field(repr=False)
    unpriced: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def name_of(desk: Desk, chosen: Chosen) -> str:
    """Return what a plan is called: the same files and the same choice have the same name."""
    text = json.dumps((files_digest(desk.configuration), chosen.words))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
                planned = _plan(tx, desk, chosen, path, job, now)
        except BaseException:
            _forget(path)
            raise
        self._keep(planned)

    def _keep(self, planned: Planned) -> None:
        before = self._made.pop(planned.name, None)
        self._made[planned.name] = planned
        if before is None and len(self._made) > KEPT:
            self._made.popitem(last=False)


def _plan(tx: Tx, desk: Desk, chosen: Chosen, path: Path, job: Job, now: datetime) -> Planned:
    """Plan all visits in flight in one state of the database. Memory does not grow with them."""
    refuse_unknown(tx, desk.configuration, chosen.clinic, chosen.treatment)
    planner = Planner(desk.configuration, chosen.pinned, chosen.clinic, chosen.treatment)
    totals = Totals(desk.configuration, desk.texts)
    apart, edits = planner.apart(tx, now=now), planner.edits(tx, now=now)
    refuse_needless_pins(tx, planner, edits, apart, now=now)
    groups = planner.groups(tx, now=now)
    total, done = sum(group.count for group in groups), 0
    job.enter("planning")
    job.tell(0, total)
    with writing_plan(path, tx, planner, now=now) as file, PlanRows(path.with_suffix(".rows")) as rows:
        for page in planner.pages(tx, now=now):
            for visit in page.visits:
                totals.add(visit)
                file.add(visit)
                rows.add(visit, desk.configuration.clinic(visit.appointment.clinic).timezone)
            done += page.looked_at
            job.tell(min(done, total), total)
    beside = Beside(desk.approver, apart, unfinished_applies(tx))
    clinics = tuple(sorted({group.clinic for group in groups}))
    return _told(desk, chosen, Planner.edits and edits, totals, beside, (path, rows, clinics, now, job))


def _told(
    desk: Desk,
    chosen: Chosen,
    edits: Sequence[InFlightEdit],
    totals: Totals,
    beside: Beside,
    made: tuple[Path, PlanRows, tuple[str, ...], datetime, Job],
) -> Planned:
    path, rows, clinics, now, job = made
    return Planned(
        name=name_of(desk, chosen),
        chosen=chosen,
        made_at=now,
        by=job.by,
        path=path,
        clinics=clinics,
        edits=[edit_data(it, totals, beside.approver) for it in edits],
        notes=[tuple(notes_of(it, beside.approver)) for it in edits],
        totals=totals_data(totals),
        beside=beside_data(beside),
        rows=rows,
        unpriced=tuple(sorted(totals.unpriced)),
        unreadable=tuple(sorted(totals.unreadable)),
    )


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
    for file in (path, path.with_suffix(".rows")):
        with suppress(FileNotFoundError):
            file.unlink()
