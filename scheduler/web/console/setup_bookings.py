"""Setup: the booking systems that tell by themselves, what of that was refused and why, and trying it again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.booking_event import EventState
from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import CALLING, Acuity, Calcom, Calendar, Calendly, Cliniko, Source
from scheduler.services.bookings.events import open_events, try_again
from scheduler.services.bookings.receiving import PATH
from scheduler.services.bookings.sources import unset
from scheduler.services.desk import Desk
from scheduler.store.booking_events import BookingEvent, get_booking_event, latest_by_source
from scheduler.store.booking_marks import get_mark
from scheduler.store.database import Tx
from scheduler.web.access import needs, note
from scheduler.web.console.numbers import Number
from scheduler.web.console.shell import Shell

PAGE = 50
NAMES = {Acuity: "Acuity", Calcom: "Cal.com", Calendly: "Calendly", Cliniko: "Cliniko", Calendar: "iCalendar"}


@dataclass(frozen=True, slots=True)
class Known:
    """A booking system as the page shows it; `address` is what it calls, "" for one that is asked.

    `heard_at` is when something of it came, or else when it was asked.
    """

    clinic: str
    source: Source
    name: str
    address: str
    heard_at: datetime | None
    is_set_up: bool


def booking_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router = shell.router()

    @router.get("/setup/bookings")
    def systems(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "bookings.seen"))]
    ) -> Response:
        """Show the booking systems, and what waits or was refused."""
        scope = caller.scope(Permission.MANAGE)
        clinics = [it for it in desk.configuration.clinics.values() if scope.holds(it.id)]
        with desk.store.read() as tx:
            waiting = open_events(tx, [it.id for it in clinics], limit=PAGE)
            known = _known(tx, desk, clinics)
        return shell.page(request, caller, "setup/bookings.html.j2", known=known, waiting=waiting)

    @router.post("/setup/bookings/{event_id}/again")
    def again(
        request: Request,
        event_id: Number,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "booking.retried"))],
    ) -> Response:
        """Try a call once more that was refused."""
        event = _mine(desk, request, caller, event_id)
        (tried,) = try_again(desk.store, desk.configuration, desk.clock, [event.id])
        desk.wake()
        done = tried.state is EventState.DONE
        return shell.go(request, "/setup/bookings", said="setup.booking_done" if done else "setup.booking_not_done")

    return router


def _mine(desk: Desk, request: Request, caller: Caller, event_id: int) -> BookingEvent:
    """Return an event of a clinic that the caller manages. Raises NotFoundError, ForbiddenError."""
    with desk.store.read() as tx:
        event = get_booking_event(tx, event_id)
    caller.demand(Permission.MANAGE, event.clinic)
    note(request, clinic=event.clinic, subject=f"booking_event/{event_id}")
    return event


def _known(tx: Tx, desk: Desk, clinics: list[Clinic]) -> list[Known]:
    lacking = {(clinic.id, source.id) for clinic, source, _ in unset(desk.configuration)}
    latest = latest_by_source(tx)
    return [
        Known(
            clinic.id,
            source,
            NAMES.get(type(source), ""),
            _address(desk, clinic, source) if isinstance(source, CALLING) else "",
            latest.get((clinic.id, source.id)) or get_mark(tx, f"{clinic.id}/{source.id}"),
            (clinic.id, source.id) not in lacking,
        )
        for clinic in clinics
        for source in clinic.bookings
    ]


def _address(desk: Desk, clinic: Clinic, source: Source) -> str:
    return f"{desk.settings.public_url}{PATH.format(clinic=clinic.id, source=source.id)}"
