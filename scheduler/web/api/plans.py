"""What an edit of protocols changes for visits in flight: worked out beside requests, then read page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from scheduler.domain.access import Caller, Permission
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services.applying import Chosen
from scheduler.services.desk import Desk
from scheduler.services.plan_making import Planned
from scheduler.services.schedule_work import ScheduleWork
from scheduler.web.access import needs, note
from scheduler.web.api.cursors import place_of
from scheduler.web.api.fields import Tags
from scheduler.web.api.jobs_shown import JobShown, StartedShown
from scheduler.web.api.pages import Page, Paging
from scheduler.web.api.plans_shown import (
    Applying,
    ChangesQuery,
    ChangesShown,
    MadePlanShown,
    PlanChoice,
    PlanningShown,
    PlanQuery,
)
from scheduler.web.api.problems import Wrong, invalid

TAGS: Tags = ["schedules"]
ACCEPTED = 202


def add_plans(api: APIRouter, desk: Desk, work: ScheduleWork) -> None:
    """Add the routes."""
    plans = _Plans(desk, work)

    @api.post("/plans", tags=TAGS, status_code=ACCEPTED)
    def start(
        body: PlanChoice,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "plan.made"))],
    ) -> StartedShown:
        """Begin to work out what the edits of the files change. Nothing is written. Another being made is 409."""
        note(request, clinic=body.clinic, subject="plan")
        chosen = plans.chosen(caller, body.clinic, body.treatment, body.pins)
        work.flight.forget()
        return StartedShown(job=JobShown.of(work.plans.start(desk, chosen, by=caller.label)))

    @api.get("/plans/current", tags=TAGS)
    def current(
        request: Request,
        query: Annotated[PlanQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))],
    ) -> PlanningShown:
        """Say how far the plan of that choice is, and what it comes to once it is made."""
        note(request, clinic=query.clinic)
        chosen = plans.chosen(caller, query.clinic, query.treatment, query.pinned)
        job, planned = work.plans.job(desk, chosen), work.plans.result(desk, chosen)
        return PlanningShown(
            clinic=chosen.clinic,
            treatment=chosen.treatment,
            pins=sorted(f"{treatment}.{step}" for treatment, step in chosen.pinned),
            job=JobShown.of(job) if job else None,
            plan=MadePlanShown.of(planned) if planned else None,
        )

    @api.get("/plans/current/changes", tags=TAGS)
    def changes(
        request: Request,
        response: Response,
        query: Annotated[ChangesQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))],
    ) -> Page[ChangesShown]:
        """List what changes for each appointment, 50 a page, by number; nothing where no such plan was made."""
        note(request, clinic=query.clinic)
        planned = work.plans.result(desk, plans.chosen(caller, query.clinic, query.treatment, query.pinned))
        place = place_of(desk.store.vault, request, query.cursor)
        return _page(Paging(desk, request, response), planned, place)

    @api.post("/plans/current/apply", tags=TAGS, status_code=ACCEPTED)
    def apply(
        body: Applying,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.OPERATE, "plan.applied"))],
    ) -> StartedShown:
        """Begin to carry out the plan that was read, at all its clinics or not at all. Made anew since: 409."""
        note(request, clinic=body.clinic, subject="plan")
        chosen = plans.chosen(caller, body.clinic, body.treatment, body.pins)
        planned = work.plans.result(desk, chosen)
        if planned is None or not _is_of(planned, body.made_at):
            raise ConflictError("there is no such plan any more: make it anew, read it, then apply that")
        return StartedShown(job=JobShown.of(work.applies.start(desk, planned, caller)))


@dataclass(frozen=True, slots=True)
class _Plans:
    desk: Desk
    work: ScheduleWork

    def chosen(self, caller: Caller, clinic: str | None, treatment: str | None, pins: Sequence[str]) -> Chosen:
        """Return what is meant, where the caller may read. Raises NotFoundError, ApiError."""
        scope, known = caller.scope(Permission.READ, clinic), self.desk.configuration.clinics
        if clinic and clinic not in known:
            raise NotFoundError
        if clinic is None and not all(scope.holds(it) for it in known):
            mine = ", ".join(sorted(it for it in known if scope.holds(it)))
            raise invalid(Wrong("body", "clinic", "is missing: this key has not every clinic", f"one of {mine}"))
        pairs = [it.partition(".") for it in pins]
        return Chosen(frozenset((one, step) for one, _, step in pairs), clinic, treatment)


def _page(paging: Paging, planned: Planned | None, place: list[object] | None) -> Page[ChangesShown]:
    """Return a page; `place` has when the plan was made, and the number of the page. Raises ApiError."""
    if planned is None:
        return Page(items=[], next=None)
    made_at = planned.made_at.isoformat()
    if place and place[0] != made_at:
        raise invalid(Wrong("query", "cursor", "is of a plan that was made anew since", "begin with the first page"))
    number = int(str(place[1])) if place else 1
    try:
        rows = planned.rows.page(number)
    except FileNotFoundError:
        raise invalid(Wrong("query", "cursor", "is of a plan that is kept no longer", "make it anew")) from None
    items = [ChangesShown.of(it) for it in rows]
    return Page(items=items, next=paging.next([made_at, number + 1] if number < planned.rows.pages else None))


def _is_of(planned: Planned, made_at: str) -> bool:
    try:
        return planned.made_at == datetime.fromisoformat(made_at)
    except ValueError:
        raise invalid(Wrong("body", "made_at", "is no date that there is", "take it from the plan")) from None
