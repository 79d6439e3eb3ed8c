"""Appointments: listed, read, moved, called off, completed; their timelines."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.services import appointments as visits
from scheduler.services.desk import Desk
from scheduler.services.moments import read_instant
from scheduler.services.timeline import Timeline, timeline
from scheduler.services.undoing import Undoable, keep, state_of
from scheduler.services.visit_changes import STATUS_AFTER, Action
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.database import Tx
from scheduler.store.visit_list import ListedVisit, Place, VisitFilter, list_visits
from scheduler.web.access import needs, note
from scheduler.web.api import pages
from scheduler.web.api.etags import refuse_changed, tag_of
from scheduler.web.api.fields import IdOfPath, Input, Moment, QueryId, Slug, Tags
from scheduler.web.api.pages import Page, Paging
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import APPOINTMENT_EDIT
from scheduler.web.api.undos import offer
from scheduler.web.api.visits_shown import AppointmentShown, TimelineShown

TAGS: Tags = ["appointments"]


class AppointmentQuery(pages.Query):
    """Which appointments."""

    patient: QueryId | None = None
    status: AppointmentStatus | None = None
    treatment: Slug | None = None


class AppointmentEdit(Input):
    """What is to be changed; what is left out stays.

    `status` booked takes a cancellation, a no-show or a completion back. Another start plans anew what is unsent.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [APPOINTMENT_EDIT]})

    starts_at: Moment | None = None
    ends_at: Moment | None = None
    status: Literal["booked", "completed", "cancelled", "no_show"] | None = None


def add_appointments(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _add_reading(api, desk)
    _add_editing(api, desk)


def _add_reading(api: APIRouter, desk: Desk) -> None:
    @api.get("/appointments", tags=TAGS)
    def list_appointments(
        request: Request,
        response: Response,
        query: Annotated[AppointmentQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "appointments.listed"))],
    ) -> Page[AppointmentShown]:
        """List appointments by their starts, the latest first."""
        note(request, clinic=query.clinic)
        since, until = query.range()
        paging = Paging(desk, request, response)
        place = paging.place(query)
        wanted = VisitFilter(
            scope=caller.scope(Permission.READ, query.clinic),
            treatment=query.treatment,
            status=query.status,
            since=since,
            until=until,
            patients=None if query.patient is None else [query.patient],
        )
        after = Place(datetime.fromisoformat(place[0]), place[1]) if place else None
        with desk.store.read() as tx:
            found = list_visits(tx, wanted, after=after, latest_first=True, limit=query.limit + 1)
        return paging.page(found, query.limit, _place, lambda it: AppointmentShown.of(it.visit))

    @api.get("/appointments/{appointment:record}", tags=TAGS)
    def get_one(
        appointment: IdOfPath,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "appointment.seen"))],
    ) -> AppointmentShown:
        """Return an appointment."""
        with desk.store.read() as tx:
            shown = AppointmentShown.of(visible(tx, request, caller, appointment))
        response.headers["ETag"] = tag_of(shown)
        return shown

    @api.get("/appointments/{appointment:record}/timeline", tags=TAGS)
    def get_timeline(
        appointment: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "timeline.seen"))],
    ) -> TimelineShown:
        """Return every step, past and future, each with its sentence of why or why not, and what came back."""
        with desk.store.read() as tx:
            visible(tx, request, caller, appointment)
            return TimelineShown.of(told(tx, desk, appointment))


def _add_editing(api: APIRouter, desk: Desk) -> None:
    @api.patch("/appointments/{appointment:record}", tags=TAGS)
    def edit(
        appointment: IdOfPath,
        body: AppointmentEdit,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "appointment.changed"))],
    ) -> AppointmentShown:
        """Move an appointment, call it off, complete it, or take that back."""
        with desk.store.write() as tx:
            visit = visible(tx, request, caller, appointment, Permission.BOOK)
            refuse_changed(request, AppointmentShown.of(visit))
            _edit(tx, desk, visit, body, caller.label)
            after = get_appointment(tx, appointment)
            undo = _undo(tx, desk, visit, after, caller.label)
        desk.wake()
        shown = AppointmentShown.of(after)
        response.headers["ETag"] = tag_of(shown)
        offer(response, desk, undo)
        return shown


def told(tx: Tx, desk: Desk, appointment: int) -> Timeline:
    """Return an appointment's timeline as it looks now."""
    return timeline(tx, desk.configuration, appointment, now=desk.clock.now(), approver=desk.approver)


def instant_of(text: str, clinic: Clinic, field: str) -> datetime:
    """Return the instant that a field says; without an offset at the clinic's wall clock. Raises ApiError."""
    try:
        return read_instant(text, clinic)
    except ValueError as error:
        detail, _, hint = str(error).partition(": ")
        raise invalid(Wrong("body", field, detail, hint or None)) from None


def _place(listed: ListedVisit) -> list[object]:
    return [listed.place.starts_at.isoformat(), listed.place.id]


def visible(
    tx: Tx, request: Request, caller: Caller, appointment: int, permission: Permission = Permission.READ
) -> StoredAppointment:
    """Return an appointment with which the caller may do that. Raises NotFoundError or ForbiddenError."""
    visit = get_appointment(tx, appointment)
    note(request, clinic=visit.clinic, subject=f"appointment/{visit.id}")
    caller.demand(permission, visit.clinic)
    return visit


def _undo(tx: Tx, desk: Desk, before: StoredAppointment, after: StoredAppointment, by: str) -> int | None:
    """Note how an edit is taken back; None for one that changed nothing."""
    if state_of(before) == state_of(after):
        return None
    action = next((it for it, status in STATUS_AFTER.items() if status is after.status), Action.MOVE)
    return keep(tx, desk, after.clinic, action.value, [Undoable.of(after, before)], by=by)


def _edit(tx: Tx, desk: Desk, visit: StoredAppointment, body: AppointmentEdit, by: str) -> None:
    now, status = desk.clock.now(), AppointmentStatus(body.status) if body.status else None
    moved = body.starts_at is not None or body.ends_at is not None
    if status is not None and status is not AppointmentStatus.BOOKED:
        if moved:
            hint = "move it and complete it in two requests; what is called off has no new time"
            raise invalid(Wrong("body", "status", "does not go with a new time", hint))
        if status in CALLED_OFF:
            visits.call_off(tx, visit.id, status, now=now, by=by)
        else:
            visits.complete(tx, visit, now=now, by=by)
    elif moved or (status is not None and visit.status is not status):
        _move(tx, desk, visit, body, by)


def _move(tx: Tx, desk: Desk, visit: StoredAppointment, body: AppointmentEdit, by: str) -> None:
    clinic = desk.configuration.clinic(visit.clinic)
    starts_at = instant_of(body.starts_at, clinic, "starts_at") if body.starts_at else visit.starts_at
    ends_at = instant_of(body.ends_at, clinic, "ends_at") if body.ends_at else None
    if ends_at and ends_at <= starts_at:
        raise invalid(Wrong("body", "ends_at", "is not after starts_at"))
    visits.reschedule(
        tx, desk.configuration, visit, starts_at=starts_at, ends_at=ends_at, now=desk.clock.now(), by=by
    )
