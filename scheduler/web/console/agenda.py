"""One's own link to the calendar of what goes out: made, renewed, turned off on the account's page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller
from scheduler.services.agenda import Agendas
from scheduler.web.access import needs, note
from scheduler.web.console.shell import Shell


def agenda_routes(router: APIRouter, shell: Shell, agendas: Agendas) -> None:
    """Add the routes. Nothing here needs more than being signed in: the calendar shows what its owner may see."""

    @router.post("/account/agenda")
    def renew(request: Request, caller: Annotated[Caller, Depends(needs(None, "account.agenda_made"))]) -> Response:
        """Make a link, in place of the one there was."""
        note(request, subject=f"user/{caller.id}")
        agendas.renew(caller.id)
        return shell.go(request, "/account", said="agenda.made")

    @router.post("/account/agenda/end")
    def end(request: Request, caller: Annotated[Caller, Depends(needs(None, "account.agenda_ended"))]) -> Response:
        """Turn the link off."""
        note(request, subject=f"user/{caller.id}")
        agendas.end(caller.id)
        return shell.go(request, "/account", said="agenda.ended")
