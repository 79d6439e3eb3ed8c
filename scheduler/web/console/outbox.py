"""The outbox of a rehearsal: what would have left this machine, as those who would have got it would have seen it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.protocol import Channel
from scheduler.errors import NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.outbox import Shown, show
from scheduler.store.outbox_pages import kept_message, kept_messages
from scheduler.web.access import needs, note
from scheduler.web.console.mail_frame import FRAME
from scheduler.web.console.numbers import Earlier, Number
from scheduler.web.console.shell import Shell

PAGE = 50
Reader = Annotated[Caller, Depends(needs(Permission.READ, "outbox.seen"))]


def outbox_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router = shell.router()

    def one(request: Request, caller: Caller, number: int) -> Shown:
        with desk.store.read() as tx:
            found = kept_message(tx, number)
        caller.demand(Permission.READ, found.clinic)
        note(request, clinic=found.clinic, subject=f"message/{found.message_id}")
        return show(found)

    @router.get("/outbox")
    def listed(
        request: Request,
        caller: Reader,
        *,
        clinic: str | None = None,
        channel: Channel | None = None,
        before: Earlier = None,
    ) -> Response:
        """List what was rehearsed, the latest first."""
        scope = caller.scope(Permission.READ, clinic or None)
        note(request, clinic=clinic or None)
        with desk.store.read() as tx:
            found = kept_messages(tx, scope, channel=channel, before=before, limit=PAGE + 1)
        older = found[PAGE - 1].id if len(found) > PAGE else None
        return shell.page(
            request,
            caller,
            "outbox/list.html.j2",
            clinic=clinic or None,
            channel=channel,
            shown=[show(it) for it in found[:PAGE]],
            newest=shell.address("/outbox", clinic=clinic or None, channel=channel) if before else None,
            older=shell.address("/outbox", clinic=clinic or None, channel=channel, before=older) if older else None,
        )

    @router.get("/outbox/{number}")
    def look(request: Request, number: Number, caller: Reader) -> Response:
        """Show one."""
        return shell.page(request, caller, "outbox/one.html.j2", frames=True, it=one(request, caller, number))

    @router.get("/outbox/{number}/mail")
    def mail(
        request: Request, number: Number, caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))]
    ) -> HTMLResponse:
        """Give the page of an email, for a frame that runs nothing."""
        found = one(request, caller, number)
        if not found.html:
            raise NotFoundError("it is no email with a page")
        return HTMLResponse(found.html, headers=dict(FRAME))

    return router
