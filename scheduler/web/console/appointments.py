"""Appointments: the list with its search. Registering, files, changes and undo are modules of their own."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.desk import Desk
from scheduler.services.visit_search import Searches, clean
from scheduler.store.appointments import get_appointment
from scheduler.web.access import needs, note
from scheduler.web.console.appointment_changes import change_pages
from scheduler.web.console.appointment_files import file_pages
from scheduler.web.console.appointment_list import Wish, place_text, read_wish, titles, visits_wished
from scheduler.web.console.appointment_register import register_pages
from scheduler.web.console.appointment_undo import undo_pages
from scheduler.web.console.posted import Posted, posted
from scheduler.web.console.shell import Shell
from scheduler.web.pages import SAFE

PATH = "/appointments"
Number = Annotated[int, Path(ge=1, lt=2**63)]
_SEE_OTHER = 303


def appointment_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router, pages = shell.router(), _Lists(desk, shell)

    @router.get(PATH)
    def show(request: Request, caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))]) -> Response:
        """Show the visits around now, or those that are asked for."""
        return pages.show(request, caller)

    @router.post(f"{PATH}/search")
    def find(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "patient.searched"))],
        form: Annotated[Posted, Depends(posted)],
    ) -> Response:
        """Seal what is looked for, and lead to what is found."""
        return pages.find(request, caller, form)

    register_pages(router, desk, shell)
    file_pages(router, desk, shell)
    undo_pages(router, desk, shell)

    @router.get(f"{PATH}/{{number}}")
    def visit(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))], number: Number
    ) -> Response:
        """Lead to the visit on its patient's page."""
        with desk.store.read() as tx:
            found = get_appointment(tx, number)
        caller.demand(Permission.READ, found.clinic)
        note(request, clinic=found.clinic, subject=f"appointment/{number}")
        # No place on the page: what is said on top of it must be seen.
        where = shell.address(f"/patients/{found.patient_id}", visit=number)
        return RedirectResponse(where, _SEE_OTHER, headers=dict(SAFE))

    change_pages(router, desk, shell)
    return router


class _Lists:
    """Shows lists of visits."""

    def __init__(self, desk: Desk, shell: Shell) -> None:
        self._desk, self._shell = desk, shell

    def show(self, request: Request, caller: Caller) -> Response:
        wish = read_wish(request, self._desk, caller)
        with self._desk.store.read() as tx:
            page = visits_wished(tx, self._desk, caller, wish, self._zone(caller, wish.clinic))
        language = self._shell.language(request, caller)
        return self._shell.page(
            request,
            caller,
            "appointments/list.html.j2",
            clinic=wish.clinic,
            wish=wish,
            rows=page.rows,
            found=page.found,
            earlier=self._leaf(wish, "before", place_text(page.earlier)),
            later=self._leaf(wish, "after", place_text(page.later)),
            titles=titles(self._desk, language),
            statuses=[it.value for it in AppointmentStatus],
            may_book=caller.anywhere(Permission.BOOK),
            several=not wish.clinic and self._sees_several(caller),
        )

    def find(self, request: Request, caller: Caller, form: Posted) -> Response:
        clinic = form["clinic"] or None
        caller.scope(Permission.READ, clinic)
        note(request, clinic=clinic)
        text = clean(form["q"])
        token = Searches(self._desk.store.vault).seal(text, caller, now=self._desk.clock.now()) if text else None
        return RedirectResponse(self._shell.address(PATH, clinic=clinic, q=token), _SEE_OTHER, headers=dict(SAFE))

    def _sees_several(self, caller: Caller) -> bool:
        return sum(caller.may(Permission.READ, it) for it in self._desk.configuration.clinics) > 1

    def _leaf(self, wish: Wish, way: str, place: str | None) -> str | None:
        return self._shell.address(PATH, **wish.query(**{way: place})) if place else None

    def _zone(self, caller: Caller, clinic: str | None) -> ZoneInfo:
        """Return the zone in which days of the filter begin: the clinic's, of several that of the first."""
        scope = caller.scope(Permission.READ, clinic)
        zones = [it.timezone for name, it in self._desk.configuration.clinics.items() if scope.holds(name)]
        return zones[0] if zones else ZoneInfo("UTC")
