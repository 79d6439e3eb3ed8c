"""Where an inbound mail service posts what came back: the raw mail, from whoever knows the token of the setting."""

import asyncio
import base64
import binascii
import hmac

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.services.bounces import MOST_BYTES, Bounces
from scheduler.web.forms import read_body

log = get_logger(__name__)

PATH = "/webhooks/email/bounce"


def bounce_hook(bounces: Bounces, token: str | None) -> APIRouter:
    """Return the route. Without `token` (AFTERCARE_INBOUND_TOKEN) it is not set up, and says so."""
    router = APIRouter()

    @router.post(PATH)
    async def bounce(request: Request) -> Response:
        """Take one mail of RFC 5322 in: 200 with what came of it, also for one that is no bounce of ours."""
        if token is None:
            return PlainTextResponse("Not set up here: AFTERCARE_INBOUND_TOKEN is missing.", 503)
        if not _knows(request.headers.get("authorization", ""), token):
            log.warning("webhook.refused", why="its Authorization header does not have AFTERCARE_INBOUND_TOKEN")
            return PlainTextResponse("The token is missing or wrong.", 401, {"WWW-Authenticate": "Basic, Bearer"})
        body = await read_body(request, MOST_BYTES)
        if body is None:
            return PlainTextResponse(f"At most {MOST_BYTES} bytes.", 413)
        try:
            taken = await asyncio.to_thread(bounces.take_in, body)
        except StoreError as error:
            log.warning("store.unavailable", reason=str(error))
            return PlainTextResponse("The database is away: try again.", 503)
        return JSONResponse({"result": taken.value})

    return router


def _knows(authorization: str, token: str) -> bool:
    """Whether the caller has the token: as a bearer, or as the password of a basic login."""
    scheme, _, value = authorization.partition(" ")
    given = _password(value) if scheme.lower() == "basic" else value if scheme.lower() == "bearer" else ""
    return hmac.compare_digest(given.strip().encode(), token.encode())


def _password(value: str) -> str:
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
