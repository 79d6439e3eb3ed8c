"""The page of one patient: who it is, the visits with their story, what was said, what holds."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.services.code_words import code_words
from scheduler.services.desk import Desk
from scheduler.services.patient_file import REPLIES, patient_file
from scheduler.services.undoing import undo_of
from scheduler.web.access import needs
from scheduler.web.console.patient_consent import consent_pages
from scheduler.web.console.patient_details import detail_pages
from scheduler.web.console.patient_door import Door
from scheduler.web.console.patient_erasure import erasure_pages
from scheduler.web.console.patient_messages import message_pages
from scheduler.web.console.patient_pauses import pause_pages
from scheduler.web.console.patient_steps import step_pages
from scheduler.web.console.shell import Shell

Number = Annotated[int, Path(ge=1, lt=2**63)]
Wanted = Annotated[int | None, Query(ge=1, lt=2**63)]


def patient_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router, door = shell.router(), Door(desk, shell)

    @router.get("/patients/{number}")
    def show(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "patient.seen"))],
        number: Number,
        visit: Wanted = None,
        before: Wanted = None,
    ) -> Response:
        """Show a patient; `visit` is the one that is open, `before` pages to earlier ones."""
        patient = door.patient(request, caller, number, Permission.READ)
        with desk.store.read() as tx:
            file = patient_file(tx, desk, patient, visit=visit, before=before)
            opened, now = file.opened, desk.clock.now()
            undo = undo_of(tx, opened.visit, by=caller.label, now=now) if opened else None
        return shell.page(
            request,
            caller,
            "patients/page.html.j2",
            file=file,
            patient=patient,
            now=now,
            undo=undo,
            sayer=door.sayer(request, caller, patient.clinic),
            code_words=code_words,
            may={it.value: caller.may(it, patient.clinic) for it in Permission},
            replies_shown=REPLIES,
            wanted={"visit": visit, "before": before},
        )

    for add in (step_pages, message_pages, pause_pages, detail_pages, consent_pages, erasure_pages):
        add(router, door)
    return router
