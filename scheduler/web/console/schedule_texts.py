"""The texts of no step as they are read: what answers a patient's reply, and what tells the people on call."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from scheduler.content.notices import ALERTS, ANSWERS
from scheduler.domain.access import Caller, Permission
from scheduler.domain.protocol import Channel
from scheduler.errors import NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.text_previews import (
    NOTICES,
    EmailPreview,
    Faulty,
    Wanted,
    channels_of,
    preview_email,
    preview_sms,
)
from scheduler.web.access import needs
from scheduler.web.console.mail_frame import FRAME
from scheduler.web.console.schedule_choice import chosen_clinic, chosen_language, readable
from scheduler.web.console.schedule_words import coded
from scheduler.web.console.shell import Shell

Reader = Annotated[Caller, Depends(needs(Permission.READ, "-"))]


def text_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router = shell.router()

    @router.get("/schedules/other-texts")
    def other_texts(
        request: Request, caller: Reader, clinic: str | None = None, language: str | None = None
    ) -> HTMLResponse:
        """Show the texts of no step: answers to replies, and what tells the people on call."""
        place = chosen_clinic(desk, caller, clinic)
        spoken = chosen_language(desk, place, language, shell.language(request, caller))
        answers, alerts = ([Wanted(it, place, spoken) for it in names] for names in (ANSWERS, ALERTS))
        return shell.page(
            request,
            caller,
            "schedules/other_texts.html.j2",
            frames=True,
            place=desk.configuration.clinic(place),
            spoken=spoken,
            answers=[(it.name, preview_sms(desk, it)) for it in answers],
            alerts=[(it.name, preview_sms(desk, it), preview_email(desk, it)) for it in alerts],
            places=readable(desk, caller),
            frame_of=lambda name: shell.address(f"/schedules/other-texts/{name}", clinic=place, language=spoken),
            coded=coded,
            is_faulty=is_faulty,
        )

    @router.get("/schedules/other-texts/{name}")
    def other_email(request: Request, caller: Reader, name: str, clinic: str, language: str) -> Response:
        """Give the HTML of an alert's email, for a frame."""
        if name not in NOTICES or Channel.EMAIL not in channels_of(name):
            raise NotFoundError("there is no such text")
        place = chosen_clinic(desk, caller, clinic)
        spoken = chosen_language(desk, place, language, shell.language(request, caller))
        return framed(preview_email(desk, Wanted(name, place, spoken)))

    return router


def is_faulty(shown: object) -> bool:
    """Whether a text could not be written."""
    return isinstance(shown, Faulty)


def framed(email: EmailPreview | Faulty) -> Response:
    """Return an email for a frame; where it can't be written, nothing: the page around it says why."""
    html = "" if isinstance(email, Faulty) else email.html
    return Response(html, media_type="text/html; charset=utf-8", headers=FRAME)
