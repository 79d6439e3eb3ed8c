"""One step of a protocol: its texts as patients get them, when it goes out, who approved it; a test to oneself."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response

from scheduler.domain.access import Caller, CallerKind, Permission
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.schedule_pages import schedule
from scheduler.services.schedule_work import ScheduleWork
from scheduler.services.test_sends import own_addresses, send_test
from scheduler.services.text_previews import Wanted, preview_email, preview_sms
from scheduler.web.access import needs, note
from scheduler.web.console.schedule_choice import (
    chosen_clinic,
    chosen_language,
    readable,
    refuse_unknown_treatment,
)
from scheduler.web.console.schedule_texts import framed, is_faulty
from scheduler.web.console.schedule_words import StepWords, coded, titled
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.limits import Limit

Reader = Annotated[Caller, Depends(needs(Permission.READ, "-"))]
Tester = Annotated[Caller, Depends(needs(Permission.OPERATE, "schedule.tested"))]

TESTS_A_MINUTE, TESTS_AT_ONCE = 2, 6
"""How many tests a person may send."""
_RENDER = {Channel.SMS: preview_sms, Channel.EMAIL: preview_email}


def step_pages(desk: Desk, shell: Shell, work: ScheduleWork) -> APIRouter:
    """Return the routes; they come after all that have a fixed name."""
    router, pages = shell.router(), StepTexts(desk, shell, work)

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
        """Show one step."""
        wanted = pages.wanted(request, caller, Wanted(step, clinic or "", language or "", treatment))
        note(request, clinic=wanted.clinic, subject=f"schedule/{treatment}")
        return pages.show(request, caller, wanted)

    @router.get("/schedules/{treatment}/{step}/email")
    def step_email(
        request: Request, caller: Reader, *, treatment: str, step: str, clinic: str, language: str
    ) -> Response:
        """Give the HTML of a step's email, for a frame."""
        return framed(preview_email(desk, pages.wanted(request, caller, Wanted(step, clinic, language, treatment))))

    _test_route(router, pages)
    return router


def _test_route(router: APIRouter, pages: "StepTexts") -> None:
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
        wanted = pages.wanted(request, caller, Wanted(step, clinic, language, treatment))
        note(request, clinic=wanted.clinic, subject=f"schedule/{treatment}")
        caller.demand(Permission.OPERATE, wanted.clinic)
        if not limit.lets(caller.label):
            said = words(pages.shell.language(request, caller))["schedules"]["test"]["too_many"]
            return pages.show(request, caller, wanted, problem=said, status=429)
        return pages.send(request, caller, wanted, channel)


@dataclass(frozen=True, slots=True)
class StepTexts:
    """Shows steps, and sends tests of them."""

    desk: Desk
    shell: Shell
    work: ScheduleWork

    def wanted(self, request: Request, caller: Caller, asked: Wanted) -> Wanted:
        """Return which text is meant; no clinic or language: the reader's.

        Raises NotFoundError for what is not there, or not the reader's.
        """
        place = chosen_clinic(self.desk, caller, asked.clinic or None)
        treatment = asked.treatment or ""
        refuse_unknown_treatment(self.desk, treatment)
        if self.desk.configuration.protocol_for(place, treatment).step(asked.name) is None:
            raise NotFoundError("there is no such step")
        spoken = chosen_language(self.desk, place, asked.language, self.shell.language(request, caller))
        return Wanted(asked.name, place, spoken, treatment)

    def send(self, request: Request, caller: Caller, wanted: Wanted, channel: Channel) -> Response:
        """Send a test and lead back to the page; where it can't be sent, the page says why."""
        try:
            send_test(self.desk, caller, wanted, channel)
        except ConflictError as error:
            told = self.shell.told(request, caller, error, wanted.clinic)
            return self.show(request, caller, wanted, problem=told, status=409)
        own = self.shell.address(self._path(wanted), clinic=wanted.clinic, language=wanted.language)
        link = None if self.desk.is_live else "/outbox"
        return self.shell.go(request, own.removeprefix(self.shell.address("")), said="schedules.test.sent", link=link)

    def show(
        self, request: Request, caller: Caller, wanted: Wanted, *, problem: str = "", status: int = 200
    ) -> HTMLResponse:
        """Return the page of a step, with what went wrong on top."""
        desk, clinic, language = self.desk, wanted.clinic, self.shell.language(request, caller)
        flight = self.work.flight.look(desk, caller.scope(Permission.READ, clinic))
        page = schedule(desk, wanted.treatment or "", clinic, flight)
        place = next(n for n, it in enumerate(page.steps) if it.step.id == wanted.name)
        step = page.steps[place]
        return self.shell.page(
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
            shown={it.value: _RENDER[it](desk, wanted) for it in PATIENT_CHANNELS if it in step.step.channels},
            frame=self.shell.address(f"{self._path(wanted)}/email", clinic=clinic, language=wanted.language),
            said_of=StepWords(words(language), self.shell.formats(language), clinic),
            addresses=self._addresses(caller, clinic),
            required=desk.approver.required,
            places=readable(desk, caller),
            problems=[("test", problem)] if problem else [],
            coded=coded,
            is_faulty=is_faulty,
        )

    def _addresses(self, caller: Caller, clinic: str) -> dict[str, bool] | None:
        """Return on which channels a test could reach the reader; None for whoever may send none."""
        if caller.kind is not CallerKind.USER or not caller.may(Permission.OPERATE, clinic):
            return None
        return {channel.value: bool(address) for channel, address in own_addresses(self.desk, caller).items()}

    def _path(self, wanted: Wanted) -> str:
        return f"/schedules/{wanted.treatment}/{wanted.name}"
