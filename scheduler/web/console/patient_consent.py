"""What a patient told the clinic about consent, entered with the words."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.consent import Verdict
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.services import consent
from scheduler.store.consents import stop_source
from scheduler.store.patients import Patient
from scheduler.web.access import needs
from scheduler.web.console.patient_door import Ask, Blank, Door, Problems
from scheduler.web.forms import Form as Sent
from scheduler.web.forms import read_form

Number = Annotated[int, Path(ge=1, lt=2**63)]
LONGEST = 2000
_VERDICTS = {"grant": Verdict.GRANTED, "revoke": Verdict.REVOKED}


async def _posted_lists(request: Request) -> Sent:
    """Read a form whose fields may have several values."""
    form = await read_form(request)
    if form is None:
        raise HTTPException(422)
    return form


def consent_pages(router: APIRouter, door: Door) -> None:
    """Add the routes."""

    @router.get("/patients/{number}/consent")
    def ask_consent(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.CARE, "-"))], number: Number
    ) -> Response:
        """Show the form."""
        patient = door.patient(request, caller, number, Permission.CARE)
        return door.ask(request, caller, patient, _form(door, request, caller, patient, {}))

    @router.post("/patients/{number}/consent")
    def do_consent(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.consent_changed"))],
        number: Number,
        form: Annotated[Sent, Depends(_posted_lists)],
    ) -> Response:
        """Enter it."""
        patient = door.patient(request, caller, number, Permission.CARE)
        channels = [it for it in PATIENT_CHANNELS if it.value in form.get("channels", ())]
        purposes = [it for it in Purpose if it.value in form.get("purposes", ())]
        verdict = _VERDICTS.get(next(iter(form.get("verdict", ())), ""))
        wording = "".join(form.get("words", ())).strip()[:LONGEST]
        if problems := _problems(door, request, caller, (channels, purposes, verdict, wording)):
            ask = _form(door, request, caller, patient, form)
            return door.ask(request, caller, patient, ask, status=422, problems=problems)
        assert verdict
        lifts = verdict is Verdict.GRANTED and "yes" in form.get("lift", ())
        now, by = door.desk.clock.now(), caller.label
        with door.desk.store.write() as tx:
            for channel in channels if lifts else ():
                consent.lift_by_staff(tx, number, channel, by=by, now=now)
            consent.say(tx, number, verdict, channels, purposes, by=by, now=now, wording=wording)
        still = verdict is Verdict.GRANTED and any(_is_stopped(door, patient, it) for it in channels)
        door.desk.wake()
        said = "consent_stopped" if still and not lifts else "consent"
        return door.shell.go(request, f"/patients/{number}", said=f"patients.said.{said}")


def _is_stopped(door: Door, patient: Patient, channel: Channel) -> bool:
    address = patient.address(channel)
    with door.desk.store.read() as tx:
        return bool(address and stop_source(tx, patient.clinic, channel, address))


def _problems(door: Door, request: Request, caller: Caller, given: tuple[object, ...]) -> Problems:
    t = door.words(request, caller)["change"]
    said = ("no_choice", "no_choice", "no_choice", "no_words")
    names = ("channels", "purposes", "verdict", "words")
    return [(name, t[code]) for name, code, value in zip(names, said, given, strict=True) if not value]


def _form(door: Door, request: Request, caller: Caller, patient: Patient, typed: Mapping[str, list[str]]) -> Ask:
    t = door.words(request, caller)
    own, stopped = t["change"], any(_is_stopped(door, patient, it) for it in PATIENT_CHANNELS)
    channels = [(it.value, t["named"][it.value]) for it in PATIENT_CHANNELS]
    purposes = [(it.value, t["consent"][it.value]) for it in Purpose]
    verdict = next(iter(typed.get("verdict", ())), "")
    blanks = [
        Blank(
            "choices",
            "verdict",
            own["verdict"],
            verdict,
            options=[("grant", own["grant"], None), ("revoke", own["revoke"], None)],
        ),
        Blank("ticks", "channels", own["channels"], typed.get("channels", ()), options=channels),
        Blank("ticks", "purposes", own["purposes"], typed.get("purposes", ()), options=purposes),
        Blank("area", "words", own["words"], "".join(typed.get("words", ())), own["words_hint"]),
    ]
    if stopped:
        blanks.append(Blank("tick", "lift", own["lift"], "yes" in typed.get("lift", ()), required=False))
    return Ask(
        title=own["title"],
        says=[own["what"]],
        warns=[own["still"]] if stopped else [],
        path=f"/patients/{patient.id}/consent",
        button=own["button"],
        blanks=blanks,
    )
