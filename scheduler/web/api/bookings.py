"""What booking systems told: listed, read, tried again, set aside."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict, Field

from scheduler.domain.access import Caller, Permission
from scheduler.domain.booking_event import EventState, Outcome
from scheduler.domain.why import Why
from scheduler.services.bookings.events import put_aside, try_again
from scheduler.services.desk import Desk
from scheduler.store.booking_events import BookingEvent, get_booking_event
from scheduler.store.listing.booking_events import BookingFilter, list_bookings
from scheduler.web.access import needs, note
from scheduler.web.api import pages
from scheduler.web.api.etags import tag_of
from scheduler.web.api.fields import IdOfPath, Instant, Output, QueryId, Short, Slug, Tags
from scheduler.web.api.pages import Page, Paging
from scheduler.web.api.samples_bookings import BOOKING

TAGS: Tags = ["bookings"]


class BookingQuery(pages.Query):
    """Which calls; `from` and `to` are about when they were received."""

    source: Slug | None = None
    state: EventState | None = None
    booking: Annotated[Short | None, Field(description="The booking system's id of the booking.")] = None
    appointment: QueryId | None = None


class WhyShown(Output):
    """A reason as a code, with its values as texts."""

    code: str
    values: dict[str, str]

    @classmethod
    def all_of(cls, whys: tuple[Why, ...]) -> list[Self]:
        """Show several."""
        return [cls(code=it.code, values=dict(it.values)) for it in whys]


class BookingShown(Output):
    """One call of a booking system. `why` says the same as `reason`, as codes; empty where there is the text only."""

    model_config = ConfigDict(json_schema_extra={"examples": [BOOKING]})

    id: int
    clinic: str
    source: str
    received_at: Instant
    state: EventState
    outcome: Outcome | None
    reason: str
    why: list[WhyShown]
    booking: str | None
    appointment: int | None
    tries: int
    handled_at: Instant | None

    @classmethod
    def of(cls, event: BookingEvent) -> Self:
        """Show a call."""
        values = {name: getattr(event, name) for name in cls.model_fields if name != "why"}
        return cls.model_validate({**values, "why": WhyShown.all_of(event.why)})


def add_bookings(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _add_reading(api, desk)

    @api.post("/bookings/{booking:record}/again", tags=TAGS)
    def again(
        booking: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "booking.retried"))],
    ) -> BookingShown:
        """Try a call again that was refused, now; the answer says what became of it. One that is done: 409."""
        _mine(desk, request, caller, booking)
        (tried,) = try_again(desk.store, desk.configuration, desk.clock, [booking])
        desk.wake()
        return BookingShown.of(tried)

    @api.post("/bookings/{booking:record}/set-aside", tags=TAGS)
    def set_aside(
        booking: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "booking.set_aside"))],
    ) -> BookingShown:
        """Settle a call that was refused and that nobody will mend: nothing is registered. Any other: 409."""
        _mine(desk, request, caller, booking)
        (aside,) = put_aside(desk.store, [booking], now=desk.clock.now())
        return BookingShown.of(aside)


def _add_reading(api: APIRouter, desk: Desk) -> None:
    @api.get("/bookings", tags=TAGS)
    def list_all(
        request: Request,
        response: Response,
        query: Annotated[BookingQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "bookings.listed"))],
    ) -> Page[BookingShown]:
        """List what booking systems told, the latest first."""
        note(request, clinic=query.clinic)
        since, until = query.range()
        paging = Paging(desk, request, response)
        place = paging.place(query)
        scope = caller.scope(Permission.MANAGE, query.clinic)
        wanted = BookingFilter(scope, query.source, query.state, query.booking, query.appointment, since, until)
        with desk.store.read() as tx:
            found = list_bookings(tx, wanted, below=place[0] if place else None, limit=query.limit + 1)
        return paging.page(found, query.limit, lambda it: [it.id], BookingShown.of)

    @api.get("/bookings/{booking:record}", tags=TAGS)
    def get_one(
        booking: IdOfPath,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "booking.seen"))],
    ) -> BookingShown:
        """Return a call: what became of it, and why."""
        shown = BookingShown.of(_mine(desk, request, caller, booking))
        response.headers["ETag"] = tag_of(shown)
        return shown


def _mine(desk: Desk, request: Request, caller: Caller, booking: int) -> BookingEvent:
    """Return a call to a clinic that the caller manages. Raises NotFoundError, ForbiddenError."""
    with desk.store.read() as tx:
        event = get_booking_event(tx, booking)
    caller.demand(Permission.MANAGE, event.clinic)
    note(request, clinic=event.clinic, subject=f"booking_event/{booking}")
    return event
