"""A person's word on one message: send it now, send it again, answer a reply with words of one's own."""

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.errors import ConflictError, NotFoundError, TemplateError
from scheduler.services.desk import Desk
from scheduler.services.desk_messages import Draft, write
from scheduler.services.desk_ways import Way, ways_to_writer
from scheduler.services.resending import Word, resend
from scheduler.services.sending_now import send_now
from scheduler.store.database import Tx
from scheduler.store.patients import get_patient
from scheduler.store.replies import Reply
from scheduler.web.access import needs
from scheduler.web.api.fields import IdOfPath, Input, Instant, Note, Output, Short, Slug, Tags, Yes
from scheduler.web.api.letters import LetterShown
from scheduler.web.api.messages import visible_message, zone_of
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.replies import visible_reply
from scheduler.web.api.samples import ANSWER, ANSWERED, RESEND, RESENT, SOONER

TAGS: Tags = ["messages"]
CREATED = 201


class SoonerShown(Output):
    """When a message goes out now, as far as can be told. `waits`: something keeps it back, and it goes then."""

    model_config = ConfigDict(json_schema_extra={"examples": [SOONER]})

    message: int
    at: Instant
    waits: bool
    reason: str


class Resend(Input):
    """What a person says of a message that went out, or that no longer helps: that it should go all the same."""

    model_config = ConfigDict(json_schema_extra={"examples": [RESEND]})

    although_reached: Yes = False
    although_useless: Yes = False


class ResentShown(Output):
    """The message that goes instead, and when."""

    model_config = ConfigDict(json_schema_extra={"examples": [RESENT]})

    message: int
    due_at: Instant


class Answer(Input):
    """What is sent to whoever wrote a reply; without `channel` on the way on which it came.

    `at_once`: quiet hours don't keep it. `subject` is for email. `clinic` says who answers, where nobody knows which
    clinic was meant; elsewhere it is left out.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWER]})

    words: Note
    channel: Literal["sms", "email"] | None = None
    subject: Short | None = None
    at_once: Yes = False
    clinic: Slug | None = None


class AnsweredShown(Output):
    """The message that was put on its way."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWERED]})

    message: int
    channel: Channel
    status: Status
    due_at: Instant


def add_sending(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _add_hastening(api, desk)
    _add_answering(api, desk)


def _add_hastening(api: APIRouter, desk: Desk) -> None:
    @api.post("/messages/{message:record}/send-now", tags=TAGS)
    def sooner(
        message: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "message.sent_now"))],
    ) -> SoonerShown:
        """Make an unsent message due at once. Quiet hours, closed days, pauses and brakes hold; asked twice, once."""
        with desk.store.write() as tx:
            found = visible_message(tx, request, caller, message, Permission.CARE)
            now, approver = desk.clock.now(), desk.approver
            done = send_now(tx, desk.configuration, message, approver=approver, now=now, by=caller.label)
        desk.wake()
        reason = sentence(done.reasons, zone_of(desk, found.clinic))
        return SoonerShown(message=message, at=done.at, waits=done.waits, reason=reason)

    @api.post("/messages/{message:record}/resend", tags=TAGS, status_code=CREATED)
    def again(
        message: IdOfPath,
        body: Resend,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "message.resent"))],
    ) -> ResentShown:
        """Send a message again that ended, as a message of its own, to the address of now; asked twice, once."""
        with desk.store.write() as tx:
            found = visible_message(tx, request, caller, message, Permission.CARE)
            if found.appointment_id is None:
                raise ConflictError(f"message {message} is no step of an appointment: write anew instead")
            word = Word(body.although_reached, body.although_useless)
            number, due_at = resend(tx, desk.configuration, message, word, now=desk.clock.now(), by=caller.label)
        desk.wake()
        return ResentShown(message=number, due_at=due_at)


def _add_answering(api: APIRouter, desk: Desk) -> None:
    @api.post("/replies/{reply:record}/answer", tags=["replies"], status_code=CREATED)
    def answer(
        reply: IdOfPath,
        body: Answer,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "reply.answered"))],
    ) -> AnsweredShown:
        """Answer whoever wrote, in the same thread. Send an `Idempotency-Key`: a text can't be taken back."""
        with desk.store.write() as tx:
            found = visible_reply(tx, request, caller, reply, Permission.CARE)
            way = _way(tx, desk, found, body, caller)
            draft = _draft(body)
            try:
                written = write(tx, desk.texts, way, draft, by=caller.label, now=desk.clock.now())
            except TemplateError as error:
                raise invalid(Wrong("body", "words", str(error))) from None
        desk.wake()
        sent = written.message
        return AnsweredShown(message=sent.id, channel=sent.channel, status=sent.status, due_at=sent.due_at)

    @api.post("/replies/{reply:record}/answer/preview", tags=["replies"])
    def show(
        reply: IdOfPath,
        body: Answer,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "-"))],
    ) -> LetterShown:
        """Return what would go out as an answer. Nothing is sent."""
        with desk.store.read() as tx:
            way = _way(tx, desk, visible_reply(tx, request, caller, reply, Permission.CARE), body, caller)
        return LetterShown.of(desk, way, _draft(body))


def _draft(body: Answer) -> Draft:
    return Draft(secrets.token_urlsafe(16), body.words, body.subject or "", body.at_once, seen=2**62)


def _way(tx: Tx, desk: Desk, reply: Reply, body: Answer, caller: Caller) -> Way:
    """Return the way on which it goes. Raises ApiError, ConflictError where there is none."""
    clinic = desk.configuration.clinic(_answering(desk, reply, body, caller))
    patient = get_patient(tx, reply.patient_id) if reply.patient_id else None
    ways = ways_to_writer(tx, clinic, reply, patient, now=desk.clock.now())
    found = [it for it in ways if body.channel in (None, it.channel.value)]
    if not found:
        raise ConflictError(f"there is no way to answer reply {reply.id} by {body.channel or 'any channel'}")
    return found[0]


def _answering(desk: Desk, reply: Reply, body: Answer, caller: Caller) -> str:
    """Return the clinic that answers. Raises ApiError, NotFoundError for one that is not the caller's."""
    if reply.clinic is not None:
        if body.clinic not in (None, reply.clinic):
            raise invalid(Wrong("body", "clinic", "is not the one that was written to", "leave it out"))
        return reply.clinic
    if body.clinic is None:
        hint = "say which clinic answers"
        raise invalid(Wrong("body", "clinic", f"nobody knows to which clinic reply {reply.id} was meant", hint))
    caller.demand(Permission.CARE, body.clinic)
    if body.clinic not in desk.configuration.clinics:
        raise NotFoundError
    return body.clinic
