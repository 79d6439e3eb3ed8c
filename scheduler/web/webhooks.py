"""What providers call: read, checked and stored, answered, and only then worked on."""

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.background import BackgroundTask

from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.services.callbacks import STATUS_PATH, Refused, TwilioCallbacks
from scheduler.web.inbox import Inbox

log = get_logger(__name__)

MOST_BYTES = 65_536
ANSWERS: Mapping[Refused, tuple[int, str]] = MappingProxyType(
    {
        Refused.FORGED: (403, "The signature is missing or wrong."),
        Refused.UNREADABLE: (400, "The body is no form."),
    }
)


def webhooks(twilio: TwilioCallbacks | None) -> APIRouter:
    """Return the routes. Without `twilio` (its auth token is not set) its calls are answered with 503."""
    router = APIRouter()
    inbox = Inbox(twilio.keep, twilio.work) if twilio else None

    @router.post(STATUS_PATH)
    async def status(request: Request) -> Response:
        """Take what Twilio says of a message: 204 once it is stored."""
        if twilio is None or inbox is None:
            return PlainTextResponse("Not set up here: Twilio's auth token is missing.", 503)
        body = await _read(request)
        if body is None:
            return PlainTextResponse(f"At most {MOST_BYTES} bytes.", 413)
        query = request.scope["query_string"].decode("latin-1")
        call = twilio.check_status(query, request.headers, body)
        if isinstance(call, Refused):
            code, words = ANSWERS[call]
            return PlainTextResponse(words, code)
        try:
            await inbox.put(call)
        except StoreError as error:
            log.warning("store.unavailable", reason=str(error))
            return PlainTextResponse("The database is away: try again.", 503)
        return Response(status_code=204, background=BackgroundTask(inbox.work))

    return router


async def _read(request: Request) -> bytes | None:
    """Read a body, None when it is too long."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)
