"""Registering a visit in the console: a form, the plan that it makes, and only then the visit."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.reasons import OF_THE_PLAN
from scheduler.domain.states import Status
from scheduler.errors import ConflictError
from scheduler.services.desk import Desk
from scheduler.services.drafts import Drafts
from scheduler.services.left_text import NEW_APPOINTMENT as NEW
from scheduler.services.left_text import LeftText, forget_text, left_text
from scheduler.services.registering import PlanChangedError, Registering, look, save
from scheduler.services.registration import Result
from scheduler.services.timeline import TimelineMessage
from scheduler.store.patients import get_patient
from scheduler.web.access import needs, note
from scheduler.web.console.appointment_form import (
    NAMES,
    Read,
    Typed,
    blank,
    conflict_of,
    dump_shown,
    languages,
    load_shown,
    prefilled,
    read_form_of,
    typed_in,
)
from scheduler.web.console.appointment_list import titles
from scheduler.web.console.places import bookable
from scheduler.web.console.posted import Posted, posted, whole
from scheduler.web.console.reasons import Sayer
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.pages import SAFE

_GOES = frozenset({"will_send", "will_go_with", "will_merge"})
_REFUSED = frozenset(
    {"will_not_send", "no_address", "consent_refused", "consent_unknown", "stopped", "not_theirs", "address_gone"}
)
"""Of these, no address is looked for again until the last moment: but nobody has one now."""


def register_pages(router: APIRouter, desk: Desk, shell: Shell) -> None:
    """Add the routes."""
    pages = _Registers(desk, shell)

    @router.get(NEW)
    def ask(request: Request, caller: Annotated[Caller, Depends(needs(Permission.BOOK, "-"))]) -> Response:
        """Show the form: empty, with what is known of a patient, or a draft; or the plan that a draft makes."""
        return pages.ask(request, caller)

    @router.post(NEW)
    def look_at_it(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "-"))],
        form: Annotated[Posted, Depends(posted)],
    ) -> Response:
        """Lead to the plan that it makes, or show the form again."""
        return pages.look(request, caller, form)

    @router.post("/appointments")
    def register(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "appointment.registered"))],
        form: Annotated[Posted, Depends(posted)],
    ) -> Response:
        """Register what was shown."""
        return pages.save(request, caller, form)


class _Registers:
    """Shows the form and the plan, and saves."""

    def __init__(self, desk: Desk, shell: Shell) -> None:
        self._desk, self._shell = desk, shell

    def ask(self, request: Request, caller: Caller) -> Response:
        asked = request.query_params
        if token := asked.get("draft"):
            return self._draft(request, caller, token, edit=asked.get("step") == "edit")
        places = bookable(self._desk, caller)
        number, treatment = whole(asked.get("patient", "")), asked.get("treatment", "")
        if number is not None:
            with self._desk.store.read() as tx:
                patient = get_patient(tx, number)
            caller.demand(Permission.BOOK, patient.clinic)
            note(request, clinic=patient.clinic, subject=f"patient/{patient.id}")
            return self._form(request, caller, prefilled(patient, treatment))
        if left := self._left(caller):
            return self._form(
                request, caller, {**blank(None), **{it: left.typed.get(it, "") for it in NAMES}}, left=True
            )
        clinic = asked.get("clinic") if asked.get("clinic") in dict(places) else None
        if clinic is None and len(places) == 1:
            clinic = places[0][0]
        return self._form(request, caller, blank(clinic, treatment))

    def look(self, request: Request, caller: Caller, form: Posted) -> Response:
        read, edit = self._read(caller, form), form["step"] == "edit"
        self._forget_left(caller)
        if not edit and read.registration is None:
            return self._form(request, caller, read.typed, wrong=read.wrong)
        # A page that answers a form can't be gone back to: browsers show an error of their own instead.
        if token := self._seal(caller, read):
            where = self._shell.address(NEW, draft=token, step="edit" if edit else None)
            return RedirectResponse(where, HTTPStatus.SEE_OTHER, headers=dict(SAFE))
        return self._form(request, caller, read.typed) if edit else self._look(request, caller, read)

    def _draft(self, request: Request, caller: Caller, token: str, *, edit: bool) -> Response:
        """Show what a draft makes; the empty form where it is over."""
        typed = Drafts(self._desk.store.vault).open(token, caller, now=self._desk.clock.now())
        if typed is None:
            return self._form(request, caller, blank(None))
        read = read_form_of({**blank(None), **typed}, self._desk, dict(bookable(self._desk, caller)))
        return self._form(request, caller, read.typed) if edit else self._look(request, caller, read)

    def _seal(self, caller: Caller, read: Read) -> str | None:
        return Drafts(self._desk.store.vault).seal(read.typed, caller, now=self._desk.clock.now())

    def _look(self, request: Request, caller: Caller, read: Read) -> Response:
        if read.registration is None:
            return self._form(request, caller, read.typed, wrong=read.wrong)
        note(request, clinic=read.registration.clinic)
        try:
            found = look(self._desk, read.registration, by=caller.label)
        except ConflictError as error:
            return self._conflict(request, caller, read, error)
        return self._plan(request, caller, read, found)

    def save(self, request: Request, caller: Caller, form: Posted) -> Response:
        read = self._read(caller, form)
        if read.registration is None:
            return self._form(request, caller, read.typed, wrong=read.wrong)
        caller.demand(Permission.BOOK, read.registration.clinic)
        note(request, clinic=read.registration.clinic)
        self._forget_left(caller)
        try:
            done = save(self._desk, read.registration, by=caller.label, shown=load_shown(form["shown"]) or ())
        except PlanChangedError as error:
            return self._plan(request, caller, read, error.now, changed=True)
        except ConflictError as error:
            return self._conflict(request, caller, read, error)
        note(request, clinic=read.registration.clinic, subject=f"appointment/{done.appointment}")
        link = f"/appointments/undo/{done.undo}" if done.undo else None
        said = {Result.REGISTERED: "registered", Result.RESCHEDULED: "again" if done.is_again else "move"}
        told = f"appointments.said.{said.get(done.result, 'known')}"
        return self._shell.go(request, f"/appointments/{done.appointment}", said=told, link=link)

    def _left(self, caller: Caller) -> LeftText | None:
        """Return what the caller typed when a session had run out."""
        with self._desk.store.read() as tx:
            return left_text(tx, caller.label, NEW)

    def _forget_left(self, caller: Caller) -> None:
        """Forget it: it is in a form again."""
        if self._left(caller):
            with self._desk.store.write() as tx:
                forget_text(tx, caller.label, NEW)

    def _read(self, caller: Caller, form: Posted) -> Read:
        return read_form_of(typed_in(form), self._desk, dict(bookable(self._desk, caller)))

    def _conflict(self, request: Request, caller: Caller, read: Read, error: ConflictError) -> Response:
        where = conflict_of(error)
        if where:
            return self._form(request, caller, read.typed, wrong=[where])
        told = self._shell.told(request, caller, error, read.typed["clinic"])
        return self._form(request, caller, read.typed, told=told)

    def _form(
        self,
        request: Request,
        caller: Caller,
        typed: Typed,
        *,
        wrong: Sequence[tuple[str, str]] = (),
        told: str | None = None,
        left: bool = False,
    ) -> Response:
        language = self._shell.language(request, caller)
        said: Mapping[str, Any] = words(language)["appointments"]
        places = bookable(self._desk, caller)
        ordered = sorted(wrong, key=lambda it: NAMES.index(it[0]))
        problems = [(field, _sentence(said, field, code)) for field, code in ordered]
        return self._shell.page(
            request,
            caller,
            "appointments/register.html.j2",
            status=422 if wrong or told else 200,
            typed=typed,
            left=left,
            now=self._desk.clock.now(),
            places=places,
            titles=titles(self._desk, language),
            languages=languages(self._desk, dict(places), language),
            problems=[*problems, *([(None, told)] if told else [])],
            folded=not any(field in ("ends", "timezone", "patient_id", "external_id") for field, _ in wrong)
            and not any(typed[name] for name in ("ends", "timezone", "patient_id", "external_id")),
        )

    def _plan(
        self, request: Request, caller: Caller, read: Read, found: Registering, *, changed: bool = False
    ) -> Response:
        assert read.registration is not None
        language = self._shell.language(request, caller)
        return self._shell.page(
            request,
            caller,
            "appointments/plan.html.j2",
            status=409 if changed else 200,
            typed=read.typed,
            wanted=read.registration,
            found=found,
            odd=read.odd.value if read.odd else None,
            changed=changed,
            shown=dump_shown(found.shown),
            titles=titles(self._desk, language),
            fate_of=_fate,
            why=partial(_why, Sayer(language, self._shell.formats(language), read.registration.clinic)),
        )


def _sentence(said: Mapping[str, Any], field: str, code: str) -> str:
    """Return what is wrong with a field, by its name; every code has words."""
    return f"{said['fields'][field]}: {said['wrong'][code]}"


def _fate(line: TimelineMessage) -> str:
    """Return whether something goes out as it looks now: "goes", "goes_not" or "waits", words of the page each."""
    codes = [it.code for it in line.reasons]
    if line.status is Status.HELD:
        return "waits"
    if line.status is not Status.SCHEDULED or not _REFUSED.isdisjoint(codes):
        return "goes_not"
    return "goes" if codes and codes[-1] in _GOES else "waits"


def _why(sayer: Sayer, line: TimelineMessage) -> str:
    """Return why something does not go out, or waits; not why it was planned for when it was."""
    reasons = [it for it in line.reasons if it.code not in OF_THE_PLAN and not it.code.startswith("will_")]
    return sayer.say(reasons or line.reasons)
