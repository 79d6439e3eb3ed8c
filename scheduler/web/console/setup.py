"""Setup: how the installation is, and from where the clinics send. Users, keys, hooks and the trail are beside."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from scheduler.domain.access import EVERY_CLINIC, Caller, Permission
from scheduler.errors import ForbiddenError
from scheduler.services.desk import Desk
from scheduler.services.examining import Examiner
from scheduler.services.senders import senders_of
from scheduler.web.access import needs
from scheduler.web.console.refusals import finding_told
from scheduler.web.console.setup_audit import audit_pages
from scheduler.web.console.setup_bookings import booking_pages
from scheduler.web.console.setup_calendars import calendar_pages
from scheduler.web.console.setup_hooks import hook_pages
from scheduler.web.console.setup_keys import key_pages
from scheduler.web.console.setup_users import user_pages
from scheduler.web.console.shell import Shell
from scheduler.web.late import join

Manager = Annotated[Caller, Depends(needs(Permission.MANAGE, "setup.seen"))]


def setup_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router, examiner = shell.router(), Examiner(desk.settings, desk.clock)

    @router.get("/setup")
    def examined(request: Request, caller: Manager) -> Response:
        """Show what the last look at the installation found, to whoever manages all of it."""
        of_all = _is_of_all(caller)
        last = examiner.last if of_all else None
        told = partial(finding_told, shell.sayer(request, caller))
        return shell.page(request, caller, "setup/health.html.j2", last=last, may_examine=of_all, finding_told=told)

    @router.post("/setup/examine")
    def examine(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "setup.examined"))]
    ) -> Response:
        """Look the installation over: it takes seconds, and calls the providers where delivery is live."""
        if not _is_of_all(caller):
            raise ForbiddenError("only who manages every clinic examines the installation", code="examines_not")
        examiner.examine()
        return shell.go(request, "/setup", said="setup.examined")

    @router.get("/setup/senders")
    def senders(request: Request, caller: Manager) -> Response:
        """Show from where each clinic sends, and who is on call there."""
        scope = caller.scope(Permission.MANAGE)
        clinics = [it for it in desk.configuration.clinics.values() if scope.holds(it.id)]
        return shell.page(request, caller, "setup/senders.html.j2", senders=senders_of(desk, clinics))

    more = (user_pages, key_pages, booking_pages, calendar_pages, hook_pages, audit_pages)
    join(router, *(pages(desk, shell) for pages in more))
    return router


def _is_of_all(caller: Caller) -> bool:
    return caller.may(Permission.MANAGE, EVERY_CLINIC)
