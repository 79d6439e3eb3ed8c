"""Applies an edit of protocols to the visits in flight: each is planned in the very transaction that writes it.

So it is right while engines send and the desk works. What was done is on record with who and when; a process that is
killed is started again and goes on.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from scheduler.clock import Clock
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.apply_run import BATCH, Progress, Run, portions, refusal
from scheduler.services.plan_file import PlanFile, check_value, edit_said, read_plan
from scheduler.services.planner import InFlightEdit, Planner
from scheduler.services.rests_on import files_digest
from scheduler.services.switching import Pinned
from scheduler.services.unfinished import make_way
from scheduler.store.applies import Apply, begin_apply, find_apply, last_finished
from scheduler.store.database import Store, Tx
from scheduler.store.versions import remember

NAMED = 5
"""Visits that are named in a refusal; of the rest, how many."""

Look = Callable[[Tx, Planner, Sequence[InFlightEdit]], object]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which visits are to follow the files, and which edits they do not follow."""

    pinned: Pinned = frozenset()
    clinic: str | None = None
    treatment: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What says the same after `aftercare apply`."""
        one = [("--clinic", self.clinic), ("--treatment", self.treatment)]
        pins = [("--pin", f"{treatment}.{step}") for treatment, step in sorted(self.pinned)]
        return tuple(word for option, value in (*one, *pins) if value for word in (option, value))


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an apply; `apply` is None where there was nothing to apply.

    `refused`: why visits were left as they are, by id. `resumed`: it had been begun before; `before`: and finished.
    """

    apply: Apply | None
    refused: Mapping[int, str] = field(default_factory=dict)
    resumed: bool = False
    before: bool = False


@dataclass(frozen=True, slots=True)
class Applier:
    """Applies for one person, whom `by` names, by the files as they are.

    `look` is shown the edits before anything is written, and may raise; not where this goes on with an apply. `pause`
    waits so many seconds; `batch` visits are in one commit. Refused while an apply of other words is not at its end.
    `checked` is told how many visits of a plan in a file were looked at before, `named` is what refusals call that.
    """

    store: Store
    configuration: Configuration
    clock: Clock
    by: str
    progress: Progress
    look: Look = field(default=lambda _tx, _planner, _edits: None, kw_only=True)
    pause: Callable[[float], object] = time.sleep
    batch: int = BATCH
    checked: Progress = field(default=lambda _done, _total: None, kw_only=True)
    named: str = field(default="", kw_only=True)

    def apply(self, chosen: Chosen) -> Applied:
        """Plan anew and apply, to the last visit in flight. Blocks; commits. Raises ConflictError, StoreError."""
        planner = Planner(self.configuration, chosen.pinned, chosen.clinic, chosen.treatment)
        with self._alone():
            with self.store.write() as tx:
                now = self.clock.now()
                make_way(tx, _aim(tx, self.configuration, chosen), chosen.words, now=now, by=self.by)
                digest = _aim(tx, self.configuration, chosen)
                begun = find_apply(tx, digest)
                edits = planner.edits(tx, now=now)
                if begun is None:
                    self.look(tx, planner, edits)
                    if not edits:
                        return Applied(None)
                total = sum(group.count for group in planner.groups(tx, now=now))
                self._keep_versions(tx, planner)
                said = [edit_said(it) for it in edits]
                apply = begun or begin_apply(tx, digest, said, chosen.words, now=now, by=self.by)
            run = self._run(planner, apply, total)
            run.until_nothing_is_left()
            return Applied(run.finish(), resumed=begun is not None)

    def apply_file(self, path: Path) -> Applied:
        """Apply a plan that was written to a file, as it says or not at all. Blocks; commits.

        All that it rests on is looked at before anything is written. A visit that changes in the seconds until its
        turn is left as it is, and told of. Raises ConflictError, StoreError, OSError.
        """
        plan = read_plan(path, self.store.vault)
        header = plan.header
        planner = Planner(self.configuration, header.pinned, header.clinic, header.treatment)
        with self._alone():
            with self.store.read() as tx:
                make_way(tx, plan.digest, None, now=self.clock.now(), by=self.by)
                begun = find_apply(tx, plan.digest)
            if begun and begun.given_up_by:
                given_up = f"{self.named or path} was begun, and given up by {begun.given_up_by}"
                raise ConflictError(f"{given_up}: plan again, and apply that")
            if begun and begun.finished_at:
                return Applied(begun, resumed=True, before=True)
            self._refuse_other_ground(plan)
            self._refuse_out_of_date(plan, planner, begun)
            with self.store.write() as tx:
                now = self.clock.now()
                if begun is None:
                    self.look(tx, planner, planner.edits(tx, now=now))
                self._keep_versions(tx, planner)
                apply = begun or begin_apply(tx, plan.digest, header.edits, [str(path)], now=now, by=self.by)
            run = self._run(planner, apply, plan.visits, resumed=begun is not None)
            run.by_lines(plan.lines(above=apply.done_through))
            return Applied(run.finish(), run.refused, resumed=begun is not None)

    def _keep_versions(self, tx: Tx, planner: Planner) -> None:
        """Keep the versions that visits are to go by before any batch: none then waits for who adds the same one."""
        groups = planner.groups(tx, now=self.clock.now())
        own = [self.configuration.protocol_for(it.clinic, it.treatment) for it in groups]
        remember(tx, own, now=self.clock.now())

    def _run(self, planner: Planner, apply: Apply, total: int, *, resumed: bool = False) -> Run:
        values = (self.clock, self.by, self.progress, total, self.pause, self.batch, resumed)
        return Run(self.store, planner, apply, *values)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self.store.turn("apply") as mine:
            if not mine:
                raise ConflictError(
                    "another `aftercare apply` is at work: wait until it has finished, then look again"
                )
            yield

    def _refuse_other_ground(self, plan: PlanFile) -> None:
        if plan.header.database != check_value(self.store.vault):
            raise ConflictError(f"{self.named or plan.path} was made on another database: plan again on this one")
        if plan.header.files != files_digest(self.configuration):
            since = f"{self.named or plan.path} was made ({plan.header.made_at})"
            raise ConflictError(f"the files were edited since {since}: plan again, and apply that")

    def _refuse_out_of_date(self, plan: PlanFile, planner: Planner, begun: Apply | None) -> None:
        """Raise ConflictError where any visit is not as the plan has it, but for those that it has changed before."""
        done_through = begun.done_through if begun else 0
        wrong: dict[int, str] = {}
        looked_at = 0
        with self.store.read() as tx:
            for lines in portions(plan.lines(above=done_through)):
                ids = [line.appointment for line in lines]
                visits = {it.appointment.id: it for it in planner.of(tx, ids, now=self.clock.now())}
                before = planner.up_to_date(tx, ids) if begun else frozenset()
                checks = [(line.appointment, refusal(line, visits.get(line.appointment))) for line in lines]
                wrong |= {visit: why for visit, why in checks if why and visit not in before}
                looked_at += len(lines)
                self.checked(min(looked_at, plan.visits), plan.visits)
        if wrong:
            named = "; ".join(f"appointment {visit}: {why}" for visit, why in islice(wrong.items(), NAMED))
            more = f"; and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
            done = "nothing more was done" if begun else "nothing was done"
            raise ConflictError(f"{done}, since {self.named or plan.path} is out of date: {named}{more}: plan again")


def _aim(tx: Tx, configuration: Configuration, chosen: Chosen) -> str:
    """Return what names an apply without a file: what it leads to, since the last one that came to its end.

    So one that was killed is found again, and the same edit, made anew after another, is an apply of its own.
    """
    protocols = sorted((name, it.digest) for name, it in configuration.protocols.items())
    overridden = sorted((*name, it.digest) for name, it in configuration.overridden.items())
    which = (sorted(chosen.pinned), chosen.clinic, chosen.treatment)
    text = json.dumps((protocols, overridden, which, last_finished(tx)))
    return hashlib.sha256(text.encode()).hexdigest()
