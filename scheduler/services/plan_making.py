"""Makes one plan of an edit and keeps what is told of it: a file for `apply`, the visits by pages, the totals."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from scheduler.services.applying import Chosen
from scheduler.services.background import Job
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


def rows_of(path: Path) -> Path:
    """Return where the visits of a plan's file are kept for pages."""
    return path.with_suffix(".rows")


@dataclass(frozen=True, slots=True)
class Making:
    """Makes one plan, for `job`, as of `now`; it is written to `path`."""

    desk: Desk
    chosen: Chosen
    path: Path
    job: Job
    now: datetime

    def plan(self, tx: Tx) -> Planned:
        """Plan all visits in flight in one state of the database; memory does not grow with them.

        Raises ConfigError, NotFoundError, ConflictError for what can't be planned, StoppedError, OSError.
        """
        configuration, chosen, now = self.desk.configuration, self.chosen, self.now
        refuse_unknown(tx, configuration, chosen.clinic, chosen.treatment)
        planner = Planner(configuration, chosen.pinned, chosen.clinic, chosen.treatment)
        totals = Totals(configuration, self.desk.texts)
        apart, edits = planner.apart(tx, now=now), planner.edits(tx, now=now)
        refuse_needless_pins(tx, planner, edits, apart, now=now)
        rows = self._plan_all(tx, planner, totals)
        clinics = tuple(sorted({group.clinic for group in planner.groups(tx, now=now)}))
        beside = Beside(self.desk.approver, apart, unfinished_applies(tx))
        return self._told(edits, totals, beside, clinics, rows)

    def _plan_all(self, tx: Tx, planner: Planner, totals: Totals) -> PlanRows:
        total, done = sum(group.count for group in planner.groups(tx, now=self.now)), 0
        self.job.enter("planning")
        self.job.tell(0, total)
        with writing_plan(self.path, tx, planner, now=self.now) as file, PlanRows(rows_of(self.path)) as rows:
            for page in planner.pages(tx, now=self.now):
                for visit in page.visits:
                    totals.add(visit)
                    file.add(visit)
                    rows.add(visit, self.desk.configuration.clinic(visit.appointment.clinic).timezone)
                done += page.looked_at
                self.job.tell(min(done, total), total)
        return rows

    def _told(
        self,
        edits: Sequence[InFlightEdit],
        totals: Totals,
        beside: Beside,
        clinics: tuple[str, ...],
        rows: PlanRows,
    ) -> Planned:
        return Planned(
            name=name_of(self.desk, self.chosen),
            chosen=self.chosen,
            made_at=self.now,
            by=self.job.by,
            path=self.path,
            clinics=clinics,
            edits=[edit_data(it, totals, beside.approver) for it in edits],
            notes=[tuple(notes_of(it, beside.approver)) for it in edits],
            totals=totals_data(totals),
            beside=beside_data(beside),
            rows=rows,
            unpriced=tuple(sorted(totals.unpriced)),
            unreadable=tuple(sorted(totals.unreadable)),
        )
