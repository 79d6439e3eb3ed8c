"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header): a POST sent again is done once.

What went well is answered again as it was. What was refused changed nothing, so that the key may be used anew. What
broke off may have been done: its key stays used, until a day has passed.
"""

import json
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from scheduler.errors import AftercareError, RecordRefusedError, StoreError
from scheduler.services.repeating import Again, Repeating
from scheduler.web.api.problems import ApiError, Problem, Wrong, invalid

_KEY = re.compile(r'"?[\x21\x23-\x7e]{1,100}"?')
_KEPT = ("content-type", "location", "etag", "undo")
REPLAYED = "Idempotent-Replayed"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Once:
    """Answers POSTs."""

    repeating: Repeating

    async def answer(self, request: Request, handle: Handler) -> Response:
        """Handle a request, unless it was handled before under its key. Raises ApiError."""
        given = request.headers.get("idempotency-key")
        if given is None:
            return await handle(request)
        key, who = _read(given), request.state.caller.label
        again = await run_in_threadpool(self.repeating.begin, who, key, await _identity(request))
        if again:
            return _replay(again)
        try:
            done = await handle(request)
        except (AftercareError, ApiError, RequestValidationError) as error:
            if not _may_be_done(error):
                await run_in_threadpool(self.repeating.forget, who, key)
            raise
        if done.status_code >= 400:  # noqa: PLR2004  (from there on refusals and failures)
            await run_in_threadpool(self.repeating.forget, who, key)
        else:
            await run_in_threadpool(self.repeating.keep, who, key, status=done.status_code, answer=_written(done))
        return done


def _may_be_done(error: Exception) -> bool:
    """Whether a request that ended so may have changed something: the database failed, maybe after a commit."""
    return isinstance(error, StoreError) and not isinstance(error, RecordRefusedError)


def _read(given: str) -> str:
    """Read the header; quotes around it, which the draft asks for and few send, are not part of the key."""
    if not _KEY.fullmatch(given):
        hint = "send 1 to 100 visible ASCII characters, such as a fresh UUID"
        raise invalid(Wrong("header", "Idempotency-Key", "is no such key", hint))
    return given.strip('"')


async def _identity(request: Request) -> bytes:
    """Return what makes a request the same: where it goes, and what it says."""
    return f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()


def _written(done: Response) -> str:
    headers = {name: done.headers[name] for name in _KEPT if name in done.headers}
    return json.dumps({"status": done.status_code, "headers": headers, "body": bytes(done.body).decode()})


def _replay(again: Again) -> Response:
    if not again.same:
        raise ApiError(Problem.KEY_REUSED, "the Idempotency-Key came with another request: use a fresh one for each")
    if again.answer is None:
        raise ApiError(
            Problem.IN_PROGRESS,
            "the same request is being worked on: ask again in a moment; if this stays, it broke off: look whether "
            "it was done, and use a fresh Idempotency-Key",
            headers={"Retry-After": "1"},
        )
    kept = json.loads(again.answer)
    return Response(kept["body"], kept["status"], headers={**kept["headers"], REPLAYED: "true"})
