"""What is done with a visit: move, cancel, completed, no-show; what becomes of its messages is said before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.appointment import CALLED_OFF
from scheduler.domain.clinic import Clinic
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.intake import NoInstantError, read_instant
from scheduler.services.undoing import State, state_of
from scheduler.services.visit_changes import Action, Foreseen, VisitChange, VisitChangedError, carry_out, foresee
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.patients import peek_patient
from scheduler.web.access import needs, note
from scheduler.web.console.appointment_times import Odd, odd_time, wall_parts
from scheduler.web.console.posted import Posted, posted
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words

Number = Annotated[int, Path(ge=1, lt=2**63)]
_ACTIONS = {it.value.replace("_", "-"): it for it in Action}
_DONE = {
    Action.MOVE: "appointment.moved",
    Action.CANCEL: "appointment.cancelled",
    Action.COMPLETE: "appointment.completed",
    Action.NO_SHOW: "appointment.missed",
}


def change_pages(router: APIRouter, desk: Desk, shell: Shell) -> None:
    """Add the routes, a pair for each action: so each has its own name in the audit trail."""
    for path, action in _ACTIONS.items():
        _add(router, _Changes(desk, shell, action), path)


def _add(router: APIRouter, pages: "_Changes", path: str) -> None:
    @router.get(f"/appointments/{{number}}/{path}")
    def ask(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.BOOK, "-"))], number: Number
    ) -> Response:
        """Say what would become of the messages."""
        return pages.ask(request, caller, number)

    @router.post(f"/appointments/{{number}}/{path}")
    def change(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, _DONE[pages.action]))],
        number: Number,
        form: Annotated[Posted, Depends(posted)],
    ) -> Response:
        """Look at a new time, or do it."""
        return pages.change(request, caller, number, form)


@dataclass(frozen=True, slots=True)
class _Typed:
    """A day and a time of day as they stand in the form, the instant that they are, what is wrong, what is odd."""

    day: str
    time: str
    at: datetime | None = None
    wrong: str | None = None
    odd: Odd | None = None


@dataclass(frozen=True, slots=True)
class _Changes:
    """The pages of one action."""

    desk: Desk
    shell: Shell
    action: Action

    def ask(self, request: Request, caller: Caller, number: int, *, status: int = 200) -> Response:
        """Show the form: a move asks for the time first, all others show at once what they would do."""
        visit, clinic = self._visit(request, caller, number)
        if self.action is Action.MOVE:
            return self._page(request, caller, visit, typed=_Typed(*wall_parts(visit.starts_at, clinic)))
        try:
            seen = foresee(self.desk, number, VisitChange(self.action), by=caller.label)
        except ConflictError:
            return self._page(request, caller, visit, status=409)
        return self._page(request, caller, visit, foreseen=seen, status=status)

    def change(self, request: Request, caller: Caller, number: int, form: Posted) -> Response:
        """Show what a move would do, or do what was shown."""
        visit, clinic = self._visit(request, caller, number)
        typed = _read(form, clinic) if self.action is Action.MOVE else None
        if typed and typed.wrong:
            return self._page(request, caller, visit, typed=typed, status=422)
        change = VisitChange(self.action, typed.at if typed else None)
        if typed and form["step"] != "save":
            return self._page(
                request, caller, visit, typed=typed, foreseen=foresee(self.desk, number, change, by=caller.label)
            )
        try:
            _, undo = carry_out(self.desk, number, change, by=caller.label, seen=_seen(form))
        except VisitChangedError:
            return self.ask(request, caller, number, status=409)
        return self.shell.go(
            request,
            f"/appointments/{visit.id}",
            said=f"appointments.said.{self.action.value}",
            link=f"/appointments/undo/{undo}" if undo else None,
        )

    def _visit(self, request: Request, caller: Caller, number: int) -> tuple[StoredAppointment, Clinic]:
        with self.desk.store.read() as tx:
            visit = get_appointment(tx, number)
        caller.demand(Permission.BOOK, visit.clinic)
        note(request, clinic=visit.clinic, subject=f"appointment/{number}")
        clinic = self.desk.configuration.clinics.get(visit.clinic)
        if clinic is None:
            raise NotFoundError(f"clinic {visit.clinic} has no file any more: ask whoever runs this system")
        return visit, clinic

    def _page(
        self,
        request: Request,
        caller: Caller,
        visit: StoredAppointment,
        *,
        typed: _Typed | None = None,
        foreseen: Foreseen | None = None,
        status: int = 200,
    ) -> Response:
        with self.desk.store.read() as tx:
            name = peek_patient(tx, visit.patient_id).name
        said = words(self.shell.language(request, caller))["appointments"]
        problems = [("day", said["wrong"][typed.wrong])] if typed and typed.wrong else []
        return self.shell.page(
            request,
            caller,
            "appointments/change.html.j2",
            status=status,
            action=self.action.value,
            here=f"/appointments/{visit.id}/{self.action.value.replace('_', '-')}",
            visit=visit,
            name=name,
            typed=typed,
            seen=foreseen,
            state="|".join(it or "" for it in state_of(visit)),
            is_off=visit.status in CALLED_OFF,
            problems=problems,
            title_of=self.desk.configuration.protocols.get(visit.treatment),
        )


def _read(form: Posted, clinic: Clinic) -> _Typed:
    day, time = form["day"].strip(), form["time"].strip()
    if not day or not time:
        return _Typed(day, time, wrong="empty")
    try:
        at = read_instant(f"{day}T{time}", clinic)
    except NoInstantError as error:
        return _Typed(day, time, wrong=error.code)
    return _Typed(day, time, at, odd=odd_time(f"{day}T{time}", at, clinic))


def _seen(form: Posted) -> State | None:
    parts = form["state"].split("|")
    return (parts[0], parts[1], parts[2] or None) if len(parts) == 3 else None  # noqa: PLR2004
