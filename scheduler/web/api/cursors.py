"""Cursors: where a page of a list ended, sealed to that list and its filters by a signature of ours."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from scheduler.store.vault import Vault
from scheduler.web.api.problems import ApiError, Wrong, invalid

LONGEST = 200
_SIGNATURE = 12
_OF = "api.cursor"


def cursor_after(vault: Vault, request: Request, place: list[Any]) -> str:
    """Return the cursor of the page that follows `place` in the list that was asked for."""
    said = json.dumps(place, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(said + _sign(vault, request, said)).decode().rstrip("=")


def place_of(vault: Vault, request: Request, cursor: str | None) -> list[Any] | None:
    """Return where a cursor says that the page begins, None without one. Raises ApiError for what we did not make."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _unknown() from None
    said, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(vault, request, said)):
        raise _unknown()
    place: list[Any] = json.loads(said)
    return place


def link_next(request: Request, response: Response, base: str, cursor: str | None) -> None:
    """Say where the next page is (RFC 8288)."""
    if cursor is not None:
        query = urlencode({**_filters(request), "cursor": cursor})
        response.headers["Link"] = f'<{base}{_path(request)}?{query}>; rel="next"'


def _path(request: Request) -> str:
    return str(request.scope["path"]).removeprefix(str(request.scope.get("root_path", "")))


def _filters(request: Request) -> Mapping[str, str]:
    return {name: value for name, value in request.query_params.items() if name != "cursor"}


def _sign(vault: Vault, request: Request, said: bytes) -> bytes:
    narrowed = {name: value for name, value in _filters(request).items() if name != "limit"}
    list_of = json.dumps([_path(request), sorted(narrowed.items())]).encode()
    return vault.sign(list_of + b"\0" + said, of=_OF)[:_SIGNATURE]


def _unknown() -> ApiError:
    hint = "take it from `next` of the page before, with the same filters; or begin anew without it"
    return invalid(Wrong("query", "cursor", "is no cursor of this list", hint))
