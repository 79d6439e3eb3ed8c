"""What booking systems call: read, checked and stored, answered, and only then worked on."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.services.bookings.receiving import PATH, BookingHooks, Refused
from scheduler.web.forms import read_body

log = get_logger(__name__)

MOST_BYTES = 262_144
"""Several times what the largest booking of a known system takes."""
ANSWERS: Mapping[Refused, tuple[int, str]] = MappingProxyType(
    {
        Refused.UNKNOWN: (404, "Not Found"),
        Refused.NOT_SET_UP: (503, "Not set up here: the secret of this booking system is missing."),
        Refused.FORGED: (401, "The signature is missing, wrong or too old."),
    }
)


def booking_hooks(hooks: BookingHooks, wake: Callable[[], None]) -> APIRouter:
    """Return the route. `wake` tells the engine, from any thread, that something may be due."""
    router = APIRouter()

    @router.post(PATH)
    async def told(clinic: str, source: str, request: Request) -> Response:
        """Take what a booking system says: 204 once it is stored."""
        body = await read_body(request, MOST_BYTES)
        if body is None:
            return PlainTextResponse(f"At most {MOST_BYTES} bytes.", 413)
        # A secret may stand in a file, and a store may wait for another: neither on the event loop.
        call = await run_in_threadpool(hooks.check, clinic, source, request.headers, body)
        if isinstance(call, Refused):
            code, words = ANSWERS[call]
            return PlainTextResponse(words, code)
        try:
            await run_in_threadpool(hooks.keep, call)
        except StoreError as error:
            log.warning("store.unavailable", reason=str(error))
            return PlainTextResponse("The database is away: try again.", 503)
        return Response(status_code=204, background=BackgroundTask(_work, hooks, wake))

    return router


def _work(hooks: BookingHooks, wake: Callable[[], None]) -> None:
    """Work on what is stored; where the database is away now, the engine does it later."""
    try:
        if hooks.work():
            wake()
    except StoreError as error:
        log.warning("store.unavailable", reason=str(error))
