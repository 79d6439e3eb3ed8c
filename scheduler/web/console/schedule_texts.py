"""Texts as patients get them: on a phone, in a mail program, in each language of a clinic; and a test to oneself."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from scheduler.content.notices import ALERTS, ANSWERS
from scheduler.domain.access import Caller, CallerKind, Permission
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.schedule_pages import schedule
from scheduler.services.test_sends import own_addresses, send_test
from scheduler.services.text_previews import (
    NOTICES,
    EmailPreview,
    Faulty,
    Wanted,
    channels_of,
    preview_email,
    preview_sms,
)
from scheduler.web.access import needs, note
from scheduler.web.console.mail_frame import FRAME
from scheduler.web.console.schedule_choice import chosen_clinic, chosen_language, refuse_unknown_treatment
from scheduler.web.console.schedule_words import StepWords, coded, named, titled
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.limits import Limit

Reader = Annotated[Caller, Depends(needs(Permission.READ, "schedule.seen"))]
Tester = Annotated[Caller, Depends(needs(Permission.OPERATE, "schedule.tested"))]

TESTS_A_MINUTE, TESTS_AT_ONCE = 2, 6


def text_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes. Those of steps come after all that have a fixed name."""
    router = shell.router()
    _notice_routes(router, desk, shell)
    _step_routes(router, desk, shell)
    _test_route(router, desk, shell)
    return router


def _notice_routes(router: APIRouter, desk: Desk, shell: Shell) -> None:
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
            places=_places(desk, caller),
            frame_of=lambda name: shell.address(f"/schedules/other-texts/{name}", clinic=place, language=spoken),
            named=named,
            coded=coded,
            is_faulty=_is_faulty,
        )

    @router.get("/schedules/other-texts/{name}")
    def other_email(request: Request, caller: Reader, name: str, clinic: str, language: str) -> Response:
        """Give the HTML of an alert's email, for a frame."""
        if name not in NOTICES or Channel.EMAIL not in channels_of(name):
            raise NotFoundError("there is no such text")
        place = chosen_clinic(desk, caller, clinic)
        spoken = chosen_language(desk, place, language, shell.language(request, caller))
        return _frame(preview_email(desk, Wanted(name, place, spoken)))


def _step_routes(router: APIRouter, desk: Desk, shell: Shell) -> None:
    @router.get("/schedules/{treatment}/{step}")
    def step_texts(
        request: Request,
        caller: Reader,
        *,
        treatment: str,
        step: str,
        clinic: str | None = None,
        language: str | None = None,
    ) -> HTMLResponse:
        """Show one step: its texts as patients get them, when it goes out, who approved it."""
        wanted = _wanted(desk, shell, request, caller, (treatment, step, clinic, language))
        note(request, clinic=wanted.clinic, subject=f"schedule/{treatment}")
        return show_step(desk, shell, request, caller, wanted)

    @router.get("/schedules/{treatment}/{step}/email")
    def step_email(
        request: Request, caller: Reader, *, treatment: str, step: str, clinic: str, language: str
    ) -> Response:
        """Give the HTML of a step's email, for a frame."""
        wanted = _wanted(desk, shell, request, caller, (treatment, step, clinic, language))
        return _frame(preview_email(desk, wanted))


def _test_route(router: APIRouter, desk: Desk, shell: Shell) -> None:
    limit = Limit(TESTS_A_MINUTE, TESTS_AT_ONCE)

    @router.post("/schedules/{treatment}/{step}/test")
    def send(
        request: Request,
        caller: Tester,
        *,
        treatment: str,
        step: str,
        clinic: Annotated[str, Form()],
        language: Annotated[str, Form()],
        channel: Annotated[Channel, Form()],
    ) -> Response:
        """Send a step's text to whoever asks, and to nobody else."""
        wanted = _wanted(desk, shell, request, caller, (treatment, step, clinic, language))
        note(request, clinic=wanted.clinic, subject=f"schedule/{treatment}")
        caller.demand(Permission.OPERATE, wanted.clinic)
        if not limit.lets(caller.label):
            said = words(shell.language(request, caller))["schedules"]["test"]["too_many"]
            return show_step(desk, shell, request, caller, wanted, problem=said, status=429)
        try:
            send_test(desk, caller, wanted, channel)
        except ConflictError as error:
            return show_step(desk, shell, request, caller, wanted, problem=str(error), status=409)
        return _sent(desk, shell, request, wanted)


def _sent(desk: Desk, shell: Shell, request: Request, wanted: Wanted) -> RedirectResponse:
    page = shell.address(
        f"/schedules/{wanted.treatment}/{wanted.name}", clinic=wanted.clinic, language=wanted.language
    ).removeprefix(shell.address(""))
    return shell.go(request, page, said="schedules.test.sent", link=None if desk.is_live else "/outbox")


def show_step(
    desk: Desk,
    shell: Shell,
    request: Request,
    caller: Caller,
    wanted: Wanted,
    *,
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    """Return the page of a step, with what went wrong on top."""
    treatment = wanted.treatment or ""
    page = schedule(desk, treatment, wanted.clinic, caller.scope(Permission.READ, wanted.clinic))
    place = next(n for n, it in enumerate(page.steps) if it.step.id == wanted.name)
    step, language = page.steps[place], shell.language(request, caller)
    by = {Channel.SMS: preview_sms, Channel.EMAIL: preview_email}
    shown = {it.value: by[it](desk, wanted) for it in PATIENT_CHANNELS if it in step.step.channels}
    return shell.page(
        request,
        caller,
        "schedules/step.html.j2",
        status=status,
        frames=True,
        page=page,
        step=step,
        before=page.steps[place - 1] if place else None,
        after=page.steps[place + 1] if place + 1 < len(page.steps) else None,
        title=titled(page.protocol, language),
        place=page.clinic,
        spoken=wanted.language,
        shown=shown,
        frame=shell.address(
            f"/schedules/{treatment}/{wanted.name}/email", clinic=wanted.clinic, language=wanted.language
        ),
        said_of=StepWords(words(language), shell.formats(language), wanted.clinic),
        addresses=_addresses(desk, caller, wanted.clinic),
        required=desk.approver.required,
        places=_places(desk, caller),
        problems=[("test", problem)] if problem else [],
        named=named,
        coded=coded,
        is_faulty=_is_faulty,
    )


def _addresses(desk: Desk, caller: Caller, clinic: str) -> dict[str, bool] | None:
    """Return on which channels a test could reach the reader; None for whoever may send none."""
    if caller.kind is not CallerKind.USER or not caller.may(Permission.OPERATE, clinic):
        return None
    return {channel.value: bool(address) for channel, address in own_addresses(desk, caller).items()}


def _wanted(
    desk: Desk, shell: Shell, request: Request, caller: Caller, asked: tuple[str, str, str | None, str | None]
) -> Wanted:
    """Return which text is meant. Raises NotFoundError for what is not there, or not the reader's."""
    treatment, step, clinic, language = asked
    place = chosen_clinic(desk, caller, clinic)
    refuse_unknown_treatment(desk, treatment)
    if desk.configuration.protocol_for(place, treatment).step(step) is None:
        raise NotFoundError("there is no such step")
    spoken = chosen_language(desk, place, language, shell.language(request, caller))
    return Wanted(step, place, spoken, treatment)


def _places(desk: Desk, caller: Caller) -> list[str]:
    return [it for it in desk.configuration.clinics if caller.may(Permission.READ, it)]


def _is_faulty(shown: object) -> bool:
    return isinstance(shown, Faulty)


def _frame(email: EmailPreview | Faulty) -> Response:
    """Return an email for a frame; where it can't be written, nothing: the page around it says why."""
    html = "" if isinstance(email, Faulty) else email.html
    return Response(html, media_type="text/html; charset=utf-8", headers=FRAME)
