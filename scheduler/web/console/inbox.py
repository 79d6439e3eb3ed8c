"""The inbox: what patients wrote and what needs a person, the most urgent first; what is done is folded away."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.errors import ForbiddenError
from scheduler.services.desk import Desk
from scheduler.services.inbox import inbox_counts, inbox_page
from scheduler.store.inbox import View, read_place, write_place
from scheduler.web.access import needs, note
from scheduler.web.console.inbox_answer import answer_pages
from scheduler.web.console.inbox_thread import thread_pages
from scheduler.web.console.inbox_write import write_pages
from scheduler.web.console.shell import Shell

Reader = Annotated[Caller, Depends(needs(Permission.READ, "inbox.seen"))]

RANKS = (("urgent", "bad", "alarm"), ("concern", "warn", "alarm"), ("question", "calm", "question"),
         ("look", "plain", "eye"), ("fault", "busy", "setup"))  # fmt: skip
"""How urgent a line is: its word, its tone, its sign."""


def inbox_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes of the list, of the threads, and of writing to a patient."""
    router = shell.router()
    shell.counts["inbox"] = lambda caller: _open(desk, caller)

    @router.get("/inbox")
    def show(
        request: Request, caller: Reader, clinic: str | None = None, view: str = "open", after: str = ""
    ) -> Response:
        """List what is open, or mine, or done."""
        scope = caller.scope(Permission.READ, clinic)
        note(request, clinic=clinic)
        chosen = View(view) if view in list(View) else View.OPEN
        with desk.store.read() as tx:
            page = inbox_page(tx, scope, chosen, by=caller.label, after=read_place(after))
        return shell.page(
            request,
            caller,
            "inbox/list.html.j2",
            clinic=clinic,
            view=chosen.value,
            views=[it.value for it in View],
            page=page,
            ranks=RANKS,
            several=len(desk.configuration.clinics) > 1 and clinic is None,
            is_first=read_place(after) is None,
            later=write_place(page.later) if page.later else None,
        )

    answer_pages(router, desk, shell)
    write_pages(router, desk, shell)
    thread_pages(router, desk, shell)
    return router


def _open(desk: Desk, caller: Caller) -> int:
    try:
        scope = caller.scope(Permission.READ)
    except ForbiddenError:
        return 0
    return inbox_counts(desk.store, scope).open
