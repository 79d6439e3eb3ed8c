"""Hands out all that is held of a patient, and erases it."""

from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.errors import ConflictError
from scheduler.services.erasing import erase, obstacles
from scheduler.services.exporting import export_patient, zipped
from scheduler.store.patient_file import count_unsent
from scheduler.store.patients import Patient
from scheduler.web.access import needs
from scheduler.web.console.patient_door import Ask, Blank, Door, Problems
from scheduler.web.console.posted import Posted, posted
from scheduler.web.console.words import counted, fill
from scheduler.web.pages import SAFE

Number = Annotated[int, Path(ge=1, lt=2**63)]
Reader = Annotated[Caller, Depends(needs(Permission.ERASE, "-"))]


def erasure_pages(router: APIRouter, door: Door) -> None:
    """Add the routes."""
    _exporting(router, door)
    _erasing(router, door)


def _exporting(router: APIRouter, door: Door) -> None:
    @router.get("/patients/{number}/export")
    def ask_export(request: Request, caller: Reader, number: Number) -> Response:
        """Say what is in it."""
        patient = door.patient(request, caller, number, Permission.ERASE)
        t = door.words(request, caller)["exporting"]
        ask = Ask(t["title"], [t["what"]], f"/patients/{number}/export", t["button"], warns=[t["careful"]])
        return door.ask(request, caller, patient, ask)

    @router.post("/patients/{number}/export")
    def do_export(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.ERASE, "patient.exported"))],
        number: Number,
    ) -> Response:
        """Give the file, under a name that says nothing of the person."""
        door.patient(request, caller, number, Permission.ERASE)
        now = door.desk.clock.now()
        with door.desk.store.read() as tx:
            told = export_patient(tx, door.desk.configuration, number, now=now)
        name = f"patient-{number}-{now.astimezone(UTC):%Y%m%d}.zip"
        headers = {
            **SAFE,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return Response(zipped(told), media_type="application/zip", headers=headers)


def _erasing(router: APIRouter, door: Door) -> None:
    @router.get("/patients/{number}/erase")
    def ask_erase(request: Request, caller: Reader, number: Number) -> Response:
        """Say what is lost, and what stays."""
        patient = door.patient(request, caller, number, Permission.ERASE)
        return _erase_page(door, request, caller, patient)

    @router.post("/patients/{number}/erase")
    def do_erase(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.ERASE, "patient.erased"))],
        number: Number,
        form: Annotated[Posted, Depends(posted)],
    ) -> Response:
        """Erase, where the word was typed."""
        patient, desk = door.patient(request, caller, number, Permission.ERASE), door.desk
        t = door.words(request, caller)["erasing"]
        if form["word"].strip().casefold() != t["word"].casefold():
            problems = [("word", fill(t["wrong"], word=t["word"]))]
            return _erase_page(door, request, caller, patient, status=422, problems=problems)
        try:
            erase(desk.store, desk.settings.outbox_dir, number, now=desk.clock.now(), by=caller.label)
        except ConflictError as error:
            told = [] if _obstacles(door, number) else door.told(request, caller, patient, error)
            return _erase_page(door, request, caller, patient, status=409, problems=told)
        return door.shell.go(request, f"/patients/{number}", said="patients.said.erased")


def _obstacles(door: Door, number: int) -> tuple[str, ...]:
    with door.desk.store.read() as tx:
        return tuple(it.value for it in obstacles(tx, number))


def _erase_page(
    door: Door, request: Request, caller: Caller, patient: Patient, *, status: int = 200, problems: Problems = ()
) -> Response:
    t, language = door.words(request, caller), door.shell.language(request, caller)
    own, found = t["erasing"], _obstacles(door, patient.id)
    with door.desk.store.read() as tx:
        waiting = count_unsent(tx, patient.id)
    shown = door.shell.formats(language).number(waiting)
    ask = Ask(
        title=own["title"],
        says=[own["what"], counted(own["waiting"], waiting, language, shown), own["kept"], own["backups"]],
        warns=[own["export_first"]],
        path=f"/patients/{patient.id}/erase",
        button=own["button"],
        blanks=[Blank("field", "word", fill(own["type"], word=own["word"]), attrs={"autocomplete": "off"})],
        danger=True,
        can=not found,
    )
    said: Problems = [*problems, *(("", t["obstacle"][it]) for it in found)]
    return door.ask(request, caller, patient, ask, status=status, problems=said)
