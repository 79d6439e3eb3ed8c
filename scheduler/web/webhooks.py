"""What providers call: read, checked and stored, answered, and only then worked on."""

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.services.callbacks import STATUS_PATH, Taken, TwilioCallbacks

log = get_logger(__name__)

MOST_BYTES = 65_536
ANSWERS: Mapping[Taken, tuple[int, str]] = MappingProxyType(
    {
        Taken.FORGED: (403, "The signature is missing or wrong."),
        Taken.UNREADABLE: (400, "The body is no form."),
    }
)


def webhooks(twilio: TwilioCallbacks | None) -> APIRouter:
    """Return the routes. Without `twilio` (its auth token is not set) its calls are answered with 503."""
    router = APIRouter()

    @router.post(STATUS_PATH)
    async def status(request: Request) -> Response:
        """Take what Twilio says of a message: 204 once it is stored."""
        if twilio is None:
            return PlainTextResponse("Not set up here: Twilio's auth token is missing.", 503)
        body = await _read(request)
        if body is None:
            return PlainTextResponse(f"At most {MOST_BYTES} bytes.", 413)
        query = request.scope["query_string"].decode("latin-1")
        try:
            taken = await run_in_threadpool(twilio.take_status, query, request.headers, body)
        except StoreError as error:
            log.warning("store.unavailable", reason=str(error))
            return PlainTextResponse("The database is away: try again.", 503)
        if taken is not Taken.STORED:
            code, words = ANSWERS[taken]
            return PlainTextResponse(words, code)
        return Response(status_code=204, background=BackgroundTask(_work, twilio))

    return router


def _work(twilio: TwilioCallbacks) -> None:
    """Do what the answer did not wait for; the engine does it too, in its next turn."""
    try:
        twilio.work()
    except StoreError as error:
        log.warning("store.unavailable", reason=str(error))


async def _read(request: Request) -> bytes | None:
    """Read a body, None when it is too long."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)
