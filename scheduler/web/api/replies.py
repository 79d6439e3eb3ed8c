"""What patients wrote: listed, read with what belongs to it, dealt with."""

from collections.abc import Callable
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.errors import ConflictError
from scheduler.services import inbox_actions as inbox
from scheduler.services.desk import Desk
from scheduler.services.inbox_thread import alert_of, reply_thread
from scheduler.services.replies import deal_with
from scheduler.services.reply_views import ReplyView, view_reply
from scheduler.store.database import Tx
from scheduler.store.desk_notes import add_note, notes_on
from scheduler.store.listing.replies import ReplyFilter, list_replies
from scheduler.store.replies import Reply, get_reply
from scheduler.web.access import needs, note
from scheduler.web.api import pages
from scheduler.web.api.alerts import NoteShown
from scheduler.web.api.etags import tag_of
from scheduler.web.api.fields import Flag, IdOfPath, Input, Instant, Note, Output, QueryId, Tags
from scheduler.web.api.messages import zone_of
from scheduler.web.api.pages import Page, Paging
from scheduler.web.api.samples import HANDLING, REPLY, REPLY_IN_FULL

TAGS: Tags = ["replies"]


class ReplyQuery(pages.Query):
    """Which replies; `from` and `to` are about when they came."""

    patient: QueryId | None = None
    triage: Triage | None = None
    handled: Flag | None = None


class ReplyShown(Output):
    """One reply. `because` are the words that decided its class; `message` is the question that it answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [REPLY]})

    id: int
    clinic: str | None
    patient: int | None
    message: int | None
    source: str
    sender: str
    body: str
    media: int
    received_at: Instant
    triage: Triage
    because: list[str]
    stops: bool
    taken_at: Instant | None
    taken_by: str | None
    handled_at: Instant | None
    handled_by: str | None

    @classmethod
    def of(cls, reply: Reply, **more: object) -> Self:
        """Show a reply."""
        same = ("id", "clinic", "source", "sender", "body", "media", "received_at", "triage", "stops")
        return cls.model_validate(
            {
                **{
                    name: getattr(reply, name) for name in (*same, "taken_at", "taken_by", "handled_at", "handled_by")
                },
                "patient": reply.patient_id,
                "message": reply.question,
                "because": list(reply.because),
                **more,
            }
        )


class Handling(Input):
    """What is left to be said, sealed: others read it beside the reply."""

    model_config = ConfigDict(json_schema_extra={"examples": [HANDLING]})

    note: Note | None = None


class OwnerShown(Output):
    """A patient who has the number that a reply came from."""

    id: int
    name: str


class AnswerShown(Output):
    """What a reply was answered with."""

    message: int
    template: str
    status: Status


class ReplyInFull(ReplyShown):
    """A reply with what belongs to it. `owners`: the patient, or all who have the number today."""

    model_config = ConfigDict(json_schema_extra={"examples": [REPLY_IN_FULL]})

    owners: list[OwnerShown]
    appointment: int | None
    step: str | None
    answer: AnswerShown | None
    reason: str
    alerts: list[int]
    notes: list[NoteShown]


def add_replies(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _add_reading(api, desk)
    _add_seeing_to(api, desk)


def _add_reading(api: APIRouter, desk: Desk) -> None:
    @api.get("/replies", tags=TAGS)
    def list_all(
        request: Request,
        response: Response,
        query: Annotated[ReplyQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "replies.listed"))],
    ) -> Page[ReplyShown]:
        """List replies, the latest first; those of which nobody knows whose they are, too."""
        note(request, clinic=query.clinic)
        since, until = query.range()
        paging = Paging(desk, request, response)
        place = paging.place(query)
        scope = caller.scope(Permission.READ, query.clinic)
        wanted = ReplyFilter(scope, query.triage, query.handled, query.patient, since, until)
        with desk.store.read() as tx:
            found = list_replies(tx, wanted, below=place[0] if place else None, limit=query.limit + 1)
        return paging.page(found, query.limit, lambda it: [it.id], ReplyShown.of)

    @api.get("/replies/{reply:record}", tags=TAGS)
    def get_one(
        reply: IdOfPath,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "reply.seen"))],
    ) -> ReplyInFull:
        """Return a reply with what was asked, what was answered, and whom it alarmed."""
        with desk.store.read() as tx:
            visible_reply(tx, request, caller, reply)
            shown = _in_full(tx, desk, view_reply(tx, reply))
        response.headers["ETag"] = tag_of(shown)
        return shown


def _add_seeing_to(api: APIRouter, desk: Desk) -> None:
    @api.post("/replies/{reply:record}/take", tags=TAGS)
    def take(
        reply: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "reply.taken"))],
    ) -> ReplyShown:
        """Say that somebody sees to a reply. Who was first stays. Where an alert is open about it: take that, 409."""
        return _seen_to(desk, request, caller, reply, inbox.take)

    @api.post("/replies/{reply:record}/give-back", tags=TAGS)
    def give_back(
        reply: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "reply.given_back"))],
    ) -> ReplyShown:
        """Say that nobody sees to a reply any more. Where an alert is open about it: give that back, 409."""
        return _seen_to(desk, request, caller, reply, inbox.give_back)

    @api.post("/replies/{reply:record}/handled", tags=TAGS)
    def handle(
        reply: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "reply.handled"))],
        body: Handling | None = None,
    ) -> ReplyShown:
        """Say that a person dealt with a reply; what was raised for it closes. Who was first stays."""
        by, now = caller.label, desk.clock.now()
        with desk.store.write() as tx:
            visible_reply(tx, request, caller, reply, Permission.CARE)
            is_first = deal_with(tx, reply, by=by, now=now)
            if body and body.note and not is_first:
                raise ConflictError("somebody has dealt with it already: the note was not kept")
            if body and body.note:
                add_note(tx, body.note, by=by, now=now, reply_id=reply)
            shown = ReplyShown.of(get_reply(tx, reply))
        desk.wake()
        return shown


def _seen_to(desk: Desk, request: Request, caller: Caller, reply: int, do: Callable[..., bool]) -> ReplyShown:
    """Take a reply, with what its writer wrote beside it, or give it back."""
    with desk.store.write() as tx:
        visible_reply(tx, request, caller, reply, Permission.CARE)
        alert = alert_of(tx, reply)
        if alert and alert.closed_at is None:
            raise ConflictError(f"alert {alert.id} is about reply {reply}: use /alerts/{alert.id}")
        do(tx, reply_thread(tx, desk.configuration, reply), by=caller.label, now=desk.clock.now())
        return ReplyShown.of(get_reply(tx, reply))


def _in_full(tx: Tx, desk: Desk, view: ReplyView) -> ReplyInFull:
    answer, question = view.answer, view.question
    return ReplyInFull.of(
        view.reply,
        owners=[OwnerShown(id=it.id, name=it.name) for it in view.owners],
        appointment=question.appointment if question else None,
        step=question.step if question else None,
        answer=answer and AnswerShown(message=answer.message, template=answer.template, status=answer.status),
        reason=sentence(view.reasons, zone_of(desk, view.reply.clinic)),
        alerts=[it.id for it in view.alerts],
        notes=[NoteShown.of(it) for it in notes_on(tx, replies=[view.reply.id], alerts=())],
    )


def visible_reply(
    tx: Tx, request: Request, caller: Caller, reply: int, permission: Permission = Permission.READ
) -> Reply:
    """Return a reply with which the caller may do that. Raises NotFoundError or ForbiddenError."""
    found = get_reply(tx, reply)
    note(request, clinic=found.clinic, subject=f"reply/{found.id}")
    caller.demand(permission, found.clinic)
    return found
