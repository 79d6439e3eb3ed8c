"""Edits that are carried out for visits in flight: what is at work, what is not at its end, what was done."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.services.applying_jobs import give_up, history
from scheduler.services.desk import Desk
from scheduler.services.plan_told import apply_data
from scheduler.services.schedule_work import ScheduleWork
from scheduler.store.applies import Apply
from scheduler.web.access import needs, note
from scheduler.web.api.fields import IdOfPath, Instant, Output, Tags
from scheduler.web.api.jobs_shown import JobShown, StartedShown
from scheduler.web.api.samples_schedules import APPLIES, APPLY

TAGS: Tags = ["schedules"]
ACCEPTED = 202


class ApplyShown(Output):
    """One apply: who, when, which edits, and how much it changed; `finished_at` null: it is not at its end.

    `words` are those after `aftercare apply`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [APPLY]})

    id: int
    by: str
    at: Instant
    finished_at: Instant | None
    given_up_by: str | None
    words: list[str]
    edits: list[dict[str, Any]]
    totals: dict[str, int]

    @classmethod
    def of(cls, apply: Apply) -> Self:
        """Show an apply."""
        return cls.model_validate({**apply_data(apply), "at": apply.at, "finished_at": apply.finished_at})


class LeftShown(Output):
    """A visit that the last apply left as it was, and why."""

    appointment: int
    because: str


class AppliesShown(Output):
    """The last work of this process, null where that is long ago; what it `left`; every apply, the latest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [APPLIES]})

    job: JobShown | None
    left: list[LeftShown]
    items: list[ApplyShown]


class GivenUpShown(Output):
    """What goes no further; what it has done stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [APPLY]}]})

    items: list[ApplyShown]


def add_applies(api: APIRouter, desk: Desk, work: ScheduleWork) -> None:
    """Add the routes."""

    @api.get("/applies", tags=TAGS)
    def list_all(caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))]) -> AppliesShown:
        """Return what was applied, and how far the last is."""
        job, applied = work.applies.job(caller, now=desk.clock.now()), work.applies.applied
        refused = applied.refused if job and applied else {}
        return AppliesShown(
            job=JobShown.of(job) if job else None,
            left=[LeftShown(appointment=visit, because=why) for visit, why in sorted(refused.items())],
            items=[ApplyShown.of(it) for it in history(desk)],
        )

    @api.post("/applies/{apply:record}/go-on", tags=TAGS, status_code=ACCEPTED)
    def go_on(
        apply: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.OPERATE, "plan.applied"))],
    ) -> StartedShown:
        """Go on with an apply that was stopped, from where it was."""
        note(request, subject=f"apply/{apply}")
        return StartedShown(job=JobShown.of(work.applies.go_on(desk, apply, caller)))

    @api.post("/applies/give-up", tags=TAGS)
    def give_it_up(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.OPERATE, "plan.given_up"))]
    ) -> GivenUpShown:
        """Give up what is not at its end; what it has done stays. Only with the permission at every clinic."""
        note(request, subject="plan")
        return GivenUpShown(items=[ApplyShown.of(it) for it in give_up(desk, caller)])
