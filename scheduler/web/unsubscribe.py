"""One-click unsubscribe (RFC 8058): a POST stops the emails, without a login; a GET only asks."""

import asyncio
import re
from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from scheduler.errors import KeysError, StoreError
from scheduler.logs import get_logger
from scheduler.services.unsubscribing import Subscription, Unsubscriber
from scheduler.web.forms import read_body
from scheduler.web.pages import SAFE, Pages, contact, language_wanted

log = get_logger(__name__)

PATH = "/u/{token}"
_MOST_BYTES = 8_192
# A form of either kind that RFC 8058 allows: urlencoded, or multipart.
_ONE_CLICK = re.compile(
    rb'(?:^|&)List-Unsubscribe=One-Click(?:&|\s*$)|name="?List-Unsubscribe"?\s*\r?\n\r?\nOne-Click'
)


def unsubscribe(unsubscriber: Unsubscriber, pages: Pages) -> APIRouter:
    """Return the routes of the links that `Links.unsubscribe` makes."""
    router = APIRouter()

    def shown(request: Request, token: str, found: Subscription | None, *, status: int = 200) -> Response:
        if found is None:
            language = language_wanted(request.headers.get("accept-language"))
            return pages.page("unsubscribe.html.j2", language=language, status=404, state="unknown")
        return pages.page(
            "unsubscribe.html.j2",
            language=found.language,
            status=status,
            clinic=contact(found.clinic),
            state="done" if found.stopped else "ask",
            action=pages.address(PATH.format(token=token)),
        )

    @router.get(PATH)
    async def ask(request: Request, token: str) -> Response:
        """Show what a click will do. Programs that open links to look at them change nothing."""
        try:
            return shown(request, token, await _off_the_loop(unsubscriber.look, token))
        except (KeysError, StoreError) as error:
            return _away(error)

    @router.post(PATH)
    async def stop(request: Request, token: str) -> Response:
        """Stop the clinic's emails to the address: 200, also when they were stopped before."""
        body = await read_body(request, _MOST_BYTES)
        try:
            if body is None or not _ONE_CLICK.search(body):
                return shown(request, token, await _off_the_loop(unsubscriber.look, token), status=400)
            return shown(request, token, await _off_the_loop(unsubscriber.stop, token))
        except (KeysError, StoreError) as error:
            return _away(error)

    return router


async def _off_the_loop(work: Callable[[str], Subscription | None], token: str) -> Subscription | None:
    return await asyncio.to_thread(work, token)


def _away(error: Exception) -> Response:
    log.warning("store.unavailable", reason=str(error))
    return PlainTextResponse("This does not work just now: try again in a few minutes.", 503, headers=dict(SAFE))
