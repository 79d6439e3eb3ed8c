"""What providers call: read, checked and stored, answered, and only then worked on."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.background import BackgroundTask

from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.services.callbacks import INBOUND_PATH, STATUS_PATH, Call, Refused, TwilioCallbacks
from scheduler.web.forms import read_body
from scheduler.web.inbox import Inbox

log = get_logger(__name__)

MOST_BYTES = 65_536
ANSWERS: Mapping[Refused, tuple[int, str]] = MappingProxyType(
    {
        Refused.FORGED: (403, "The signature is missing or wrong."),
        Refused.UNREADABLE: (400, "The body is no form."),
    }
)
NO_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
"""What Twilio is answered so that it sends nothing itself: it calls no body an error, and sends plain text on."""

Check = Callable[[str, Mapping[str, str], bytes], Call | Refused]


def webhooks(twilio: TwilioCallbacks | None) -> APIRouter:
    """Return the routes. Without `twilio` (its auth token is not set) its calls are answered with 503."""
    router = APIRouter()
    reports = Inbox(twilio.keep, twilio.work) if twilio else None
    replies = Inbox(twilio.keep, twilio.work_on_replies) if twilio else None

    @router.post(STATUS_PATH)
    async def status(request: Request) -> Response:
        """Take what Twilio says of a message: 204 once it is stored."""
        if twilio is None or reports is None:
            return _not_set_up()
        return await _take(request, twilio, twilio.check_status, reports) or _done(Response(status_code=204), reports)

    @router.post(INBOUND_PATH)
    async def inbound(request: Request) -> Response:
        """Take a text that somebody sent to a number of ours: 200 once it is stored."""
        if twilio is None or replies is None:
            return _not_set_up()
        answer = Response(NO_REPLY, media_type="text/xml")
        return await _take(request, twilio, twilio.check_inbound, replies) or _done(answer, replies)

    return router


async def _take(request: Request, twilio: TwilioCallbacks, check: Check, inbox: Inbox) -> Response | None:
    """Read, check and store a call; return the answer to one that is not taken, None once it is stored."""
    body = await read_body(request, MOST_BYTES)
    if body is None:
        return PlainTextResponse(f"At most {MOST_BYTES} bytes.", 413)
    query = request.scope["query_string"].decode("latin-1")
    call = check(query, request.headers, body)
    if isinstance(call, Refused):
        code, words = ANSWERS[call]
        return PlainTextResponse(words, code, background=BackgroundTask(_note_refused, twilio))
    try:
        await inbox.put(call)
    except StoreError as error:
        log.warning("store.unavailable", reason=str(error))
        return PlainTextResponse("The database is away: try again.", 503)
    return None


def _note_refused(twilio: TwilioCallbacks) -> None:
    try:
        twilio.keep_refused()
    except StoreError as error:
        log.warning("store.unavailable", reason=str(error))


def _done(answer: Response, inbox: Inbox) -> Response:
    """Return the answer, after which what was stored is worked on."""
    answer.background = BackgroundTask(inbox.work)
    return answer


def _not_set_up() -> Response:
    return PlainTextResponse("Not set up here: Twilio's auth token is missing.", 503)
