"""A text to a patient who did not write before: the same path as an answer, and all rules of consent."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from scheduler.content.formats import clean
from scheduler.domain.access import Caller, Permission
from scheduler.errors import ConflictError
from scheduler.services.desk import Desk
from scheduler.services.desk_messages import Draft, WrittenMeanwhileError, new_form, preview, seen_by, write
from scheduler.services.desk_ways import Way, ways_to_patient
from scheduler.services.left_text import forget_text, left_text
from scheduler.store.database import Tx
from scheduler.store.patients import Patient, get_patient
from scheduler.store.replies import Reply
from scheduler.web.access import needs, note
from scheduler.web.console.inbox_answer import having_seen, problems_of, problems_of_meanwhile, read_typed, way_by
from scheduler.web.console.inbox_case import Number, Typed, with_left
from scheduler.web.console.inbox_words import Teller, sms_frame
from scheduler.web.console.posted import Posted, posted
from scheduler.web.console.shell import Shell


def write_pages(router: APIRouter, desk: Desk, shell: Shell) -> None:
    """Add the routes."""
    pages = _Writing(desk, shell)

    @router.get("/patients/{number}/write")
    def show(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.CARE, "-"))], number: Number
    ) -> Response:
        """Show the form."""
        return pages.page(request, caller, number)

    @router.post("/patients/{number}/write")
    def send(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.written_to"))],
        number: Number,
        form: Annotated[Posted, Depends(posted)],
    ) -> Response:
        """Show what would go out, or send it."""
        return pages.send(request, caller, number, form)


class _Writing:
    """The page of a text to one patient."""

    def __init__(self, desk: Desk, shell: Shell) -> None:
        self._desk, self._shell = desk, shell

    def send(self, request: Request, caller: Caller, number: int, form: Posted) -> Response:
        """Show what would go out, or send it."""
        desk, typed = self._desk, read_typed(form)
        with desk.store.read() as tx:
            _, ways = self._known(tx, request, caller, number)
        way = next((it for it in ways if it.channel == typed.channel), None)
        wrong = problems_of(desk.texts, way, typed, self._shell, self._shell.language(request, caller))
        if wrong:
            return self.page(request, caller, number, typed=typed, problems=wrong, status=422)
        assert way
        if form["do"] != "send":
            return self.page(request, caller, number, typed=typed, shown=preview(desk.texts, way, typed.draft))
        try:
            with desk.store.write() as tx:
                _, ways = self._known(tx, request, caller, number)
                now_way = way_by(ways, typed.channel)
                write(tx, desk.texts, now_way, typed.draft, by=caller.label, now=desk.clock.now())
                forget_text(tx, caller.label, f"/patients/{number}/write")
        except WrittenMeanwhileError as error:
            problems = problems_of_meanwhile(error, self._shell.language(request, caller))
            typed, wrote = having_seen(typed, error), error.replies
            return self.page(request, caller, number, typed=typed, problems=problems, wrote=wrote, status=409)
        except ConflictError as error:
            told = self._shell.told(request, caller, error, way.clinic.id)
            return self.page(request, caller, number, typed=typed, problems=(("words", told),), status=409)
        desk.wake()
        return self._shell.go(request, f"/patients/{number}", said="inbox.said.written")

    def page(
        self,
        request: Request,
        caller: Caller,
        number: int,
        *,
        typed: Typed | None = None,
        shown: object = None,
        problems: tuple[tuple[str, str], ...] = (),
        wrote: tuple[Reply, ...] = (),
        status: int = 200,
    ) -> Response:
        """Show the form, with what was typed."""
        with self._desk.store.read() as tx:
            patient, ways = self._known(tx, request, caller, number)
            left = left_text(tx, caller.label, f"/patients/{number}/write") if typed is None else None
            staff, heard = seen_by(tx, patient.clinic, patient=number, reply=None)
        first = next((it.channel.value for it in ways if not it.refused), "")
        begun = Typed(Draft(new_form(), "", seen=staff, heard=heard), first, patient.clinic)
        typed = typed or with_left(begun, left)
        language = self._shell.language(request, caller)
        return self._shell.page(
            request,
            caller,
            "inbox/write.html.j2",
            status=status,
            problems=problems,
            here=f"/patients/{number}/write",
            name=clean(patient.name),
            number=number,
            ways=ways,
            around={it.channel.value: sms_frame(self._desk.texts, it) for it in ways},
            typed=typed,
            preview=shown,
            wrote=wrote,
            left=left,
            choices=[],
            say=Teller(language, self._shell.formats(language), patient.clinic),
        )

    def _known(self, tx: Tx, request: Request, caller: Caller, number: int) -> tuple[Patient, tuple[Way, ...]]:
        patient = get_patient(tx, number)
        caller.demand(Permission.CARE, patient.clinic)
        note(request, clinic=patient.clinic, subject=f"patient/{number}")
        clinic = self._desk.configuration.clinics.get(patient.clinic)
        now = self._desk.clock.now()
        return patient, ways_to_patient(tx, clinic, patient, now=now) if clinic else ()
