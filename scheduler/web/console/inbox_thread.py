"""The page of one thread, and what is done with it: take it, give it back, close it with a note."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.errors import ConflictError
from scheduler.services.desk import Desk
from scheduler.services.inbox_actions import close, give_back, take
from scheduler.web.access import needs
from scheduler.web.console.inbox_case import Case, Kind, Number
from scheduler.web.console.posted import Posted, posted, whole
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import said

Reader = Annotated[Caller, Depends(needs(Permission.READ, "thread.seen"))]
Form = Annotated[Posted, Depends(posted)]


def thread_pages(router: APIRouter, desk: Desk, shell: Shell) -> None:
    """Add the routes."""

    @router.get("/inbox/{kind}/{number}")
    def show(request: Request, caller: Reader, kind: Kind, number: Number) -> Response:
        """Show a thread; of a reply that an alert is about, that alert's."""
        case = Case(desk, shell, kind, number)
        with desk.store.read() as tx:
            thread = case.thread(tx)
            case.admit(request, caller, Permission.READ, thread)
            elsewhere = case.elsewhere(tx, caller)
        return shell.go(request, elsewhere) if elsewhere else case.page(request, caller)

    @router.post("/inbox/{kind}/{number}/take")
    def take_it(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "thread.taken"))],
        kind: Kind,
        number: Number,
    ) -> Response:
        """Note who sees to it, unless somebody does."""
        return _take(Case(desk, shell, kind, number), request, caller)

    @router.post("/inbox/{kind}/{number}/give-back")
    def give_it_back(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "thread.given_back"))],
        kind: Kind,
        number: Number,
    ) -> Response:
        """Note that nobody sees to it any more."""
        return _give_back(Case(desk, shell, kind, number), request, caller)

    @router.post("/inbox/{kind}/{number}/close")
    def close_it(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "thread.closed"))],
        kind: Kind,
        number: Number,
        form: Form,
    ) -> Response:
        """Close it as it was seen, with a note."""
        return _close(Case(desk, shell, kind, number), request, caller, form)


def _take(case: Case, request: Request, caller: Caller) -> Response:
    now = case.desk.clock.now()
    with case.desk.store.write() as tx:
        thread = case.thread(tx)
        case.admit(request, caller, Permission.CARE, thread)
        first = thread.is_open and take(tx, thread, by=caller.label, now=now)
        by = case.thread(tx).taken_by
    if first or by == caller.label:
        return case.shell.go(request, case.here, said="inbox.said.taken")
    return _refused(case, request, caller, "faster" if by else "over", by=by or "")


def _give_back(case: Case, request: Request, caller: Caller) -> Response:
    now = case.desk.clock.now()
    with case.desk.store.write() as tx:
        thread = case.thread(tx)
        case.admit(request, caller, Permission.CARE, thread)
        give_back(tx, thread, by=caller.label, now=now)
    case.desk.wake()
    return case.shell.go(request, case.here, said="inbox.said.given_back")


def _close(case: Case, request: Request, caller: Caller, form: Posted) -> Response:
    now = case.desk.clock.now()
    with case.desk.store.read() as tx:
        case.admit(request, caller, Permission.CARE, case.thread(tx))
    seen = whole(form["seen"]) or 0
    try:
        with case.desk.store.write() as tx:
            close(tx, case.thread(tx), seen=seen, note=form["note"], by=caller.label, now=now)
    except ConflictError:
        return _not_closed(case, request, caller, form["note"])
    return case.shell.go(request, "/inbox", said="inbox.said.closed")


def _not_closed(case: Case, request: Request, caller: Caller, typed: str) -> Response:
    """Say why it stays as it is: somebody closed it, it ends by itself, or more was written."""
    with case.desk.store.read() as tx:
        thread = case.thread(tx)
    why = "over" if not thread.is_open else "more" if thread.closes_by_hand else "by_itself"
    return _refused(case, request, caller, why, typed=typed)


def _refused(case: Case, request: Request, caller: Caller, why: str, *, by: str = "", typed: str = "") -> Response:
    language = case.shell.language(request, caller)
    text = said(language, f"inbox.refused.{why}").format(name=by.removeprefix("user:"))
    return case.page(request, caller, problems=(("", text),), status=409, note_typed=typed)
