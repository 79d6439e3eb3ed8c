"""Texts as a phone and a mail program would show them, for an invented patient, with what they cost."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.errors import NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.text_previews import (
    NOTICES,
    EmailPreview,
    Faulty,
    SmsPreview,
    Wanted,
    channels_of,
    preview_email,
    preview_sms,
)
from scheduler.web.access import needs, note
from scheduler.web.api.fields import Input, Output, Slug, Tag, Tags
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples_schedules import PREVIEW
from scheduler.web.api.schedules import clinic_of, refuse_unknown

TAGS: Tags = ["schedules"]


class TextQuery(Input):
    """Of which clinic, by default the first of the key, and in which of its languages, by default its first."""

    clinic: Slug | None = None
    language: Tag | None = None


class CostOfText(Output):
    """What a text costs."""

    amount: str
    currency: str


class SmsShown(Output):
    """A text message; `first` is the same as the first text to a number, null where that says no more.

    `cost` is null where the clinic's file has no price.
    """

    body: str
    first: str | None
    encoding: str
    segments: int
    cost: CostOfText | None
    sender: str

    @classmethod
    def of(cls, it: SmsPreview) -> Self:
        """Show it."""
        return cls(
            body=it.body,
            first=it.first.body if it.first else None,
            encoding=it.encoding,
            segments=len(it.parts),
            cost=CostOfText(amount=str(it.cost[0]), currency=it.cost[1]) if it.cost else None,
            sender=it.sender,
        )


class EmailShown(Output):
    """An email."""

    subject: str
    preheader: str
    sender: str
    reply_to: str
    text: str
    html: str

    @classmethod
    def of(cls, it: EmailPreview) -> Self:
        """Show it."""
        return cls.model_validate({name: getattr(it, name) for name in cls.model_fields})


class PreviewShown(Output):
    """A text, on each channel that it is written for; `faults` says by channel why it can't be written.

    `treatment` and `step` are null of a text of no step.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PREVIEW]})

    treatment: str | None
    step: str | None
    clinic: str
    language: str
    sms: SmsShown | None
    email: EmailShown | None
    faults: dict[Channel, str]


def add_texts(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/schedules/{treatment}/steps/{step}", tags=TAGS)
    def of_step(
        treatment: Slug,
        step: Slug,
        request: Request,
        query: Annotated[TextQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))],
    ) -> PreviewShown:
        """Return the texts of a step as an invented patient gets them, with what they cost."""
        place = clinic_of(desk, caller, query.clinic)
        refuse_unknown(desk, treatment)
        found = desk.configuration.protocol_for(place, treatment).step(step)
        if found is None:
            raise NotFoundError
        note(request, clinic=place, subject=f"schedule/{treatment}")
        wanted = Wanted(step, place, _language(desk, place, query.language), treatment)
        return _shown(desk, wanted, found.channels)

    @api.get("/texts/{notice}", tags=TAGS)
    def of_no_step(
        notice: Slug,
        request: Request,
        query: Annotated[TextQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))],
    ) -> PreviewShown:
        """Return a text of no step: what answers a reply (answer_…), what tells the people on call (alert_…)."""
        place = clinic_of(desk, caller, query.clinic)
        if notice not in NOTICES:
            raise NotFoundError
        note(request, clinic=place)
        return _shown(desk, Wanted(notice, place, _language(desk, place, query.language)), channels_of(notice))


def _language(desk: Desk, clinic: str, asked: str | None) -> str:
    spoken = desk.configuration.clinic(clinic).languages
    if asked and asked not in spoken:
        raise invalid(Wrong("query", "language", "is none that the clinic speaks", f"one of {', '.join(spoken)}"))
    return asked or spoken[0]


def _shown(desk: Desk, wanted: Wanted, channels: tuple[Channel, ...]) -> PreviewShown:
    makers = {Channel.SMS: preview_sms, Channel.EMAIL: preview_email}
    made = {it: makers[it](desk, wanted) for it in PATIENT_CHANNELS if it in channels}
    sms, email = made.get(Channel.SMS), made.get(Channel.EMAIL)
    return PreviewShown(
        treatment=wanted.treatment,
        step=wanted.name if wanted.treatment else None,
        clinic=wanted.clinic,
        language=wanted.language,
        sms=SmsShown.of(sms) if isinstance(sms, SmsPreview) else None,
        email=EmailShown.of(email) if isinstance(email, EmailPreview) else None,
        faults={channel: it.why for channel, it in made.items() if isinstance(it, Faulty)},
    )
