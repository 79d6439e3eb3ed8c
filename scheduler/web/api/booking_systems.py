"""The booking systems that tell by themselves: how each stands, and calendars read by hand."""

from typing import TYPE_CHECKING, Annotated, Self

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import ConfigDict, Field, Strict

from scheduler.domain.access import Caller, Permission
from scheduler.errors import NotFoundError
from scheduler.services.bookings.standing import SourceState, Standing, standings
from scheduler.services.desk import Desk
from scheduler.services.feeds.by_hand import read_by_hand
from scheduler.services.registration import Result
from scheduler.web.access import needs, note
from scheduler.web.api.bookings import TAGS, WhyShown
from scheduler.web.api.fields import Input, Instant, Output, Slug, Yes
from scheduler.web.api.samples_bookings import READ, READING, SYSTEM

if TYPE_CHECKING:
    from scheduler.services.feeds.pulling import Pulled
    from scheduler.services.feeds.taken import Refused

Count = Annotated[int, Strict(), Field(ge=0, le=100_000)]
Id = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class SystemQuery(Input):
    """Whose booking systems."""

    clinic: Slug | None = None


class SystemShown(Output):
    """One booking system; `state` is what a person has to know first.

    `address` is what it calls, null for one that is asked. `since` and `why` say since when and why it is away, or
    when a call was turned away last. `lacks` names variables that are not set. `missing` counts the bookings that its
    calendar has no more.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [SYSTEM]})

    clinic: str
    source: str
    kind: str
    state: SourceState
    address: str | None
    heard_at: Instant | None
    since: Instant | None
    why: str | None
    lacks: list[str]
    refused: int
    waiting: int
    missing: int

    @classmethod
    def of(cls, it: Standing) -> Self:
        """Show how one stands."""
        same = {name: getattr(it, name) for name in ("kind", "state", "heard_at", "since", "refused", "waiting")}
        return cls(
            clinic=it.clinic.id,
            source=it.source.id,
            address=it.address or None,
            why=it.why or None,
            lacks=list(it.lacks),
            missing=it.missing,
            **same,
        )


class SystemsShown(Output):
    """The booking systems of the clinics that the caller manages."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [SYSTEM]}]})

    items: list[SystemShown]


class Reading(Input):
    """How a calendar is read: `dry_run` writes nothing; `accept_missing`: what is missing there is off, all of it.

    With `accept_most` only if no more than that is missing: give `held` of the reading that was looked at.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [READING]})

    dry_run: Yes = False
    accept_missing: Yes = False
    accept_most: Count | None = None


class EntryRefused(Output):
    """An entry that was not taken; `starts_at` null: that can't be read."""

    starts_at: Instant | None
    reason: str
    why: list[WhyShown]

    @classmethod
    def of(cls, entry: "Refused") -> Self:
        """Show an entry."""
        return cls(starts_at=entry.starts_at, reason=entry.reason, why=WhyShown.all_of(entry.why))


class ReadingShown(Output):
    """What came of reading a calendar. `error` is a word for why it could not be read: then nothing was taken.

    `missing` are looked for again before they are called off; `held` are so many at once, or lie after the calendar's
    end, that a person has to say that they are off (`accept_missing`). `left` are over, or too far ahead; `others`
    are no bookings.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [READ]})

    clinic: str
    source: str
    dry_run: bool
    error: str | None
    unchanged: bool
    totals: dict[Result, int]
    refused: list[EntryRefused]
    missing: int
    held: int
    left: int
    others: int

    @classmethod
    def of(cls, done: "Pulled", *, dry_run: bool) -> Self:
        """Show what came of it."""
        taken = done.taken
        return cls(
            clinic=done.clinic,
            source=done.source,
            dry_run=dry_run,
            error=done.error or None,
            unchanged=done.unchanged,
            totals=taken.totals,
            refused=[EntryRefused.of(it) for it in taken.refused],
            missing=taken.missing,
            held=taken.held,
            left=taken.left,
            others=done.others,
        )


def add_booking_systems(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/booking-systems", tags=TAGS)
    def list_all(
        request: Request,
        query: Annotated[SystemQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "booking_systems.seen"))],
    ) -> SystemsShown:
        """List the booking systems, and how each stands."""
        note(request, clinic=query.clinic)
        return SystemsShown(items=[SystemShown.of(it) for it in _standings(desk, caller, query.clinic)])

    @api.get("/booking-systems/{clinic}/{source}", tags=TAGS)
    def get_one(
        clinic: Id,
        source: Id,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "booking_system.seen"))],
    ) -> SystemShown:
        """Return how a booking system stands."""
        caller.demand(Permission.MANAGE, clinic)
        note(request, clinic=clinic, subject=f"booking_system/{source}")
        found = next((it for it in _standings(desk, caller, clinic) if it.source.id == source), None)
        if found is None:
            raise NotFoundError
        return SystemShown.of(found)

    @api.post("/booking-systems/{clinic}/{source}/read", tags=TAGS)
    def read(
        clinic: Id,
        source: Id,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "calendar.read"))],
        body: Reading | None = None,
    ) -> ReadingShown:
        """Read a calendar now, or try what that would do. A booking system that is no calendar: 409."""
        caller.demand(Permission.MANAGE, clinic)
        note(request, clinic=clinic, subject=f"booking_system/{source}")
        wanted = body or Reading()
        done = read_by_hand(desk, clinic, source, **wanted.model_dump())
        return ReadingShown.of(done, dry_run=wanted.dry_run)


def _standings(desk: Desk, caller: Caller, clinic: str | None) -> tuple[Standing, ...]:
    scope = caller.scope(Permission.MANAGE, clinic)
    public_url = desk.settings.public_url.rstrip("/")
    with desk.store.read() as tx:
        return standings(tx, desk.configuration, scope=scope, public_url=public_url, now=desk.clock.now())
