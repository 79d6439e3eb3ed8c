"""One step of one appointment: skipped, put at another instant, noted upon; and that taken back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.errors import NotFoundError
from scheduler.services import adjusting
from scheduler.services.desk import Desk
from scheduler.store.appointments import StoredAppointment
from scheduler.web.access import needs
from scheduler.web.api.appointments import instant_of, told, visible
from scheduler.web.api.fields import IdOfPath, Input, Moment, Note, Slug, Tags, Yes
from scheduler.web.api.problems import ApiError, Problem, Wrong, invalid
from scheduler.web.api.samples import STEP_EDIT
from scheduler.web.api.visits_shown import TimelineShown

TAGS: Tags = ["appointments"]
PATH = "/appointments/{appointment:record}/steps/{step}"
Step = Annotated[Slug, Path(description="The step, as the protocol calls it.")]


class StepEdit(Input):
    """An exception for one step: skip it, or put it at another instant; with a note, or a note alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [STEP_EDIT]})

    skip: Yes = False
    at: Moment | None = None
    note: Note | None = None


def add_steps(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.put(PATH, tags=TAGS)
    def adjust(
        appointment: IdOfPath,
        step: Step,
        body: StepEdit,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "step.adjusted"))],
    ) -> TimelineShown:
        """Make an exception for a step of an appointment; what is not said of it stays as it was."""
        with desk.store.write() as tx:
            visit = visible(tx, request, caller, appointment, Permission.CARE)
            wish, now = _wish(desk, visit, body), desk.clock.now()
            try:
                adjusting.adjust(tx, desk.configuration, appointment, step, wish, now=now, by=caller.label)
            except NotFoundError as error:
                raise ApiError(Problem.NOT_FOUND, str(error)) from None
        return _done(desk, appointment)

    @api.delete(PATH, tags=TAGS)
    def lift(
        appointment: IdOfPath,
        step: Step,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "step.restored"))],
    ) -> TimelineShown:
        """Take the exception back: the step is as the protocol says again."""
        with desk.store.write() as tx:
            visible(tx, request, caller, appointment, Permission.CARE)
            adjusting.lift(tx, desk.configuration, appointment, step, now=desk.clock.now(), by=caller.label)
        return _done(desk, appointment)


def _wish(desk: Desk, visit: StoredAppointment, body: StepEdit) -> adjusting.Wish:
    if body.skip and body.at:
        raise invalid(Wrong("body", "at", "does not go with skip", "send one of the two"))
    if not (body.skip or body.at or body.note):
        raise invalid(Wrong("body", "skip", "nothing is said", "send skip, at or note"))
    at = instant_of(body.at, desk.configuration.clinic(visit.clinic), "at") if body.at else None
    return adjusting.Wish(body.skip, at, body.note)


def _done(desk: Desk, appointment: int) -> TimelineShown:
    desk.wake()
    with desk.store.read() as tx:
        return TimelineShown.of(told(tx, desk, appointment))
