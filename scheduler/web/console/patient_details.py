"""Corrects who a patient is, and sends again what did not get there."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.protocol import Channel
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services.correcting import DetailsChangedError, correct, state_of
from scheduler.services.intake import Field, WrongFieldsError, read_details
from scheduler.services.left_text import forget_text, left_text
from scheduler.services.resending import Candidate, Word, candidates, resend
from scheduler.store.consents import stop_source
from scheduler.store.patients import Patient
from scheduler.web.access import needs
from scheduler.web.console.patient_door import Ask, Blank, Door, Problems
from scheduler.web.console.posted import Posted, posted
from scheduler.web.console.words import fill, words

Number = Annotated[int, Path(ge=1, lt=2**63)]
Reader = Annotated[Caller, Depends(needs(Permission.CARE, "-"))]
Form = Annotated[Posted, Depends(posted)]
_BOX = re.compile(r"send_([0-9]{1,18})")
_FIELDS = (Field.NAME, Field.PHONE, Field.EMAIL, Field.LANGUAGE, Field.TIMEZONE)
_NAMES = tuple(str(it) for it in _FIELDS)


def detail_pages(router: APIRouter, door: Door) -> None:
    """Add the routes."""
    _correcting(router, door)
    _resending(router, door)


def _correcting(router: APIRouter, door: Door) -> None:
    @router.get("/patients/{number}/details")
    def ask_details(request: Request, caller: Reader, number: Number) -> Response:
        """Show the details to be corrected."""
        patient = door.patient(request, caller, number, Permission.CARE)
        with door.desk.store.read() as tx:
            left = left_text(tx, caller.label, _page(number))
        typed = {**_known(patient), **({it: left.typed.get(it, "") for it in _NAMES} if left else {})}
        ask = _details_form(door, request, caller, patient, typed)
        said = words(door.shell.language(request, caller))["errors"]["text_left"]
        return door.ask(request, caller, patient, replace(ask, warns=[said]) if left else ask)

    @router.post("/patients/{number}/details")
    def do_details(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.corrected"))],
        number: Number,
        form: Form,
    ) -> Response:
        """Store them."""
        patient, desk = door.patient(request, caller, number, Permission.CARE), door.desk
        clinic = desk.configuration.clinics.get(patient.clinic)
        if clinic is None:
            raise NotFoundError(f"clinic {patient.clinic} has no file any more")
        typed = {str(it): form[it.value] for it in _FIELDS}
        try:
            details = read_details({it: typed[it] for it in _FIELDS}, clinic)
            with desk.store.write() as tx:
                now, by, seen = desk.clock.now(), caller.label, request.query_params.get("seen")
                done = correct(tx, desk.configuration, number, details, now=now, by=by, seen=seen)
        except DetailsChangedError as error:
            patient = door.patient(request, caller, number, Permission.CARE)
            ask = _beside(door, request, caller, _details_form(door, request, caller, patient, typed), patient)
            told = door.told(request, caller, patient, error)
            return door.ask(request, caller, patient, ask, status=409, problems=told)
        except WrongFieldsError as error:
            t = door.words(request, caller)["wrong"]
            problems: Problems = [(it.field.value, t[it.code]) for it in error.wrong]
            ask = _details_form(door, request, caller, patient, typed)
            return door.ask(request, caller, patient, ask, status=422, problems=problems)
        except ConflictError as error:
            ask = _details_form(door, request, caller, patient, typed)
            told = door.told(request, caller, patient, error)
            return door.ask(request, caller, patient, ask, status=409, problems=told)
        with desk.store.write() as tx:
            forget_text(tx, caller.label, _page(number))
        desk.wake()
        link = f"/patients/{number}/resend" if done.of_address else None
        said = "corrected" if done.of_address else ("details" if done.changed else "same")
        return door.shell.go(request, f"/patients/{number}", said=f"patients.said.{said}", link=link)


def _page(number: int) -> str:
    return f"/patients/{number}/details"


def _beside(door: Door, request: Request, caller: Caller, ask: Ask, patient: Patient) -> Ask:
    """Return the form with what is stored now beside what was typed, where that differs."""
    own, known = door.words(request, caller)["details"], _known(patient)
    stored = {name: fill(own["now"], value=known[name] or own["now_empty"]) for name in _NAMES}
    blanks = [it if it.value == known[it.name] else replace(it, hint=stored[it.name]) for it in ask.blanks]
    return replace(ask, blanks=blanks)


def _known(patient: Patient) -> Mapping[str, str]:
    return {str(it): getattr(patient, it.value) or "" for it in _FIELDS}


def _details_form(door: Door, request: Request, caller: Caller, patient: Patient, typed: Mapping[str, str]) -> Ask:
    t = door.words(request, caller)
    who, own = t["who"], t["details"]
    spoken = _languages(door, request, caller, patient, who["language_default"])
    return Ask(
        title=own["title"],
        says=[own["what"], own["links"], own["stops"]],
        path=f"/patients/{patient.id}/details?seen={state_of(door.desk.store.vault, patient)}",
        button=own["button"],
        blanks=[
            Blank("field", "name", who["name"], typed["name"], attrs={"autocomplete": "off"}),
            Blank("field", "phone", who["phone"], typed["phone"], required=False, attrs={"type": "tel"}),
            Blank("field", "email", who["email"], typed["email"], required=False, attrs={"inputmode": "email"}),
            Blank("select", "language", who["language"], typed["language"], options=spoken),
            Blank("field", "timezone", who["zone"], typed["timezone"], own["zone_hint"], required=False),
        ],
    )


def _languages(
    door: Door, request: Request, caller: Caller, patient: Patient, default: str
) -> list[tuple[object, ...]]:
    """Return what may be chosen: as the clinic, what it writes in, and what the patient has."""
    fmt = door.shell.formats(door.shell.language(request, caller))
    clinic = door.desk.configuration.clinics.get(patient.clinic)
    spoken = clinic.languages if clinic else ()
    known = dict.fromkeys([*spoken, *([patient.language] if patient.language else [])])
    as_clinic = fill(default, language=fmt.tongue(spoken[0]) if spoken else "")
    return [("", as_clinic), *((it, fmt.tongue(it)) for it in known)]


def _resending(router: APIRouter, door: Door) -> None:
    @router.get("/patients/{number}/resend")
    def ask_resend(request: Request, caller: Reader, number: Number) -> Response:
        """Show what may go again."""
        patient = door.patient(request, caller, number, Permission.CARE)
        return _resend_page(door, request, caller, patient)

    @router.post("/patients/{number}/resend")
    def do_resend(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "message.resent"))],
        number: Number,
        form: Form,
    ) -> Response:
        """Send the chosen ones again, all or none."""
        patient, desk = door.patient(request, caller, number, Permission.CARE), door.desk
        wished = _wished(form)
        if not wished:
            problems = [("", door.words(request, caller)["again"]["none_chosen"])]
            return _resend_page(door, request, caller, patient, status=422, problems=problems)
        for message in wished:
            door.message(patient, message)
        now = desk.clock.now()
        try:
            with desk.store.write() as tx:
                for message, word in sorted(wished.items()):
                    resend(tx, desk.configuration, message, word, now=now, by=caller.label)
        except ConflictError as error:
            told = door.told(request, caller, patient, error)
            return _resend_page(door, request, caller, patient, status=409, problems=told)
        desk.wake()
        return door.shell.go(request, f"/patients/{number}", said="patients.said.again", count=len(wished))


def _wished(form: Mapping[str, str]) -> Mapping[int, Word]:
    """Return the messages that were ticked, each with what stood beside the box."""
    numbers = {int(found[1]): value for name, value in form.items() if (found := _BOX.fullmatch(name))}
    return {number: Word("reached" in value, "useless" in value) for number, value in numbers.items()}


def _resend_page(
    door: Door,
    request: Request,
    caller: Caller,
    patient: Patient,
    *,
    status: int = 200,
    problems: Problems = (),
) -> Response:
    desk = door.desk
    found: tuple[Candidate, ...] = ()
    with desk.store.read() as tx:
        if patient.clinic in desk.configuration.clinics and not patient.is_erased:
            found = candidates(tx, desk.configuration, patient.id, now=desk.clock.now())
        stopped = {
            channel
            for channel in (Channel.SMS, Channel.EMAIL)
            if (to := patient.address(channel)) and stop_source(tx, patient.clinic, channel, to)
        }
    return door.shell.page(
        request,
        caller,
        "patients/resend.html.j2",
        status=status,
        problems=problems,
        patient=patient,
        found=found,
        stopped=stopped,
        back=f"/patients/{patient.id}",
    )
