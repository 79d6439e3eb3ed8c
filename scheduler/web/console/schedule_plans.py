"""What an edit changes for visits in flight, carrying it out, and what was carried out before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from scheduler.domain.access import Caller, Permission
from scheduler.domain.reasons import load_reasons
from scheduler.errors import ConflictError, NotFoundError
from scheduler.protocols.edit_words import words_of
from scheduler.services.applying import Chosen
from scheduler.services.applying_jobs import give_up, history, unfinished
from scheduler.services.background import State
from scheduler.services.desk import Desk
from scheduler.services.plan_making import Planned
from scheduler.services.schedule_work import ScheduleWork
from scheduler.web.access import needs, note
from scheduler.web.console.reasons import Sayer
from scheduler.web.console.schedule_choice import readable
from scheduler.web.console.schedule_words import coded
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import fill, words

Reader = Annotated[Caller, Depends(needs(Permission.READ, "-"))]
Planning = Annotated[Caller, Depends(needs(Permission.READ, "plan.made"))]
Applying = Annotated[Caller, Depends(needs(Permission.OPERATE, "plan.applied"))]
GivingUp = Annotated[Caller, Depends(needs(Permission.OPERATE, "plan.given_up"))]

PAGE = "/schedules/pending-edit"
REFUSED = frozenset({"busy", "gone", "since", "at_work"})
"""Codes of words that say why nothing was begun."""
_LONGEST_PIN = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """What a page of plans is about, as it stands in the address and in forms."""

    clinic: str | None
    treatment: str | None
    pins: tuple[str, ...]

    @property
    def chosen(self) -> Chosen:
        """The same, as services take it."""
        pairs = [it.partition(".") for it in self.pins]
        return Chosen(frozenset((treatment, step) for treatment, _, step in pairs), self.clinic, self.treatment)

    @property
    def path(self) -> str:
        """The page's path with what stands in its address."""
        pairs = [(name, value) for name, value in (("clinic", self.clinic), ("treatment", self.treatment)) if value]
        query = urlencode([*pairs, *(("pin", pin) for pin in self.pins)])
        return f"{PAGE}?{query}" if query else PAGE


def plan_pages(desk: Desk, shell: Shell, work: ScheduleWork) -> APIRouter:
    """Return the routes."""
    router, pages = shell.router(), PlanPages(desk, shell, work)
    _plan_routes(router, pages)
    _apply_routes(router, pages)
    return router


def _plan_routes(router: APIRouter, pages: "PlanPages") -> None:
    @router.get(PAGE)
    def pending_edit(
        request: Request,
        caller: Reader,
        *,
        clinic: str | None = None,
        treatment: str | None = None,
        pin: Annotated[list[str] | None, Query()] = None,
        page: int = 1,
        refused: str = "",
    ) -> HTMLResponse:
        """Show what waits to be applied, and the plan of it where one was made; and why nothing was begun."""
        choice = pages.choice(caller, clinic, treatment, pin or ())
        return pages.show(request, caller, choice, page=page, refused=refused)

    @router.get(f"{PAGE}/apply")
    def apply_again(request: Request, _caller: Reader) -> RedirectResponse:
        """Lead whoever opens the address of a form to its page."""
        return pages.shell.go(request, PAGE)

    @router.post(PAGE)
    def make_plan(
        request: Request,
        caller: Planning,
        clinic: Annotated[str, Form()] = "",
        treatment: Annotated[str, Form()] = "",
        pin: Annotated[list[str] | None, Form()] = None,
    ) -> Response:
        """Begin to work out what changes."""
        choice = pages.choice(caller, clinic or None, treatment or None, pin or ())
        note(request, clinic=choice.clinic, subject="plan")
        return pages.make(request, caller, choice)

    @router.get("/schedules/apply-history")
    def apply_history(request: Request, caller: Reader) -> HTMLResponse:
        """Show what was applied."""
        return pages.shell.page(
            request, caller, "schedules/history.html.j2", applies=history(pages.desk), coded=coded
        )


def _apply_routes(router: APIRouter, pages: "PlanPages") -> None:
    @router.post(f"{PAGE}/apply")
    def apply_plan(
        request: Request,
        caller: Applying,
        *,
        made_at: Annotated[str, Form()],
        clinic: Annotated[str, Form()] = "",
        treatment: Annotated[str, Form()] = "",
        pin: Annotated[list[str] | None, Form()] = None,
    ) -> Response:
        """Begin to carry out the plan that was seen."""
        choice = pages.choice(caller, clinic or None, treatment or None, pin or ())
        note(request, clinic=choice.clinic, subject="plan")
        return pages.apply(request, caller, choice, made_at)

    @router.post(f"{PAGE}/go-on")
    def go_on(request: Request, caller: Applying, apply: Annotated[int, Form()]) -> Response:
        """Go on with an apply that was stopped."""
        note(request, subject=f"apply/{apply}")
        pages.work.applies.go_on(pages.desk, apply, caller)
        return pages.shell.go(request, PAGE, said="schedules.plan.begun")

    @router.post(f"{PAGE}/give-up")
    def give_it_up(request: Request, caller: GivingUp) -> RedirectResponse:
        """Give up what has not come to its end."""
        note(request, subject="plan")
        give_up(pages.desk, caller)
        return pages.shell.go(request, PAGE, said="schedules.plan.dropped_unfinished")


@dataclass(frozen=True, slots=True)
class PlanPages:
    """Shows plans, and has them made and carried out."""

    desk: Desk
    shell: Shell
    work: ScheduleWork

    def choice(self, caller: Caller, clinic: str | None, treatment: str | None, pins: Sequence[str]) -> Choice:
        """Return what is meant; who may not see all clinics plans for one. Raises NotFoundError, ForbiddenError."""
        scope = caller.scope(Permission.READ, clinic)
        clinics = [it for it in self.desk.configuration.clinics if scope.holds(it)]
        if clinic and clinic not in clinics:
            raise NotFoundError("there is no such clinic among yours")
        if any(len(it) > _LONGEST_PIN or not all(it.partition(".")) for it in pins):
            raise NotFoundError("there is no such step")
        sees_all = scope.clinics is None or len(clinics) == len(self.desk.configuration.clinics)
        own = clinic if clinic or sees_all else next(iter(clinics), None)
        if own is None and not sees_all:
            raise NotFoundError("there is no clinic of yours in the configuration")
        return Choice(own, treatment, tuple(sorted(set(pins))))

    def make(self, request: Request, caller: Caller, choice: Choice) -> Response:
        """Begin a plan and lead to its page; where another is being made, say so there."""
        self.work.flight.forget()
        try:
            self.work.plans.start(self.desk, choice.chosen, by=caller.label)
        except ConflictError:
            return self._refuse(request, choice, "busy")
        return self.shell.go(request, choice.path)

    def apply(self, request: Request, caller: Caller, choice: Choice, made_at: str) -> Response:
        """Begin to carry out a plan, if it is the one that was seen. Raises ForbiddenError."""
        planned = self.work.plans.result(self.desk, choice.chosen)
        if planned is None:
            return self._refuse(request, choice, "gone")
        if planned.made_at.isoformat() != made_at:
            return self._refuse(request, choice, "since")
        try:
            self.work.applies.start(self.desk, planned, caller)
        except ConflictError:
            return self._refuse(request, choice, "at_work")
        return self.shell.go(request, choice.path, said="schedules.plan.begun")

    def show(
        self,
        request: Request,
        caller: Caller,
        choice: Choice,
        *,
        page: int = 1,
        refused: str = "",
    ) -> HTMLResponse:
        """Return the page of a plan, however far it is."""
        desk, plans, applies = self.desk, self.work.plans, self.work.applies
        scope = caller.scope(Permission.READ, choice.clinic)
        pending = self.work.flight.look(desk, scope).edits
        planned = plans.result(desk, choice.chosen)
        job, applying = plans.job(desk, choice.chosen), applies.job(caller, now=desk.clock.now())
        return self.shell.page(
            request,
            caller,
            "schedules/plan.html.j2",
            choice=choice,
            own=choice.clinic,
            pending=pending,
            words_of=words_of,
            coded=coded,
            planned=planned,
            job=job,
            rows=_rows(planned, page),
            page=page,
            page_path=lambda number: _with_page(choice.path, number),
            may_apply=planned is not None and _may_everywhere(caller, planned),
            applying=applying,
            applied=applies.applied,
            unfinished=unfinished(desk),
            is_busy=any(it and it.state is State.RUNNING for it in (job, applying)),
            at=datetime.fromisoformat,
            decimal=Decimal,
            why=self._why(request, caller),
            places=readable(desk, caller),
            sees_all=caller.scope(Permission.READ).clinics is None,
            problems=self._problems(request, caller, choice, planned, refused),
        )

    def _refuse(self, request: Request, choice: Choice, why: str) -> Response:
        """Lead to the page, which says why: a page that answers a form can't be gone back to, nor opened again."""
        return self.shell.go(request, _with(choice.path, f"refused={why}"))

    def _problems(
        self, request: Request, caller: Caller, choice: Choice, planned: Planned | None, refused: str
    ) -> list[tuple[str, str]]:
        if refused not in REFUSED:
            return []
        language = self.shell.language(request, caller)
        said, formats = words(language)["schedules"]["plan"], self.shell.formats(language)
        if refused != "since" or planned is None:
            return [("plan", said["gone" if refused == "since" else refused])]
        when = f"{formats.moment(planned.made_at, choice.clinic)} {formats.zone(planned.made_at, choice.clinic)}"
        return [("plan", fill(said["since"], by=planned.by, when=when))]

    def _why(self, request: Request, caller: Caller) -> Callable[[str, str], Markup]:
        """Return what says the reasons of a change, with times at that clinic."""
        language = self.shell.language(request, caller)
        formats = self.shell.formats(language)
        return lambda reasons, clinic: Sayer(language, formats, clinic).say(load_reasons(reasons))


def _rows(planned: Planned | None, page: int) -> list[Mapping[str, Any]]:
    if planned is None:
        return []
    try:
        return planned.rows.page(page)
    except FileNotFoundError:  # swept, or the data folder was emptied: planning again makes it anew
        return []


def _may_everywhere(caller: Caller, planned: Planned) -> bool:
    return all(caller.may(Permission.OPERATE, clinic) for clinic in planned.clinics)


def _with_page(path: str, number: int) -> str:
    return _with(path, f"page={number}")


def _with(path: str, more: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{more}"
