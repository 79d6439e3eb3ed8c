"""Setup: the audit trail: who did and saw what, when."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.services.auditing import read_audit
from scheduler.services.desk import Desk
from scheduler.store.audit import Wanted
from scheduler.web.access import needs
from scheduler.web.console.numbers import Earlier
from scheduler.web.console.shell import Shell

_LONGEST = 100


def audit_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the route."""
    router = shell.router()

    @router.get("/setup/audit")
    def audit(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "audit.seen"))],
        *,
        actor: str = "",
        action: str = "",
        subject: str = "",
        clinic: str | None = None,
        before: Earlier = None,
    ) -> Response:
        """Show a page of the trail, the newest lines first."""
        asked = {"actor": actor[:_LONGEST], "action": action[:_LONGEST], "subject": subject[:_LONGEST]}
        wanted = Wanted(
            actor=asked["actor"] or None,
            action=asked["action"] or None,
            clinic=clinic or None,
            subject=asked["subject"] or None,
        )
        page = read_audit(desk.store, caller, wanted, before=before)
        kept = {name: value or None for name, value in asked.items()}
        older = shell.address("/setup/audit", clinic=clinic, before=page.next, **kept) if page.next else None
        return shell.page(
            request,
            caller,
            "setup/audit.html.j2",
            lines=page.entries,
            asked=asked,
            older=older,
            clinic=clinic or None,
        )

    return router
