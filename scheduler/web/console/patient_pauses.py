"""Pauses of one patient, links to the patient's page, and stopping everything."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.brakes import Scope
from scheduler.domain.consent import Source
from scheduler.domain.protocol import Channel
from scheduler.services import consent
from scheduler.services.pausing import SOON, pause, resume
from scheduler.store.pages import revoke_pages
from scheduler.store.patients import Patient
from scheduler.store.pauses import count_waiting, orders_covering
from scheduler.web.access import needs
from scheduler.web.console.patient_door import Ask, Blank, Door
from scheduler.web.console.posted import Posted, posted
from scheduler.web.console.words import counted

Number = Annotated[int, Path(ge=1, lt=2**63)]
Reader = Annotated[Caller, Depends(needs(Permission.CARE, "-"))]
Form = Annotated[Posted, Depends(posted)]
LONGEST = 2000


def pause_pages(router: APIRouter, door: Door) -> None:
    """Add the routes."""
    _pausing(router, door)
    _resuming(router, door)
    _stopping(router, door)
    _links(router, door)


def _pausing(router: APIRouter, door: Door) -> None:
    @router.get("/patients/{number}/pause")
    def ask_pause(request: Request, caller: Reader, number: Number) -> Response:
        """Say what a pause keeps back."""
        patient = door.patient(request, caller, number, Permission.CARE)
        return door.ask(request, caller, patient, _pause_form(door, request, caller, patient))

    @router.post("/patients/{number}/pause")
    def do_pause(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.paused"))],
        number: Number,
        form: Form,
    ) -> Response:
        """Pause."""
        patient = door.patient(request, caller, number, Permission.CARE)
        channel = {"sms": Channel.SMS, "email": Channel.EMAIL}.get(form["channel"])
        why = form["why"].strip()[:LONGEST] or None
        scope = Scope(patient.clinic, channel, patient.id)
        with door.desk.store.write() as tx:
            pause(tx, scope, why=why, by=caller.label, now=door.desk.clock.now())
        return door.shell.go(request, f"/patients/{number}", said="patients.said.paused")


def _pause_form(door: Door, request: Request, caller: Caller, patient: Patient) -> Ask:
    t, language = door.words(request, caller)["pausing"], door.shell.language(request, caller)
    with door.desk.store.read() as tx:
        scope = Scope(patient.clinic, None, patient.id)
        waiting = count_waiting(tx, scope, until=door.desk.clock.now() + SOON)
    shown = door.shell.formats(language).number(waiting)
    options = [("", t["both"], None), ("sms", t["only_sms"], None), ("email", t["only_email"], None)]
    return Ask(
        title=t["title"],
        says=[t["what"], counted(t["waiting"], waiting, language, shown), t["urgent"]],
        path=f"/patients/{patient.id}/pause",
        button=t["button"],
        blanks=[
            Blank("choices", "channel", t["channel"], "", options=options),
            Blank("area", "why", t["why"], hint=t["why_hint"], required=False),
        ],
    )


def _resuming(router: APIRouter, door: Door) -> None:
    @router.get("/patients/{number}/resume")
    def ask_resume(request: Request, caller: Reader, number: Number) -> Response:
        """Say what wakes."""
        patient = door.patient(request, caller, number, Permission.CARE)
        t = door.words(request, caller)["resuming"]
        ask = Ask(t["title"], [t["what"]], f"/patients/{number}/resume", t["button"])
        return door.ask(request, caller, patient, ask)

    @router.post("/patients/{number}/resume")
    def do_resume(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.resumed"))],
        number: Number,
    ) -> Response:
        """Lift the pauses of this patient alone."""
        patient = door.patient(request, caller, number, Permission.CARE)
        with door.desk.store.write() as tx:
            own = [it.pause.scope for it in orders_covering(tx, patient.clinic, number) if it.pause.scope.patient]
            for scope in own:
                resume(tx, scope, by=caller.label, now=door.desk.clock.now())
        door.desk.wake()
        said = "resumed" if own else "same"
        return door.shell.go(request, f"/patients/{number}", said=f"patients.said.{said}")


def _stopping(router: APIRouter, door: Door) -> None:
    @router.get("/patients/{number}/stop")
    def ask_stop(request: Request, caller: Reader, number: Number) -> Response:
        """Say what stops."""
        patient = door.patient(request, caller, number, Permission.CARE)
        return door.ask(request, caller, patient, _stop_form(door, request, caller, patient))

    @router.post("/patients/{number}/stop")
    def do_stop(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.stopped"))],
        number: Number,
        form: Form,
    ) -> Response:
        """Stop the addresses and revoke every purpose."""
        patient = door.patient(request, caller, number, Permission.CARE)
        wording, now = form["words"].strip()[:LONGEST], door.desk.clock.now()
        if not wording:
            problems = [("words", door.words(request, caller)["change"]["no_words"])]
            ask = _stop_form(door, request, caller, patient)
            return door.ask(request, caller, patient, ask, status=422, problems=problems)
        with door.desk.store.write() as tx:
            consent.stop_patient(tx, number, source=Source.STAFF, by=caller.label, now=now, wording=wording)
        return door.shell.go(request, f"/patients/{number}", said="patients.said.stopped")


def _stop_form(door: Door, request: Request, caller: Caller, patient: Patient) -> Ask:
    t = door.words(request, caller)
    return Ask(
        title=t["stopping"]["title"],
        says=[t["stopping"]["what"], t["stopping"]["shared"]],
        path=f"/patients/{patient.id}/stop",
        button=t["stopping"]["button"],
        blanks=[Blank("area", "words", t["stopping"]["words"], hint=t["change"]["words_hint"])],
        danger=True,
    )


def _links(router: APIRouter, door: Door) -> None:
    @router.get("/patients/{number}/links")
    def ask_links(request: Request, caller: Reader, number: Number) -> Response:
        """Say what no longer opens."""
        patient = door.patient(request, caller, number, Permission.CARE)
        t = door.words(request, caller)["links"]
        ask = Ask(t["title"], [t["what"]], f"/patients/{number}/links", t["button"])
        return door.ask(request, caller, patient, ask)

    @router.post("/patients/{number}/links")
    def do_links(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.links_revoked"))],
        number: Number,
    ) -> Response:
        """Close every link that was given out."""
        door.patient(request, caller, number, Permission.CARE)
        with door.desk.store.write() as tx:
            revoke_pages(tx, number, now=door.desk.clock.now())
        return door.shell.go(request, f"/patients/{number}", said="patients.said.links")
