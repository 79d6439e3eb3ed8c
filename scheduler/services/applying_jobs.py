"""Plans that are carried out beside requests: one at a time, by whoever may do that at every clinic of the plan.

The record of an apply is in the database: after a restart it is gone on with, from where it was.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from scheduler.domain.access import Caller, Permission
from scheduler.errors import ConflictError, ForbiddenError, NotFoundError
from scheduler.services.applying import Applied, Applier
from scheduler.services.background import Background, Job, State
from scheduler.services.desk import Desk
from scheduler.services.plan_file import read_plan
from scheduler.services.plan_making import Planned
from scheduler.services.planning_jobs import FOLDER
from scheduler.services.unfinished import command_of, drop_unfinished
from scheduler.store.applies import Apply, all_applies, unfinished_applies

_TOLD_FOR = timedelta(minutes=30)
"""So long after its beginning the page of plans tells how an apply ended; the history has it for good."""
_BUSY = "a plan is being carried out: wait until it has come to its end, then look again"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An apply that has not come to its end. `path`: its plan, None where only `command` goes on with it."""

    apply: Apply
    command: str
    path: Path | None


class ApplyingJobs:
    """Carries plans out for one process."""

    def __init__(self) -> None:
        self._work = Background(_BUSY)
        self.applied: Applied | None = None
        """What the last one came to; None while it is at work, and where it was refused."""
        self.clinics: frozenset[str] = frozenset()
        """Those that the last one touches."""
        self.on_end: Callable[[], object] = lambda: None
        """Is called when one has ended, however."""

    def job(self, caller: Caller, *, now: datetime) -> Job | None:
        """Return how the last one stands; None where it ended long ago, or is not for the eyes of the caller."""
        job = self._work.job
        if job is None or not all(caller.may(Permission.READ, clinic) for clinic in self.clinics):
            return None
        return job if job.state is State.RUNNING or now - job.began_at < _TOLD_FOR else None

    def start(self, desk: Desk, planned: Planned, caller: Caller) -> Job:
        """Begin to carry out exactly that plan, and return at once.

        Raises ForbiddenError where the caller may not do that at a clinic of it, ConflictError while another is at
        work. What it is refused for after that, since something has changed, is the job's `error`.
        """
        demand_everywhere(caller, planned.clinics)
        return self._start(desk, planned.path, planned.name, caller, frozenset(planned.clinics))

    def go_on(self, desk: Desk, apply_id: int, caller: Caller) -> Job:
        """Go on with an apply that was stopped. Raises as `start` does; NotFoundError for one that is at its end."""
        found = next((it for it in unfinished(desk) if it.apply.id == apply_id), None)
        if found is None:
            raise NotFoundError("there is no such unfinished apply any more: look at the list again")
        if found.path is None:
            said = f"its plan is not in this machine's data folder: run `{found.command}` where it is"
            raise ConflictError(said, code="plan_elsewhere", command=found.command)
        clinics = read_plan(found.path, desk.store.vault).header.clinics
        demand_everywhere(caller, clinics)
        return self._start(desk, found.path, f"apply-{apply_id}", caller, clinics)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until nothing is at work."""
        self._work.wait(timeout)

    def stop(self) -> None:
        """Let what is at work end with the batch that it is at: it is gone on with later."""
        self._work.stop()

    def _start(self, desk: Desk, path: Path, name: str, caller: Caller, clinics: frozenset[str]) -> Job:
        def work(job: Job) -> None:
            self._run(desk, path, job)

        job = self._work.start(name, work, by=caller.label, now=desk.clock.now())
        self.clinics = clinics
        return job

    def _run(self, desk: Desk, path: Path, job: Job) -> None:
        self.applied = None
        job.enter("checking")

        def progress(done: int, total: int) -> None:
            job.phase = "applying"
            job.tell(done, total)

        applier = Applier(
            desk.store, desk.configuration, desk.clock, job.by, progress, checked=job.tell, named="the plan"
        )
        try:
            self.applied = applier.apply_file(path)
        finally:
            desk.wake()  # what was moved may be due
            self.on_end()


def demand_everywhere(caller: Caller, clinics: Collection[str]) -> None:
    """Raise ForbiddenError where the caller may not carry out edits at a clinic of a plan.

    It names such clinics, but for those of which the caller is to know nothing.
    """
    lacking = [clinic for clinic in sorted(clinics) if not caller.may(Permission.OPERATE, clinic)]
    if lacking:
        known = [clinic for clinic in lacking if caller.may(Permission.READ, clinic)]
        named = [*known, *(["other clinics"] if len(known) < len(lacking) else [])]
        raise ForbiddenError(
            f"the plan touches {', '.join(named)}, where you may not carry out edits: plan for a clinic of yours, "
            "or ask an operator of all of them",
            code="plan_beyond",
        )


def unfinished(desk: Desk) -> tuple[Unfinished, ...]:
    """Return what was begun and has not come to its end, in the order in which it was begun."""
    folder = (desk.settings.data_dir / FOLDER).resolve()
    with desk.store.read() as tx:
        found = unfinished_applies(tx)
    return tuple(Unfinished(it, command_of(it), _plan_of(it, folder)) for it in found)


def give_up(desk: Desk, caller: Caller) -> tuple[Apply, ...]:
    """Give up what has not come to its end; what it has done stays. Blocks; commits.

    Raises ForbiddenError for whoever may not carry out edits everywhere, ConflictError where one is at work.
    """
    demand_everywhere(caller, desk.configuration.clinics)
    return drop_unfinished(desk.store, now=desk.clock.now(), by=caller.label)


def history(desk: Desk) -> tuple[Apply, ...]:
    """Return everything that was applied, the latest first."""
    with desk.store.read() as tx:
        return tuple(reversed(all_applies(tx)))


def _plan_of(apply: Apply, folder: Path) -> Path | None:
    path = Path(apply.words[0]) if len(apply.words) == 1 else None
    return path if path and path.resolve().parent == folder and path.exists() else None
