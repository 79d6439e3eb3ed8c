"""Exceptions for one step of one visit: skipped, moved, noted upon, and that taken back."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.clinic import Clinic
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services import adjusting
from scheduler.services.adjusting import Wish
from scheduler.services.moments import read_instant
from scheduler.store.appointments import StoredAppointment
from scheduler.store.messages import messages_of
from scheduler.store.patients import Patient
from scheduler.web.access import needs
from scheduler.web.console.patient_door import Ask, Blank, Door, Problems
from scheduler.web.console.posted import Posted, posted
from scheduler.web.console.words import fill

Number = Annotated[int, Path(ge=1, lt=2**63)]
Step = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9_-]+$")]
LONGEST_NOTE = 2000


class Action(StrEnum):
    """What is done to a step."""

    SKIP = "skip"
    MOVE = "move"
    NOTE = "note"
    LIFT = "lift"


_DONE = {Action.SKIP: "skipped", Action.MOVE: "moved", Action.NOTE: "noted", Action.LIFT: "lifted"}


class _Place(NamedTuple):
    """A patient, a visit and a step, as the address has them."""

    number: int
    visit: int
    step: str


def _place(number: Number, visit: Number, step: Step) -> _Place:
    return _Place(number, visit, step)


@dataclass(frozen=True, slots=True)
class _About:
    patient: Patient
    visit: StoredAppointment
    clinic: Clinic
    step: str


def step_pages(router: APIRouter, door: Door) -> None:
    """Add the routes, a pair for each action."""
    for action in Action:
        _add(router, _Steps(door, action))


def _add(router: APIRouter, pages: "_Steps") -> None:
    path = f"/patients/{{number}}/visits/{{visit}}/steps/{{step}}/{pages.action.value}"

    @router.get(path)
    def ask(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "-"))],
        place: Annotated[_Place, Depends(_place)],
    ) -> Response:
        """Say what will happen."""
        return pages.ask(request, caller, pages.about(request, caller, place))

    @router.post(path)
    def do(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, f"step.{_DONE[pages.action]}"))],
        place: Annotated[_Place, Depends(_place)],
        form: Annotated[Posted, Depends(posted)],
    ) -> Response:
        """Do it."""
        return pages.do(request, caller, pages.about(request, caller, place), form)


@dataclass(frozen=True, slots=True)
class _Steps:
    door: Door
    action: Action

    def about(self, request: Request, caller: Caller, place: _Place) -> _About:
        patient = self.door.patient(request, caller, place.number, Permission.CARE)
        found = self.door.visit(patient, place.visit)
        clinic = self.door.desk.configuration.clinics.get(patient.clinic)
        if clinic is None:
            raise NotFoundError(f"clinic {patient.clinic} has no file any more")
        return _About(patient, found, clinic, place.step)

    def ask(
        self,
        request: Request,
        caller: Caller,
        about: _About,
        form: Posted | None = None,
        *,
        status: int = 200,
        problems: Problems = (),
    ) -> Response:
        t = self.door.words(request, caller)
        own, step = t[self.action.value], self.door.step(request, caller, about.step)
        says = [fill(own["what"], step=step)]
        if undo := own.get("undo"):
            says.append(undo)
        ask = Ask(
            title=fill(own["title"], step=step),
            says=says,
            path=f"/patients/{about.patient.id}/visits/{about.visit.id}/steps/{about.step}/{self.action.value}",
            button=own["button"],
            blanks=self._blanks(request, caller, about, form),
        )
        return self.door.ask(request, caller, about.patient, ask, status=status, problems=problems)

    def do(self, request: Request, caller: Caller, about: _About, form: Posted) -> Response:
        t, desk, now = self.door.words(request, caller), self.door.desk, self.door.desk.clock.now()
        note = form["note"].strip()[:LONGEST_NOTE]
        at = None
        if self.action is Action.NOTE and not note:
            return self.ask(request, caller, about, form, status=422, problems=[("note", t["note"]["wrong"])])
        if self.action is Action.MOVE:
            try:
                at = read_instant(form["at"].strip(), about.clinic)
            except ValueError:
                return self.ask(request, caller, about, form, status=422, problems=[("at", t["move"]["wrong"])])
        try:
            with desk.store.write() as tx:
                about_it = (tx, desk.configuration, about.visit.id, about.step)
                if self.action is Action.LIFT:
                    adjusting.lift(*about_it, now=now, by=caller.label)
                else:
                    wish = Wish(self.action is Action.SKIP, at, note or None)
                    adjusting.adjust(*about_it, wish, now=now, by=caller.label)
        except (ConflictError, NotFoundError) as error:
            problems = self.door.told(request, caller, about.patient, error)
            return self.ask(request, caller, about, form, status=409, problems=problems)
        desk.wake()
        back = f"/patients/{about.patient.id}?visit={about.visit.id}"
        return self.door.shell.go(request, back, said=f"patients.said.{_DONE[self.action]}")

    def _blanks(self, request: Request, caller: Caller, about: _About, form: Posted | None) -> list[Blank]:
        t = self.door.words(request, caller)
        note = form["note"] if form else ""
        if self.action is Action.LIFT:
            return []
        if self.action is Action.NOTE:
            return [Blank("area", "note", t["note"]["text"], note, t["skip"]["note_hint"])]
        hinted = Blank("area", "note", t["skip"]["note"], note, t["skip"]["note_hint"], required=False)
        return [self._time(request, caller, about, form), hinted] if self.action is Action.MOVE else [hinted]

    def _time(self, request: Request, caller: Caller, about: _About, form: Posted | None) -> Blank:
        t = self.door.words(request, caller)["move"]
        formats = self.door.shell.formats(self.door.shell.language(request, caller))
        with self.door.desk.store.read() as tx:
            dues = [it.due_at for it in messages_of(tx, about.visit.id) if it.step == about.step]
        due = min(dues, default=None)
        local = due.astimezone(about.clinic.timezone).strftime("%Y-%m-%dT%H:%M") if due else ""
        hint = fill(t["now_at"], when=formats.moment(due, about.clinic.id)) if due else None
        label = fill(t["at"], zone=formats.zone(due or formats.now, about.clinic.id))
        return Blank("field", "at", label, form["at"] if form else local, hint, attrs={"type": "datetime-local"})
