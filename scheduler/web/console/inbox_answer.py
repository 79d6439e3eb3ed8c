"""Answers to what patients wrote: looked at first, then sent; what was typed is kept whatever is in the way."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from scheduler.content.templates import Texts
from scheduler.domain.access import Caller, Permission
from scheduler.errors import ConflictError, TemplateError
from scheduler.services.desk import Desk
from scheduler.services.desk_messages import Draft, WrittenMeanwhileError, preview, write
from scheduler.services.desk_ways import Way
from scheduler.services.inbox_actions import close, take
from scheduler.services.inbox_thread import Thread
from scheduler.services.left_text import forget_text
from scheduler.store.database import Tx
from scheduler.web.access import needs
from scheduler.web.console.inbox_case import Case, Kind, Number, Typed
from scheduler.web.console.inbox_words import Teller
from scheduler.web.console.posted import Posted, posted, whole
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import said


def answer_pages(router: APIRouter, desk: Desk, shell: Shell) -> None:
    """Add the route of an answer."""

    @router.post("/inbox/{kind}/{number}/answer")
    def answer(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "thread.answered"))],
        kind: Kind,
        number: Number,
        form: Annotated[Posted, Depends(posted)],
    ) -> Response:
        """Show what would go out, or send it; and close the thread, if that was asked for."""
        case = Case(desk, shell, kind, number)
        with desk.store.read() as tx:
            thread = case.thread(tx)
            case.admit(request, caller, Permission.CARE, thread)
            ways = case.ways(tx, caller, thread, form["clinic"])
        typed = read_typed(form, tuple(it.id for it in thread.replies))
        way = next((it for it in ways if it.channel == typed.channel), None)
        wrong = problems_of(desk.texts, way, typed, shell, shell.language(request, caller))
        if wrong:
            return case.page(request, caller, typed=typed, problems=wrong, status=422)
        assert way
        if form["do"] not in ("send", "send_close"):
            return case.page(request, caller, typed=typed, preview=preview(desk.texts, way, typed.draft))
        try:
            with desk.store.write() as tx:
                _send(tx, case, caller, typed, closing=form["do"] == "send_close", seen=whole(form["seen"]) or 0)
        except WrittenMeanwhileError as error:
            return _meanwhile(case, request, caller, typed, error)
        except ConflictError as error:
            told = shell.told(request, caller, error, way.clinic.id)
            return case.page(request, caller, typed=typed, problems=(("words", told),), status=409)
        desk.wake()
        if form["do"] == "send_close":
            return shell.go(request, "/inbox", said="inbox.said.answered_closed")
        return shell.go(request, case.here, said="inbox.said.answered")


def read_typed(form: Posted, thread: tuple[int, ...] = ()) -> Typed:
    """Read what stands in the form."""
    draft = Draft(
        form_id=form["form"],
        words=form["words"],
        subject=form["subject"].strip(),
        at_once=form["when"] == "now",
        seen=whole(form["staff_seen"]) or 0,
        thread=thread,
        heard=whole(form["heard"]) or 0,
    )
    return Typed(draft, form["channel"], form["clinic"])


def problems_of(
    texts: Texts, way: Way | None, typed: Typed, shell: Shell, language: str
) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with what was typed, by field."""
    draft = typed.draft
    if way is None:
        return (("channel", said(language, "inbox.refused.way")),)
    if way.refused:
        return (("channel", Teller(language, shell.formats(language), way.clinic.id)([way.refused])),)
    if not draft.words.strip():
        return (("words", said(language, "inbox.refused.empty")),)
    if way.channel == "email" and not draft.subject:
        return (("subject", said(language, "inbox.refused.subject")),)
    try:
        preview(texts, way, draft)
    except TemplateError:
        return (("words", said(language, "inbox.refused.long")),)
    return ()


def way_by(ways: tuple[Way, ...], channel: str) -> Way:
    """Return the way of that channel. Raises ConflictError where there is none any more."""
    for way in ways:
        if way.channel == channel:
            return way
    raise ConflictError("there is no such way any more: load the page again", code="way_gone")


def _send(tx: Tx, case: Case, caller: Caller, typed: Typed, *, closing: bool, seen: int) -> None:
    now, by = case.desk.clock.now(), caller.label
    thread = case.thread(tx)
    way = way_by(case.ways(tx, caller, thread, typed.clinic), typed.channel)
    if thread.is_open:  # before the message: all take alerts first
        _take_if_free(tx, thread, caller, case)
    write(tx, case.desk.texts, way, typed.draft, by=by, now=now)
    forget_text(tx, by, case.here)
    if closing and thread.is_open and thread.closes_by_hand:
        close(tx, thread, seen=seen, note="", by=by, now=now)


def _take_if_free(tx: Tx, thread: Thread, caller: Caller, case: Case) -> None:
    """Let whoever answers see to it, where nobody does: it rings no more."""
    if thread.taken_by is None:
        take(tx, thread, by=caller.label, now=case.desk.clock.now())


def _meanwhile(case: Case, request: Request, caller: Caller, typed: Typed, error: WrittenMeanwhileError) -> Response:
    """Say that somebody wrote, and show that; the same form then sends, since it was seen."""
    problems = problems_of_meanwhile(error, case.shell.language(request, caller))
    return case.page(
        request, caller, typed=having_seen(typed, error), problems=problems, wrote=error.replies, status=409
    )


def having_seen(typed: Typed, error: WrittenMeanwhileError) -> Typed:
    """Return what stood in a form, for one that was shown what was written meanwhile."""
    draft = typed.draft
    heard = error.replies[-1].id if error.replies else draft.heard
    return replace(typed, draft=replace(draft, seen=max(draft.seen, error.staff), heard=heard))


def problems_of_meanwhile(error: WrittenMeanwhileError, language: str) -> tuple[tuple[str, str], ...]:
    """Return who wrote meanwhile, each in a sentence."""
    name = said(language, "inbox.somebody") if error.by == "somebody" else error.by.removeprefix("user:")
    answered = [("words", said(language, "inbox.refused.answered").format(name=name))] if error.by else []
    wrote = [("wrote", said(language, "inbox.refused.wrote"))] if error.replies else []
    return (*wrote, *answered)
