"""The choice of light or dark, kept in a cookie: the device's wish where nobody chose."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller
from scheduler.web.access import needs
from scheduler.web.console.cookies import LOOKS
from scheduler.web.console.shell import Shell

_PATH = re.compile(r"/[a-z0-9/_-]{0,100}")


def look_route(shell: Shell) -> APIRouter:
    """Return the route of the three buttons in the menu."""
    router = shell.router()

    @router.post("/look")
    def choose(
        request: Request,
        _caller: Annotated[Caller, Depends(needs(None, "-"))],
        look: Annotated[str, Form()] = "",
        to: Annotated[str, Form()] = "/",
    ) -> Response:
        """Keep the choice, and go back to where it was made."""
        back = shell.go(request, to if _PATH.fullmatch(to) else "/")
        shell.cookies.set_look(back, look if look in LOOKS else None)
        return back

    return router
