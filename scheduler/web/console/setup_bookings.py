"""Setup: the booking systems that tell by themselves, what of that was refused and why, and being done with it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from markupsafe import Markup

from scheduler.domain.access import Caller, Permission
from scheduler.domain.booking_event import EventState
from scheduler.domain.sources import Acuity, Calcom, Calendar, Calendly, Cliniko
from scheduler.services.bookings.events import OPEN, put_aside, try_again
from scheduler.services.bookings.glance import glance_at
from scheduler.services.bookings.sources import variables_of
from scheduler.services.bookings.standing import SourceState, Standing, standings
from scheduler.services.desk import Desk
from scheduler.store.booking_events import BookingEvent, get_booking_event, list_booking_events
from scheduler.web.access import needs, note
from scheduler.web.console.numbers import Earlier, Number
from scheduler.web.console.reasons import Sayer
from scheduler.web.console.refusals import why_of_booking
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import counted, fill, words

PAGE = 50
NAMES = {Acuity: "Acuity", Calcom: "Cal.com", Calendly: "Calendly", Cliniko: "Cliniko", Calendar: "iCalendar"}
SIGNS = {
    SourceState.UNSET: ("bad", "cross"),
    SourceState.FORGED: ("bad", "ban"),
    SourceState.AWAY: ("bad", "alarm"),
    SourceState.HELD: ("bad", "hourglass"),
    SourceState.REFUSED: ("warn", "alarm"),
    SourceState.NEW: ("calm", "hourglass"),
    SourceState.WELL: ("good", "check"),
}
"""The tone and the sign of each state."""
_COUNTED = {SourceState.HELD: "missing", SourceState.REFUSED: "refused"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A booking system as the page shows it: its name, and what is to be done about it, in the reader's language."""

    standing: Standing
    name: str
    to_do: Markup

    @property
    def sign(self) -> tuple[str, str]:
        """The tone and the sign of its state."""
        return SIGNS[self.standing.state]

    @property
    def is_calendar(self) -> bool:
        """Whether there is something to look at."""
        return isinstance(self.standing.source, Calendar)


def booking_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router = shell.router()

    @router.get("/setup/bookings")
    def systems(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "bookings.seen"))],
        before: Earlier = None,
    ) -> Response:
        """Show the booking systems, and what waits or was refused."""
        scope = caller.scope(Permission.MANAGE)
        clinics = [it for it in desk.configuration.clinics if scope.holds(it)]
        public_url, now = desk.settings.public_url.rstrip("/"), desk.clock.now()
        with desk.store.read() as tx:
            found = list_booking_events(tx, clinics=clinics, states=OPEN, limit=PAGE + 1, before=before)
            known = standings(tx, desk.configuration, scope=scope, public_url=public_url, now=now)
        told = found[:PAGE]
        return shell.page(
            request,
            caller,
            "setup/bookings.html.j2",
            known=[_shown(it, shell.sayer(request, caller, it.clinic.id)) for it in known],
            waiting=[
                (it, why_of_booking(shell.sayer(request, caller, it.event.clinic), it.event.reason, it.event.why))
                for it in (glance_at(it, desk.configuration) for it in told)
            ],
            newest=shell.address("/setup/bookings") if before else None,
            earlier=shell.address("/setup/bookings", before=told[-1].id) if len(found) > PAGE else None,
        )

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
        return shell.go(request, "/setup/bookings", said="bookings.done" if done else "bookings.not_done")

    @router.post("/setup/bookings/{event_id}/aside")
    def aside(
        request: Request,
        event_id: Number,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "booking.set_aside"))],
    ) -> Response:
        """Settle a call that was refused and that nobody will mend."""
        event = _mine(desk, request, caller, event_id)
        (done,) = put_aside(desk.store, [event.id], now=desk.clock.now())
        left = any(it.code == "left_off" for it in done.why)
        return shell.go(request, "/setup/bookings", said="bookings.aside_off" if left else "bookings.aside")

    return router


def _mine(desk: Desk, request: Request, caller: Caller, event_id: int) -> BookingEvent:
    """Return an event of a clinic that the caller manages. Raises NotFoundError, ForbiddenError."""
    with desk.store.read() as tx:
        event = get_booking_event(tx, event_id)
    caller.demand(Permission.MANAGE, event.clinic)
    note(request, clinic=event.clinic, subject=f"booking_event/{event_id}")
    return event


def _shown(it: Standing, sayer: Sayer) -> Shown:
    return Shown(it, NAMES.get(type(it.source), ""), _to_do(it, sayer))


def _to_do(it: Standing, sayer: Sayer) -> Markup:
    """Return what a person does about a booking system, as one sentence."""
    known = words(sayer.language)["bookings"]["do"]
    code = it.state.value
    if isinstance(it.source, Calendar):
        code = {"away": "calendar_away", "refused": "calendar_refused", "new": "asked_new"}.get(code, code)
    elif not it.address and it.state is SourceState.NEW:
        code = "asked_new"
    if counts := _COUNTED.get(it.state):
        number = getattr(it, counts)
        return Markup("{}").format(counted(known[code], number, sayer.language, sayer.formats.number(number)))
    names = ", ".join(it.lacks or variables_of(it.source))
    since = sayer.formats.moment(it.since, it.clinic.id) if it.since else ""
    return fill(known[code], names=names, since=since, why=it.why)
