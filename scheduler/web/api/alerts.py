"""What needs a person: listed, read, taken, closed."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import sentence
from scheduler.services import inbox_actions as inbox
from scheduler.services.alerts import REMEDIES, close_alert, take_alert
from scheduler.services.desk import Desk
from scheduler.services.inbox_thread import alert_thread
from scheduler.store.alert_events import stories_of_alerts
from scheduler.store.alerts import Alert, get_alert
from scheduler.store.database import Tx
from scheduler.store.desk_notes import Note as Written
from scheduler.store.desk_notes import notes_on
from scheduler.store.listing.alerts import AlertFilter, list_alerts
from scheduler.web.access import needs, note
from scheduler.web.api import pages
from scheduler.web.api.etags import tag_of
from scheduler.web.api.fields import HIGHEST, Flag, Id, IdOfPath, Input, Instant, Note, Output, Tags
from scheduler.web.api.messages import zone_of
from scheduler.web.api.pages import Page, Paging
from scheduler.web.api.samples import ALERT, ALERT_IN_FULL, CLOSING
from scheduler.web.api.visits_shown import Happened

TAGS: Tags = ["alerts"]


class AlertQuery(pages.Query):
    """Which alerts; `from` and `to` are about when they were raised."""

    kind: AlertKind | None = None
    open: Flag | None = None
    taken: Flag | None = None


class AlertShown(Output):
    """One alert; `clinic` null: it is about the whole installation. `remedy` says what a person does about it."""

    model_config = ConfigDict(json_schema_extra={"examples": [ALERT]})

    id: int
    kind: AlertKind
    clinic: str | None
    reply: int | None
    opened_at: Instant
    taken_at: Instant | None
    taken_by: str | None
    closed_at: Instant | None
    reason: str
    remedy: str

    @classmethod
    def of(cls, alert: Alert, desk: Desk, **more: object) -> Self:
        """Show an alert."""
        same = ("id", "kind", "clinic", "opened_at", "taken_at", "taken_by", "closed_at")
        return cls.model_validate(
            {
                **{name: getattr(alert, name) for name in same},
                "reply": alert.reply_id,
                "reason": sentence(alert.reasons, zone_of(desk, alert.clinic)),
                "remedy": REMEDIES[alert.kind],
                **more,
            }
        )


class Closing(Input):
    """What is left to be said, sealed. `seen` is the latest reply that was read: where more was written, 409."""

    model_config = ConfigDict(json_schema_extra={"examples": [CLOSING]})

    note: Note | None = None
    seen: Id | None = None


class NoteShown(Output):
    """What staff wrote for each other; `text` is null where it can't be opened."""

    at: Instant
    by: str
    text: str | None

    @classmethod
    def of(cls, note: Written) -> Self:
        """Show a note."""
        return cls(at=note.at, by=note.by, text=note.text)


class AlertInFull(AlertShown):
    """An alert with its notes and its history: raised, who was told, who took it, who closed it."""

    model_config = ConfigDict(json_schema_extra={"examples": [ALERT_IN_FULL]})

    notes: list[NoteShown]
    history: list[Happened]


def add_alerts(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _add_reading(api, desk)
    _add_seeing_to(api, desk)


def _add_reading(api: APIRouter, desk: Desk) -> None:
    @api.get("/alerts", tags=TAGS)
    def list_all(
        request: Request,
        response: Response,
        query: Annotated[AlertQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "alerts.listed"))],
    ) -> Page[AlertShown]:
        """List alerts, the latest first; those of the whole installation, too."""
        note(request, clinic=query.clinic)
        since, until = query.range()
        paging = Paging(desk, request, response)
        place = paging.place(query)
        scope = caller.scope(Permission.READ, query.clinic)
        wanted = AlertFilter(scope, query.kind, query.open, query.taken, since, until)
        with desk.store.read() as tx:
            found = list_alerts(tx, wanted, below=place[0] if place else None, limit=query.limit + 1)
        return paging.page(found, query.limit, lambda it: [it.id], lambda it: AlertShown.of(it, desk))

    @api.get("/alerts/{alert:record}", tags=TAGS)
    def get_one(
        alert: IdOfPath,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "alert.seen"))],
    ) -> AlertInFull:
        """Return an alert with its history."""
        with desk.store.read() as tx:
            shown = _in_full(tx, desk, _visible(tx, request, caller, alert))
        response.headers["ETag"] = tag_of(shown)
        return shown


def _add_seeing_to(api: APIRouter, desk: Desk) -> None:
    @api.post("/alerts/{alert:record}/take", tags=TAGS)
    def take(
        alert: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "alert.taken"))],
    ) -> AlertShown:
        """Say that somebody sees to it: nobody else is told. Who was first stays."""
        with desk.store.write() as tx:
            _visible(tx, request, caller, alert, Permission.CARE)
            taken = take_alert(tx, alert, by=caller.label, now=desk.clock.now())
        desk.wake()
        return AlertShown.of(taken.alert, desk)

    @api.post("/alerts/{alert:record}/give-back", tags=TAGS)
    def give_back(
        alert: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "alert.given_back"))],
    ) -> AlertShown:
        """Say that nobody sees to it any more: it rings again. Where nobody did, nothing changes."""
        with desk.store.write() as tx:
            _visible(tx, request, caller, alert, Permission.CARE)
            thread = alert_thread(tx, desk.configuration, alert)
            inbox.give_back(tx, thread, by=caller.label, now=desk.clock.now())
            shown = AlertShown.of(get_alert(tx, alert), desk)
        desk.wake()
        return shown

    @api.post("/alerts/{alert:record}/close", tags=TAGS)
    def close(
        alert: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "alert.closed"))],
        body: Closing | None = None,
    ) -> AlertShown:
        """Say that what it is about is done; its reply counts as dealt with. Faults end by themselves: 409."""
        by, now = caller.label, desk.clock.now()
        with desk.store.write() as tx:
            _visible(tx, request, caller, alert, Permission.CARE)
            if body and (body.note or body.seen):
                thread = alert_thread(tx, desk.configuration, alert)
                inbox.close(tx, thread, seen=body.seen or HIGHEST, note=body.note or "", by=by, now=now)
            else:
                close_alert(tx, alert, by=by, now=now)
            shown = AlertShown.of(get_alert(tx, alert), desk)
        desk.wake()
        return shown


def _in_full(tx: Tx, desk: Desk, alert: Alert) -> AlertInFull:
    zone = zone_of(desk, alert.clinic)
    history = [
        Happened(at=it.at, cause=it.cause, by=it.by, reason=sentence(it.reasons, zone))
        for it in stories_of_alerts(tx, [alert.id]).get(alert.id, ())
    ]
    notes = [NoteShown.of(it) for it in notes_on(tx, replies=(), alerts=[alert.id])]
    return AlertInFull.of(alert, desk, notes=notes, history=history)


def _visible(tx: Tx, request: Request, caller: Caller, alert: int, permission: Permission = Permission.READ) -> Alert:
    found = get_alert(tx, alert)
    note(request, clinic=found.clinic, subject=f"alert/{found.id}")
    caller.demand(permission, found.clinic)
    return found
