"""What staff do for one patient: write of their own accord, stop everything, close links that were given out."""

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.consent import Source
from scheduler.errors import ConflictError, TemplateError
from scheduler.services.consent import stop_patient
from scheduler.services.desk import Desk
from scheduler.services.desk_messages import Draft, write
from scheduler.services.desk_ways import Way, ways_to_patient
from scheduler.store.database import Tx
from scheduler.store.pages import revoke_pages
from scheduler.store.patients import Patient
from scheduler.web.access import needs
from scheduler.web.api.consent import ConsentShown, consent_of
from scheduler.web.api.fields import IdOfPath, Input, Note, Output, Short, Tags, Yes
from scheduler.web.api.letters import LetterShown
from scheduler.web.api.patients import visible_patient
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import LETTER, LINKS, STOPPING
from scheduler.web.api.sending import AnsweredShown

TAGS: Tags = ["patients"]
CREATED = 201


class Letter(Input):
    """What is sent to a patient who did not write; without `channel` on the first way that is allowed.

    `at_once`: quiet hours don't keep it. `subject` is for email.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [LETTER]})

    words: Note
    channel: Literal["sms", "email"] | None = None
    subject: Short | None = None
    at_once: Yes = False


class Stopping(Input):
    """What the patient said."""

    model_config = ConfigDict(json_schema_extra={"examples": [STOPPING]})

    words: Note


class LinksShown(Output):
    """Whose links no longer open."""

    model_config = ConfigDict(json_schema_extra={"examples": [LINKS]})

    patient: int
    links: Literal["closed"]


def add_contact(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _writing(api, desk)
    _stopping(api, desk)


def _writing(api: APIRouter, desk: Desk) -> None:
    @api.post("/patients/{patient:record}/messages", tags=TAGS, status_code=CREATED)
    def send(
        patient: IdOfPath,
        body: Letter,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.written_to"))],
    ) -> AnsweredShown:
        """Write to a patient, if consent allows it. Send an `Idempotency-Key`: a text can't be taken back."""
        with desk.store.write() as tx:
            way = _way(tx, desk, visible_patient(tx, request, caller, patient, Permission.CARE), body.channel)
            try:
                written = write(tx, desk.texts, way, _draft(body), by=caller.label, now=desk.clock.now())
            except TemplateError as error:
                raise invalid(Wrong("body", "words", str(error))) from None
        desk.wake()
        sent = written.message
        return AnsweredShown(message=sent.id, channel=sent.channel, status=sent.status, due_at=sent.due_at)

    @api.post("/patients/{patient:record}/messages/preview", tags=TAGS)
    def show(
        patient: IdOfPath,
        body: Letter,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "-"))],
    ) -> LetterShown:
        """Return what would go out. Nothing is sent."""
        with desk.store.read() as tx:
            way = _way(tx, desk, visible_patient(tx, request, caller, patient, Permission.CARE), body.channel)
        return LetterShown.of(desk, way, _draft(body))


def _stopping(api: APIRouter, desk: Desk) -> None:
    @api.post("/patients/{patient:record}/stop", tags=TAGS)
    def stop(
        patient: IdOfPath,
        body: Stopping,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.stopped"))],
    ) -> ConsentShown:
        """Stop everything: the addresses get nothing any more, whoever has them, and every purpose is revoked."""
        with desk.store.write() as tx:
            visible_patient(tx, request, caller, patient, Permission.CARE)
            now, by = desk.clock.now(), caller.label
            stop_patient(tx, patient, source=Source.STAFF, by=by, now=now, wording=body.words)
        desk.wake()
        with desk.store.read() as tx:
            return consent_of(tx, desk, patient)

    @api.delete("/patients/{patient:record}/links", tags=TAGS)
    def close_links(
        patient: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.links_revoked"))],
    ) -> LinksShown:
        """Close every link to the patient's own pages that was given out until now; later messages have new ones."""
        with desk.store.write() as tx:
            visible_patient(tx, request, caller, patient, Permission.CARE)
            revoke_pages(tx, patient, now=desk.clock.now())
        return LinksShown(patient=patient, links="closed")


def _draft(body: Letter) -> Draft:
    return Draft(secrets.token_urlsafe(16), body.words, body.subject or "", body.at_once)


def _way(tx: Tx, desk: Desk, patient: Patient, channel: str | None) -> Way:
    """Return the way on which it goes, if any is allowed the first of those. Raises ConflictError where none is."""
    clinic = desk.configuration.clinic(patient.clinic)
    ways = ways_to_patient(tx, clinic, patient, now=desk.clock.now())
    found = sorted((it for it in ways if channel in (None, it.channel.value)), key=lambda it: it.refused is not None)
    if not found:
        raise ConflictError(f"the clinic has no sender for {channel or 'any channel'}")
    return found[0]
