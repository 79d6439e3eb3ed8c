"""Setup: a booking calendar as it is now, read by hand, and the word that what is missing in it is off."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.services.desk import Desk
from scheduler.services.feeds.by_hand import read_by_hand
from scheduler.services.registration import Result
from scheduler.web.access import needs, note
from scheduler.web.console.refusals import why_of_booking
from scheduler.web.console.shell import Shell

if TYPE_CHECKING:
    from scheduler.services.feeds.pulling import Pulled

SHOWN = (Result.REGISTERED, Result.RESCHEDULED, Result.CANCELLED, Result.REFUSED)
MOST_ENTRIES = 100
_PATH = "/setup/calendars/{clinic}/{source}"


def calendar_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router = shell.router()

    @router.get(_PATH)
    def look(
        request: Request,
        clinic: str,
        source: str,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "calendar.seen"))],
    ) -> Response:
        """Show what reading a calendar now would do; nothing is written."""
        _demand(request, caller, clinic, source)
        seen = read_by_hand(desk, clinic, source, dry_run=True)
        sayer = shell.sayer(request, caller, clinic)
        return shell.page(
            request,
            caller,
            "setup/calendar.html.j2",
            seen=seen,
            totals=[(it.value, seen.taken.totals[it]) for it in SHOWN if seen.taken.totals[it]],
            entries=[
                (it.starts_at, why_of_booking(sayer, it.reason, it.why)) for it in seen.taken.refused[:MOST_ENTRIES]
            ],
        )

    @router.post(_PATH + "/read")
    def read(
        request: Request,
        clinic: str,
        source: str,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "calendar.read"))],
        missing: Annotated[int, Form(ge=0, le=100_000)] = 0,
    ) -> Response:
        """Read a calendar now; `missing` says that so many are off, as were shown: where more are, none is."""
        _demand(request, caller, clinic, source)
        done = read_by_hand(desk, clinic, source, accept_missing=missing > 0, accept_most=missing)
        return shell.go(request, "/setup/bookings", said=f"bookings.read_{_ended(done)}")

    return router


def _demand(request: Request, caller: Caller, clinic: str, source: str) -> None:
    """Refuse who does not manage the clinic. Raises NotFoundError, ForbiddenError."""
    caller.demand(Permission.MANAGE, clinic)
    note(request, clinic=clinic, subject=f"booking_system/{source[:64]}")


def _ended(done: "Pulled") -> str:
    if done.error:
        return "failed"
    return "done" if done.is_clean else "open"
