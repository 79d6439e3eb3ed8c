"""One message of a patient: sent now, released or dropped where it waits for a person."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.states import Brake, Status
from scheduler.errors import ConflictError
from scheduler.services.holding import drop, release
from scheduler.services.sending_now import NotNowError, send_now
from scheduler.store.held import Choice
from scheduler.store.messages import Message
from scheduler.store.patients import Patient
from scheduler.web.access import needs
from scheduler.web.console.patient_door import Ask, Door, Problems
from scheduler.web.console.words import fill

Number = Annotated[int, Path(ge=1, lt=2**63)]


class Action(StrEnum):
    """What is done with a message."""

    NOW = "now"
    RELEASE = "release"
    DROP = "drop"


_DONE = {Action.NOW: "sent_now", Action.RELEASE: "released", Action.DROP: "dropped"}


def message_pages(router: APIRouter, door: Door) -> None:
    """Add the routes, a pair for each action."""
    for action in Action:
        _add(router, _Messages(door, action))


def _add(router: APIRouter, pages: "_Messages") -> None:
    path = f"/patients/{{number}}/messages/{{message}}/{pages.action.value}"

    @router.get(path)
    def ask(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "-"))],
        number: Number,
        message: Number,
    ) -> Response:
        """Say what will happen."""
        patient = pages.door.patient(request, caller, number, Permission.CARE)
        return pages.ask(request, caller, patient, pages.door.message(patient, message))

    @router.post(path)
    def do(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, f"message.{_DONE[pages.action]}"))],
        number: Number,
        message: Number,
    ) -> Response:
        """Do it."""
        patient = pages.door.patient(request, caller, number, Permission.CARE)
        return pages.do(request, caller, patient, pages.door.message(patient, message))


@dataclass(frozen=True, slots=True)
class _Messages:
    door: Door
    action: Action

    def ask(
        self, request: Request, caller: Caller, patient: Patient, message: Message, *, status: int = 200
    ) -> Response:
        t = self.door.words(request, caller)
        own, step = t[self.action.value], self.door.step(request, caller, message.step)
        says, problems = self._said(request, caller, patient, message)
        ask = Ask(
            title=fill(own["title"], step=step),
            says=says,
            path=f"/patients/{patient.id}/messages/{message.id}/{self.action.value}",
            button=own["button"],
            can=not problems,
            danger=self.action is Action.DROP,
        )
        status = 409 if problems and status == 200 and request.method == "POST" else status  # noqa: PLR2004  (a form that can't be carried out any more)
        return self.door.ask(request, caller, patient, ask, status=status, problems=problems)

    def do(self, request: Request, caller: Caller, patient: Patient, message: Message) -> Response:
        desk, by = self.door.desk, caller.label
        now = desk.clock.now()
        choice = Choice(ids=(message.id,))
        match self.action:
            case Action.NOW:
                try:
                    with desk.store.write() as tx:
                        sooner = send_now(tx, desk.configuration, message.id, approver=desk.approver, now=now, by=by)
                except ConflictError:
                    return self.ask(request, caller, patient, message, status=409)
                said = "now_later" if sooner.waits or sooner.at > now else "now"
            case Action.RELEASE:
                done = release(desk.store, choice, now=now, by=by)
                if not done.moved and not done.too_late:
                    return self.ask(request, caller, patient, message, status=409)
                said = "released" if done.moved else "late"
            case Action.DROP:
                if not drop(desk.store, choice, now=now, by=by).moved:
                    return self.ask(request, caller, patient, message, status=409)
                said = "dropped"
        desk.wake()
        back = f"/patients/{patient.id}?visit={message.of_visit}"
        return self.door.shell.go(request, back, said=f"patients.said.{said}")

    def _said(
        self, request: Request, caller: Caller, patient: Patient, message: Message
    ) -> tuple[list[object], Problems]:
        """Return the sentences of what would happen, or why it can't."""
        t = self.door.words(request, caller)
        if self.action is Action.NOW:
            return self._said_now(request, caller, patient, message)
        if message.status is not Status.HELD:
            return [], [("", t["not_now"]["over"])]
        own = t[self.action.value]
        says: list[object] = [own["what"]]
        formats = self.door.shell.formats(self.door.shell.language(request, caller))
        if self.action is Action.RELEASE and message.useful_until <= self.door.desk.clock.now():
            says = [fill(own["late"], when=formats.moment(message.useful_until, patient.clinic))]
        elif self.action is Action.RELEASE and message.brake is Brake.DOUBT:
            says.append(own["doubt"])
        return says, []

    def _said_now(
        self, request: Request, caller: Caller, patient: Patient, message: Message
    ) -> tuple[list[object], Problems]:
        t, desk = self.door.words(request, caller), self.door.desk
        sayer = self.door.sayer(request, caller, patient.clinic)
        try:
            with desk.store.read() as tx:
                seen = send_now(
                    tx, desk.configuration, message.id, approver=desk.approver, now=desk.clock.now(), by=caller.label
                )
        except NotNowError as error:
            return [], [("", fill(t["not_now"][error.bar.value], why=sayer.say(error.reasons)))]
        except ConflictError as error:
            return [], self.door.told(request, caller, patient, error)
        own, why = t["now"], sayer.say(seen.reasons)
        if seen.waits:
            first = fill(own["waits"], why=why)
        elif seen.reasons:
            first = fill(own["goes_at"], when=sayer.formats.moment(seen.at, patient.clinic), why=why)
        else:
            to = patient.address(message.channel) or ""
            first = fill(own["goes"], channel=t["named"][message.channel.value], to=to)
        return [first, own["once"], own["rules"]], []
