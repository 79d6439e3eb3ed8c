"""A page of all parts, which only these tests have: what the shell looks like, whatever the nouns' pages show."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

from scheduler.domain.access import Caller
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.services.desk import Desk
from scheduler.web.access import needs
from scheduler.web.console import shell as shells
from scheduler.web.forms import first, read_form
from tests.browser.console.desk_site import shell_of

GALLERY = Path(__file__).parent / "given"
AT = datetime(2026, 3, 20, 18, 0, tzinfo=UTC)


def add_gallery(desk: Desk, console: FastAPI) -> None:
    """Add the page, a form that finds a problem, and one that leads on; with their templates."""
    env = shells._environment()
    if not isinstance(env.loader, ChoiceLoader):
        assert env.loader
        env.loader = ChoiceLoader([env.loader, PrefixLoader({"console": FileSystemLoader(GALLERY)})])
    shell = shell_of(console)
    del desk
    signed_in = Annotated[Caller, Depends(needs(None, "-"))]

    shown = {"times": 0}

    def show(request: Request, caller: Caller, **values: Any) -> Response:
        shown["times"] += 1
        given: dict[str, Any] = {
            "times": shown["times"],
            "statuses": list(Status),
            "triages": list(Triage),
            "at": AT,
            "cost": Decimal("0.0079"),
        }
        answer: Response = shell.page(request, caller, "gallery.html.j2", clinic=None, **given, **values)
        return answer

    @console.get("/gallery")
    def gallery(request: Request, caller: signed_in) -> Response:
        return show(request, caller)

    @console.post("/gallery")
    async def post(request: Request, caller: signed_in) -> Response:
        form = await read_form(request) or {}
        if first(form, "name"):
            led: Response = shell.go(request, "/gallery", said="common.close")
            return led
        return show(request, caller, status=422, problems=[("name", "Enter a name")])

    @console.get("/broken")
    def broken(_caller: signed_in) -> Response:
        raise ZeroDivisionError("Zoë Lachance +14165550123")
