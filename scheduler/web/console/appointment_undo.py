"""Taking back what was just done at the desk: what that means, and one button."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.services.desk import Desk
from scheduler.services.undoing import Undo, look_at, take_back
from scheduler.web.access import needs, note
from scheduler.web.console.shell import Shell

Number = Annotated[int, Path(ge=1, lt=2**63)]


def undo_pages(router: APIRouter, desk: Desk, shell: Shell) -> None:
    """Add the routes."""

    @router.get("/appointments/undo/{number}")
    def look(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.BOOK, "-"))], number: Number
    ) -> Response:
        """Say what would be taken back."""
        undo = look_at(desk, number, by=caller.label)
        caller.demand(Permission.BOOK, undo.clinic)
        return shell.page(request, caller, "appointments/undo.html.j2", undo=undo, back=_where(undo))

    @router.post("/appointments/undo/{number}")
    def undo_it(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "appointment.undone"))],
        number: Number,
    ) -> Response:
        """Take back what still can be."""
        caller.demand(Permission.BOOK, look_at(desk, number, by=caller.label).clinic)
        undo = take_back(desk, number, by=caller.label)
        one = undo.visits[0] if len(undo.visits) == 1 else None
        note(request, clinic=undo.clinic, subject=f"appointment/{one}" if one else f"undo/{number}")
        if undo.is_done or not undo.faults:
            return shell.go(request, _where(undo), said="appointments.said.undone", count=len(undo.visits))
        return shell.page(request, caller, "appointments/undo.html.j2", status=409, undo=undo, back=_where(undo))


def _where(undo: Undo) -> str:
    """Return where somebody goes on: to the patient, where it is about one."""
    if len(undo.visits) != 1:
        return "/appointments"
    return f"/appointments/{undo.visits[0]}"
