"""What is done with a visit: move, cancel, completed, no-show; what becomes of its messages is said before."""

from collections.abc import Sequence
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
from scheduler.services.moments import NoInstantError, read_instant
from scheduler.services.undoing import State, state_of
from scheduler.services.visit_changes import (
    Action,
    Foreseen,
    VisitChange,
    VisitChangedError,
    carry_out,
    foresee,
    is_done,
    last_change,
)
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.patients import peek_patient
from scheduler.web.access import needs, note
from scheduler.web.console.appointment_times import Odd, odd_time, wall_parts
from scheduler.web.console.posted import Posted, posted
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import fill, words

Number = Annotated[int, Path(ge=1, lt=2**63)]
Problems = Sequence[tuple[str, str]]
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

    def ask(
        self, request: Request, caller: Caller, number: int, *, status: int = 200, problems: Problems = ()
    ) -> Response:
        """Show the form: a move asks for the time first, all others show at once what they would do."""
        visit, clinic = self._visit(request, caller, number)
        if self.action is Action.MOVE:
            typed = _Typed(*wall_parts(visit.starts_at, clinic))
            return self._page(request, caller, visit, typed=typed, problems=problems, status=status)
        if is_done(visit, VisitChange(self.action)):
            told = problems or self._told(request, caller, visit)
            return self._page(request, caller, visit, problems=told, status=status)
        try:
            seen = foresee(self.desk, number, VisitChange(self.action), by=caller.label)
        except ConflictError:
            return self._page(request, caller, visit, problems=problems, status=409)
        return self._page(request, caller, visit, foreseen=seen, problems=problems, status=status)

    def change(self, request: Request, caller: Caller, number: int, form: Posted) -> Response:
        """Show what a move would do, or do what was shown."""
        visit, clinic = self._visit(request, caller, number)
        typed = _read(form, clinic) if self.action is Action.MOVE else None
        change = VisitChange(self.action, typed.at if typed else None)
        if self._is_stale(form, caller, visit, change):
            return self._meanwhile(request, caller, number)
        if typed and typed.wrong:
            return self._page(request, caller, visit, typed=typed, status=422)
        if typed and form["step"] != "save":
            return self._page(
                request, caller, visit, typed=typed, foreseen=foresee(self.desk, number, change, by=caller.label)
            )
        try:
            _, undo = carry_out(self.desk, number, change, by=caller.label, seen=_seen(form))
        except VisitChangedError:
            return self._meanwhile(request, caller, number)
        return self.shell.go(
            request,
            f"/appointments/{visit.id}",
            said=f"appointments.said.{self.action.value}",
            link=f"/appointments/undo/{undo}" if undo else None,
        )

    def _is_stale(self, form: Posted, caller: Caller, visit: StoredAppointment, change: VisitChange) -> bool:
        """Whether somebody changed the visit since the form was made; a second press of one's own is none."""
        seen = _seen(form)
        if seen is None or seen == state_of(visit):
            return False
        with self.desk.store.read() as tx:
            last = last_change(tx, visit.id)
        return not (is_done(visit, change) and last is not None and last.by == caller.label)

    def _meanwhile(self, request: Request, caller: Caller, number: int) -> Response:
        """Say what was done with it and by whom, and ask anew."""
        visit, _ = self._visit(request, caller, number)
        return self.ask(request, caller, number, status=409, problems=self._told(request, caller, visit))

    def _told(self, request: Request, caller: Caller, visit: StoredAppointment) -> Problems:
        with self.desk.store.read() as tx:
            last = last_change(tx, visit.id)
        if last is None:
            return ()
        language = self.shell.language(request, caller)
        sentence = words(language)["appointments"]["meanwhile"][last.cause.value]
        at = self.shell.formats(language).moment(last.at, visit.clinic)
        return (("", fill(sentence, name=last.by.removeprefix("user:").removeprefix("operator:"), at=at)),)

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
        problems: Problems = (),
        status: int = 200,
    ) -> Response:
        with self.desk.store.read() as tx:
            name = peek_patient(tx, visit.patient_id).name
        said = words(self.shell.language(request, caller))["appointments"]
        wrong = [("day", said["wrong"][typed.wrong])] if typed and typed.wrong else []
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
            problems=[*problems, *wrong],
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
    return (parts[0], parts[1], parts[2] or None) if len(parts) == 3 else None  # noqa: PLR2004  (as the page wrote it)
