"""Messages: listed, read with the text as it was sent, and a person's word on what is held."""

from typing import Annotated, Self
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Brake, Status
from scheduler.errors import ConflictError
from scheduler.services.desk import Desk
from scheduler.services.holding import drop, release
from scheduler.store.attempts import Attempt, attempts_of
from scheduler.store.database import Tx
from scheduler.store.events import events_of_message
from scheduler.store.held import Choice
from scheduler.store.listing.messages import MessageFilter, list_messages
from scheduler.store.messages import Message, get_message
from scheduler.web.access import needs, note
from scheduler.web.api import pages
from scheduler.web.api.etags import tag_of
from scheduler.web.api.fields import IdOfPath, Instant, Output, QueryId, Slug, Tags
from scheduler.web.api.pages import Page, Paging
from scheduler.web.api.samples import MESSAGE, MESSAGE_IN_FULL
from scheduler.web.api.visits_shown import Happened

TAGS: Tags = ["messages"]
UTC = ZoneInfo("UTC")


class MessageQuery(pages.Query):
    """Which messages; `from` and `to` are about when they are due."""

    kind: MessageKind | None = None
    status: Status | None = None
    channel: Channel | None = None
    purpose: Purpose | None = None
    step: Slug | None = None
    patient: QueryId | None = None
    appointment: QueryId | None = None


class MessageShown(Output):
    """One message; `step` of what is no step is the name of its text. `reason` has times in the clinic's zone."""

    model_config = ConfigDict(json_schema_extra={"examples": [MESSAGE]})

    id: int
    kind: MessageKind
    clinic: str
    patient: int | None
    appointment: int | None
    reply: int | None
    alert: int | None
    step: str
    channel: Channel
    occurrence: int
    purpose: Purpose
    status: Status
    due_at: Instant
    useful_until: Instant
    held_by: Brake | None
    segments: int | None
    reason: str

    @classmethod
    def of(cls, message: Message, desk: Desk, **more: object) -> Self:
        """Show a message."""
        names = ("id", "kind", "clinic", "step", "channel", "occurrence", "purpose", "status", "due_at")
        return cls.model_validate(
            {
                **{name: getattr(message, name) for name in names},
                "patient": message.patient_id,
                "appointment": message.appointment_id,
                "reply": message.reply_id,
                "alert": message.alert_id,
                "useful_until": message.useful_until,
                "held_by": message.brake if message.status is Status.HELD else None,
                "segments": message.segments,
                "reason": sentence(message.reasons, zone_of(desk, message.clinic)),
                **more,
            }
        )


class AttemptShown(Output):
    """One hand-over to a provider; `outcome` is null while it goes on. `rehearsed`: no provider was called."""

    started_at: Instant
    finished_at: Instant | None
    outcome: Status | None
    error: str
    rehearsed: bool
    address: str
    body: str

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """Show a hand-over."""
        return cls(
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            outcome=attempt.outcome,
            error=attempt.error_code,
            rehearsed=attempt.rehearsed,
            address=attempt.address,
            body=attempt.body,
        )


class MessageInFull(MessageShown):
    """A message with all that was handed over, where to and in which words, and its history."""

    model_config = ConfigDict(json_schema_extra={"examples": [MESSAGE_IN_FULL]})

    attempts: list[AttemptShown]
    history: list[Happened]


def add_messages(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _add_reading(api, desk)
    _add_deciding(api, desk)


def _add_reading(api: APIRouter, desk: Desk) -> None:
    @api.get("/messages", tags=TAGS)
    def list_all(
        request: Request,
        response: Response,
        query: Annotated[MessageQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "messages.listed"))],
    ) -> Page[MessageShown]:
        """List messages, the latest planned first.

        A page looks through 20,000 of them at most, unless `patient`, `appointment`, a `status` of trouble or a range
        of 31 days narrows it: it may be short or empty while `next` goes on.
        """
        note(request, clinic=query.clinic)
        since, until = query.range()
        paging = Paging(desk, request, response)
        place = paging.place(query)
        wanted = MessageFilter(
            scope=caller.scope(Permission.READ, query.clinic),
            kind=query.kind,
            status=query.status,
            channel=query.channel,
            purpose=query.purpose,
            step=query.step,
            patient=query.patient,
            appointment=query.appointment,
            since=since,
            until=until,
        )
        with desk.store.read() as tx:
            found = list_messages(tx, wanted, below=place[0] if place else None, limit=query.limit)
        items = [MessageShown.of(it, desk) for it in found.messages]
        return Page(items=items, next=paging.next([found.below] if found.below else None))

    @api.get("/messages/{message:record}", tags=TAGS)
    def get_one(
        message: IdOfPath,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "message.seen"))],
    ) -> MessageInFull:
        """Return a message with the text as it was sent."""
        with desk.store.read() as tx:
            found = visible_message(tx, request, caller, message)
            shown = _in_full(tx, desk, found)
        response.headers["ETag"] = tag_of(shown)
        return shown


def _add_deciding(api: APIRouter, desk: Desk) -> None:
    @api.post("/messages/{message:record}/release", tags=TAGS)
    def release_held(
        message: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "message.released"))],
    ) -> MessageShown:
        """Let a held message go on: it is tried at once, and no brake holds it again.

        What no longer helps expires. One that is held in doubt is sent again: if the provider had taken it, the
        patient gets it twice.
        """
        _refuse_unheld(desk, request, caller, message)
        release(desk.store, Choice(ids=(message,)), now=desk.clock.now(), by=caller.label)
        return _after(desk, message)

    @api.post("/messages/{message:record}/drop", tags=TAGS)
    def drop_held(
        message: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "message.dropped"))],
    ) -> MessageShown:
        """Let a held message expire: it is never sent."""
        _refuse_unheld(desk, request, caller, message)
        drop(desk.store, Choice(ids=(message,)), now=desk.clock.now(), by=caller.label)
        return _after(desk, message)


def zone_of(desk: Desk, clinic: str | None) -> ZoneInfo:
    """Return the zone of a clinic, UTC where there is none or its file can't be used."""
    found = desk.configuration.clinics.get(clinic or "")
    return found.timezone if found else UTC


def _in_full(tx: Tx, desk: Desk, message: Message) -> MessageInFull:
    zone = zone_of(desk, message.clinic)
    history = [
        Happened(at=it.at, cause=it.cause, by=it.by, reason=sentence(it.reasons, zone))
        for it in events_of_message(tx, message.id)
    ]
    attempts = [AttemptShown.of(it) for it in attempts_of(tx, message.id)]
    return MessageInFull.of(message, desk, attempts=attempts, history=history)


def visible_message(
    tx: Tx, request: Request, caller: Caller, message: int, permission: Permission = Permission.READ
) -> Message:
    """Return a message with which the caller may do that. Raises NotFoundError or ForbiddenError."""
    found = get_message(tx, message)
    note(request, clinic=found.clinic, subject=f"message/{found.id}")
    caller.demand(permission, found.clinic)
    return found


def _refuse_unheld(desk: Desk, request: Request, caller: Caller, message: int) -> None:
    with desk.store.read() as tx:
        found = visible_message(tx, request, caller, message, Permission.CARE)
    if found.status is not Status.HELD:
        raise ConflictError(f"message {message} is not held, it is {found.status}: nothing is to be decided")


def _after(desk: Desk, message: int) -> MessageShown:
    desk.wake()
    with desk.store.read() as tx:
        return MessageShown.of(get_message(tx, message), desk)
