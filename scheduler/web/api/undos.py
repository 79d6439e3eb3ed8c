"""Taking back what the caller has just done to appointments, while nothing went out because of it."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.services.desk import Desk
from scheduler.services.undoing import Fault, Undo, look_at, take_back
from scheduler.web.access import needs, note
from scheduler.web.api.fields import IdOfPath, Instant, Output, Tags
from scheduler.web.api.pages import BASE
from scheduler.web.api.samples_files import UNDO

TAGS: Tags = ["appointments"]
HEADER = "Undo"


class LeftShown(Output):
    """An appointment that is not taken back: a message went out since, or somebody has changed it since."""

    appointment: int
    because: Fault


class UndoShown(Output):
    """Something that can be taken back by who did it, for 15 minutes; `left` stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [UNDO]})

    id: int
    clinic: str
    what: str
    at: Instant
    done: bool
    appointments: list[int]
    left: list[LeftShown]

    @classmethod
    def of(cls, undo: Undo, *, done: bool) -> Self:
        """Show it."""
        left = [LeftShown(appointment=visit, because=fault) for visit, fault in undo.faults.items()]
        visits = list(undo.visits)
        return cls(
            id=undo.id, clinic=undo.clinic, what=undo.what, at=undo.at, done=done, appointments=visits, left=left
        )


def add_undos(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/undos/{undo:record}", tags=TAGS)
    def look(undo: IdOfPath, caller: Annotated[Caller, Depends(needs(Permission.BOOK, "-"))]) -> UndoShown:
        """Say what would be taken back, and what not. Nobody sees it but who did it."""
        found = _mine(desk, caller, undo)
        return UndoShown.of(found, done=found.is_done)

    @api.post("/undos/{undo:record}", tags=TAGS)
    def undo_it(
        undo: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "appointment.undone"))],
    ) -> UndoShown:
        """Take back what still can be, and say what was left. A second time changes nothing."""
        _mine(desk, caller, undo)
        done = take_back(desk, undo, by=caller.label)
        one = done.visits[0] if len(done.visits) == 1 else None
        note(request, clinic=done.clinic, subject=f"appointment/{one}" if one else f"undo/{undo}")
        return UndoShown.of(done, done=True)


def offer(response: Response, desk: Desk, undo: int | None) -> None:
    """Say in the answer's header what takes it back."""
    if undo is not None:
        response.headers[HEADER] = f"{desk.settings.public_url.rstrip('/')}{BASE}/undos/{undo}"


def _mine(desk: Desk, caller: Caller, undo: int) -> Undo:
    """Return what the caller can take back. Raises NotFoundError, ForbiddenError."""
    found = look_at(desk, undo, by=caller.label)
    caller.demand(Permission.BOOK, found.clinic)
    return found
