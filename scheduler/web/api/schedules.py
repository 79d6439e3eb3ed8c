"""Schedules: the protocols with who approved them, who goes by them, which edits wait; what is wrong with files."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from scheduler.domain.access import Caller, Permission
from scheduler.errors import NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.file_checks import sound_since
from scheduler.services.schedule_pages import first_clinic, schedule, schedules
from scheduler.services.schedule_work import ScheduleWork
from scheduler.web.access import needs, note
from scheduler.web.api.fields import Slug, Tags
from scheduler.web.api.files import ClinicQuery
from scheduler.web.api.schedules_shown import (
    ProblemShown,
    ProblemsShown,
    ScheduleInFull,
    ScheduleShown,
    SchedulesShown,
)

TAGS: Tags = ["schedules"]


def add_schedules(api: APIRouter, desk: Desk, work: ScheduleWork) -> None:
    """Add the routes; `work` outlives editions of the files."""

    @api.get("/schedules", tags=TAGS)
    def list_all(
        request: Request,
        query: Annotated[ClinicQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))],
    ) -> SchedulesShown:
        """List the protocols: who goes by them, how much of each is approved, which edits wait."""
        note(request, clinic=query.clinic)
        scope = caller.scope(Permission.READ, query.clinic)
        flight, problems = work.flight.look(desk, scope), work.checks.look(desk).problems
        return SchedulesShown(items=[ScheduleShown.of(it) for it in schedules(desk, scope, flight, problems)])

    @api.get("/schedules/{treatment}", tags=TAGS)
    def get_one(
        treatment: Slug,
        request: Request,
        query: Annotated[ClinicQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "schedule.seen"))],
    ) -> ScheduleInFull:
        """Return a protocol as a clinic has it, by default the first of the key: steps, texts, advice, sources."""
        place = clinic_of(desk, caller, query.clinic)
        refuse_unknown(desk, treatment)
        note(request, clinic=place, subject=f"schedule/{treatment}")
        flight = work.flight.look(desk, caller.scope(Permission.READ, place))
        return ScheduleInFull.of(schedule(desk, treatment, place, flight, work.checks.look(desk).problems), desk)

    @api.get("/file-problems", tags=TAGS)
    def problems(caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))]) -> ProblemsShown:
        """Say what is wrong with the files as they lie there now, as `aftercare check` does."""
        caller.scope(Permission.READ)
        found = work.checks.look(desk)
        return ProblemsShown(
            checked_at=found.at,
            going_on=found.going_on,
            works_by_those_of=sound_since(desk) if found.errors else None,
            items=[ProblemShown.of(it, desk) for it in found.problems],
        )


def clinic_of(desk: Desk, caller: Caller, asked: str | None) -> str:
    """Return the clinic that is looked at: the one asked for, else the caller's first. Raises NotFoundError."""
    found = asked or first_clinic(desk, caller.scope(Permission.READ, asked))
    if asked:
        caller.demand(Permission.READ, asked)
    if found is None or found not in desk.configuration.clinics:
        raise NotFoundError
    return found


def refuse_unknown(desk: Desk, treatment: str) -> None:
    """Raise NotFoundError for a treatment that has no protocol."""
    if treatment not in desk.configuration.protocols:
        raise NotFoundError
