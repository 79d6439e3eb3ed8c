"""The web application: whether the service is well, and what providers call; pages join it here."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from fastapi import APIRouter, FastAPI
from fastapi.dependencies import models
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.routing import Mount

from scheduler.services.callbacks import TwilioCallbacks
from scheduler.web.forms import allow_hang_ups
from scheduler.web.pages import assets
from scheduler.web.webhooks import webhooks


def create_app(
    *,
    well: Callable[[], bool],
    twilio: TwilioCallbacks | None = None,
    pages: Iterable[APIRouter] = (),
    parts: Mapping[str, FastAPI] = MappingProxyType({}),
    front: str | None = None,
) -> FastAPI:
    """Make the application. `well` says whether the database answers and the engine runs; it may block briefly.

    `twilio` takes Twilio's calls; None where its auth token is not set. `pages` are what people open without an
    account; `parts` what needs one, by the path under which it is found ("/desk").
    `front` is where the address without a path leads.
    """
    # Without its own redirects: they lead to whatever host the request named.
    app = FastAPI(title="Aftercare", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    allow_hang_ups(app)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        """Answer 200 while the service does its work, 503 while it can't."""
        if well():
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable"}, status_code=503)

    app.include_router(webhooks(twilio))
    for router in (assets(), *pages):
        app.include_router(router)
    if front is not None:

        @app.get("/")
        @app.get("/desk")
        def lead_on() -> RedirectResponse:
            """Lead to the desk."""
            return RedirectResponse(front)

    app.router.routes.extend(_Part(path, app=part) for path, part in parts.items())
    return app


class _Part(Mount):
    """All that is below a path, with a line break in it too: the part itself says that there is no such thing."""

    def __init__(self, path: str, app: FastAPI) -> None:
        super().__init__(path, app=app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


def forget_applications() -> None:
    """Let go of the applications that were made before, with all that they answer from.

    FastAPI remembers what kind of function each of their routes is, and with it the route. Of those in use it finds
    that out again.
    """
    for known in vars(models).values():
        if clear := getattr(known, "cache_clear", None):
            clear()
