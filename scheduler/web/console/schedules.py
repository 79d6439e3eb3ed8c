"""The pages of schedules: the list of protocols, and one protocol as a picture and in words."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from scheduler.domain.access import Caller, Permission
from scheduler.services.desk import Desk
from scheduler.services.file_checks import sound_since
from scheduler.services.schedule_pages import SchedulePage, schedule, schedules
from scheduler.services.schedule_work import ScheduleWork
from scheduler.web.access import needs, note
from scheduler.web.console.schedule_choice import chosen_clinic, readable, refuse_unknown_treatment
from scheduler.web.console.schedule_files import file_pages
from scheduler.web.console.schedule_plans import plan_pages
from scheduler.web.console.schedule_steps import step_pages
from scheduler.web.console.schedule_texts import text_pages
from scheduler.web.console.schedule_words import StepWords, coded, picture, titled
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.late import join

Reader = Annotated[Caller, Depends(needs(Permission.READ, "-"))]


def schedule_pages(desk: Desk, shell: Shell, work: ScheduleWork) -> APIRouter:
    """Return the routes; `work` outlives editions of the files. Fixed names have a hyphen, which no id has."""
    router = shell.router()

    @router.get("/schedules")
    def protocols(request: Request, caller: Reader, clinic: str | None = None) -> HTMLResponse:
        """Show all protocols, what waits to be applied, and what is wrong with the files."""
        scope = caller.scope(Permission.READ, clinic)
        checks = work.checks.look(desk)
        return shell.page(
            request,
            caller,
            "schedules/list.html.j2",
            clinic=clinic,
            lines=schedules(desk, scope, work.flight.look(desk, scope), checks.problems),
            checks=checks,
            sound_since=sound_since(desk) if checks.errors else None,
            titled=titled,
            coded=coded,
            has_clinic=bool(desk.configuration.clinics),
        )

    join(router, file_pages(desk, shell, work), plan_pages(desk, shell, work), text_pages(desk, shell))

    @router.get("/schedules/{treatment}")
    def protocol(request: Request, caller: Reader, treatment: str, clinic: str | None = None) -> HTMLResponse:
        """Show one protocol as a clinic has it."""
        place = chosen_clinic(desk, caller, clinic)
        refuse_unknown_treatment(desk, treatment)
        note(request, clinic=place, subject=f"schedule/{treatment}")
        checks = work.checks.look(desk)
        flight = work.flight.look(desk, caller.scope(Permission.READ, place))
        page = schedule(desk, treatment, place, flight, checks.problems)
        language = shell.language(request, caller)
        said = StepWords(words(language), shell.formats(language), place)
        return shell.page(
            request,
            caller,
            "schedules/protocol.html.j2",
            page=page,
            title=titled(page.protocol, language),
            picture=_picture(page, said, language, shell),
            said_of=said,
            coded=coded,
            required=desk.approver.required,
            places=readable(desk, caller),
        )

    join(router, step_pages(desk, shell, work))
    return router


def _picture(page: SchedulePage, said: StepWords, language: str, shell: Shell) -> Markup:
    protocol, clinic = page.protocol, page.clinic.id
    label = said.words["schedules"]["step"]["picture"]
    title = label.format(title=titled(protocol, language), clinic=said.fmt.clinic(clinic))
    links = {it.id: shell.address(f"/schedules/{protocol.treatment}/{it.id}", clinic=clinic) for it in protocol.steps}
    return Markup(picture(protocol, said, title, links))  # noqa: S704  (escaped where it is drawn)
