"""The list of deliveries as a CSV file, row by row, as the console's page gives it."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator, Field

from scheduler.domain.access import Caller, Permission
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.services.deliveries import clinics_of, windows_of
from scheduler.services.delivery_export import export
from scheduler.services.desk import Desk
from scheduler.services.tallies import day_window
from scheduler.store.deliveries import Wanted
from scheduler.store.tallies import TROUBLES, Window
from scheduler.web.access import needs, note
from scheduler.web.api.fields import Day, Flag, Input, Slug, Tags, whole
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples_files import DELIVERIES_CSV

TAGS: Tags = ["messages"]
MOST_DAYS = 366
_BODY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": DELIVERIES_CSV}}}
}


class CsvResponse(StreamingResponse):
    """A CSV file that is made while it is sent."""

    media_type = "text/csv"


class ExportQuery(Input):
    """Which messages: of one `day`, else of so many days up to today, in each clinic's own days."""

    clinic: Slug | None = None
    days: Annotated[int, BeforeValidator(whole), Field(ge=1, le=MOST_DAYS)] = 30
    day: Day | None = None
    status: Annotated[
        Status | Literal["trouble"] | None, Field(description="A state; `trouble`: every one that may need a person.")
    ] = None
    channel: Literal["sms", "email"] | None = None
    step: Slug | None = None
    treatment: Slug | None = None
    reason: Annotated[str | None, Field(max_length=32, pattern=r"^[a-z_]+$", description="The code of a reason.")] = (
        None
    )
    bom: Annotated[Flag, Field(description="Begin with a byte order mark, by which Excel knows UTF-8.")] = False

    @property
    def wanted(self) -> Wanted:
        """The conditions of the list."""
        statuses = () if self.status is None else TROUBLES if self.status == "trouble" else (Status(self.status),)
        channel = Channel(self.channel) if self.channel else None
        return Wanted(tuple(statuses), channel, self.step, self.treatment, self.reason)


def add_delivery_export(api: APIRouter, desk: Desk) -> None:
    """Add the route."""

    @api.get("/deliveries/export", tags=TAGS, response_class=CsvResponse, responses=_BODY)
    def download(
        request: Request,
        query: Annotated[ExportQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "deliveries.exported"))],
    ) -> CsvResponse:
        """Give the list of messages as CSV, the latest due first: no names, no addresses, no texts.

        No cell begins as a formula does, so that no spreadsheet computes one.
        """
        note(request, clinic=query.clinic)
        clinics = clinics_of(desk.configuration, caller.scope(Permission.READ, query.clinic).clinics)
        windows = _windows(desk, clinics, query)
        lines = export(desk.store, clinics, windows, query.wanted, bom=query.bom)
        return CsvResponse(lines, headers={"Content-Disposition": 'attachment; filename="deliveries.csv"'})


def _windows(desk: Desk, clinics: tuple[Clinic, ...], query: ExportQuery) -> tuple[Window, ...]:
    if query.day is None:
        return windows_of(clinics, days=query.days, now=desk.clock.now())
    try:
        day = date.fromisoformat(query.day)
    except ValueError:
        raise invalid(Wrong("query", "day", "names a day that does not exist", "look at the calendar")) from None
    return tuple(day_window(it, day) for it in clinics)
