"""What a patient agreed to and revoked: as it holds, as it is on record, and what the patient told the clinic."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Path, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.consent import Verdict
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.services import consent
from scheduler.services.consent_story import Holding, consent_story
from scheduler.services.desk import Desk
from scheduler.store.consent_lines import Line, StopLine, ledger_lines, stop_lines
from scheduler.store.database import Tx
from scheduler.web.access import needs
from scheduler.web.api.fields import IdOfPath, Input, Instant, Note, Output, Tags, Yes
from scheduler.web.api.patients import visible_patient
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import CONSENT, CONSENT_EDIT

TAGS: Tags = ["patients"]


class Subject(Input):
    """Of whom, and of what."""

    patient: IdOfPath
    channel: Literal["sms", "email"]
    purpose: Purpose


class HoldingShown(Output):
    """Whether messages of a purpose may go out on a channel now, and the sentence that says why."""

    channel: Channel
    purpose: Purpose
    allowed: bool
    why: str

    @classmethod
    def of(cls, it: Holding) -> Self:
        """Show it."""
        return cls(channel=it.channel, purpose=it.purpose, allowed=it.given, why=it.sentence)


class LineShown(Output):
    """One line of the ledger, never changed; `wording` is what the patient said or agreed to."""

    id: int
    channel: Channel
    purpose: Purpose
    verdict: Verdict
    source: str
    by: str
    wording: str | None
    version: str | None
    at: Instant

    @classmethod
    def of(cls, it: Line) -> Self:
        """Show it."""
        same = ("id", "channel", "purpose", "verdict", "source", "by", "wording", "version", "at")
        return cls.model_validate({name: getattr(it, name) for name in same})


class StopShown(Output):
    """One stop of an address of the patient, in force or lifted."""

    id: int
    channel: Channel
    source: str
    by: str
    wording: str | None
    version: str | None
    at: Instant
    lifted_at: Instant | None
    lifted_by: str | None

    @classmethod
    def of(cls, it: StopLine) -> Self:
        """Show it."""
        same = ("id", "channel", "source", "by", "wording", "version", "at", "lifted_at", "lifted_by")
        return cls.model_validate({name: getattr(it, name) for name in same})


class ConsentShown(Output):
    """What may be sent to a patient and why, with every line that is on record."""

    model_config = ConfigDict(json_schema_extra={"examples": [CONSENT]})

    patient: int
    now: list[HoldingShown]
    ledger: list[LineShown]
    stops: list[StopShown]


class ConsentEdit(Input):
    """What the patient told the clinic, in the patient's words. The same again adds no line.

    A stop of the address holds whatever is granted, unless it is lifted too: the patient asked for it, and the
    address is the patient's.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [CONSENT_EDIT]})

    allowed: Yes
    words: Note
    lift_stop: Yes = False


def add_consent(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/patients/{patient:record}/consent", tags=TAGS)
    def show(
        patient: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "consent.seen"))],
    ) -> ConsentShown:
        """Return what may be sent to a patient and why."""
        with desk.store.read() as tx:
            visible_patient(tx, request, caller, patient)
            return consent_of(tx, desk, patient)

    @api.put("/patients/{patient:record}/consent/{channel}/{purpose}", tags=TAGS)
    def say(
        subject: Annotated[Subject, Path()],
        body: ConsentEdit,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "consent.entered"))],
    ) -> ConsentShown:
        """Enter what a patient said of one purpose on one channel."""
        if body.lift_stop and not body.allowed:
            raise invalid(Wrong("body", "lift_stop", "does not go with a refusal", "leave it out"))
        patient, way = subject.patient, next(it for it in PATIENT_CHANNELS if it.value == subject.channel)
        verdict = Verdict.GRANTED if body.allowed else Verdict.REVOKED
        with desk.store.write() as tx:
            visible_patient(tx, request, caller, patient, Permission.CARE)
            now, by = desk.clock.now(), caller.label
            if body.lift_stop:
                consent.lift_by_staff(tx, patient, way, by=by, now=now)
            consent.say(tx, patient, verdict, [way], [subject.purpose], by=by, now=now, wording=body.words)
        desk.wake()
        with desk.store.read() as tx:
            return consent_of(tx, desk, patient)


def consent_of(tx: Tx, desk: Desk, patient: int) -> ConsentShown:
    """Show what may be sent to a patient and why."""
    return ConsentShown(
        patient=patient,
        now=[HoldingShown.of(it) for it in consent_story(tx, desk.configuration, patient)],
        ledger=[LineShown.of(it) for it in ledger_lines(tx, patient=patient)],
        stops=[StopShown.of(it) for it in stop_lines(tx, patient=patient)],
    )
