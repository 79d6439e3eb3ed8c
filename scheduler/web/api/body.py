"""Reads the body of a request, bounded while it comes in: JSON as RFC 8259 has it, meaning one thing only; files."""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from fastapi import Request

from scheduler.web.api.problems import ApiError, Problem
from scheduler.web.forms import read_body

MOST_BYTES = 1_000_000
DEEPEST = 32
"""Levels of lists and objects in each other; what the API takes has four."""
_MEDIA = frozenset({"application/json", "application/merge-patch+json"})


@dataclass(frozen=True, slots=True)
class FileBody:
    """Declares, as a dependency of a route, that its body is a file of one of those types, of so many bytes at most.

    The first type is the one that an error names.
    """

    media: tuple[str, ...]
    most: int

    async def __call__(self, request: Request) -> bytes:
        """Return what was read before the handler."""
        return await request.body()

    async def read(self, request: Request) -> bytes:
        """Read it. Raises ApiError: 413, 415."""
        if _media(request) not in self.media:
            raise ApiError(Problem.MEDIA, f"send the file itself, with the header Content-Type: {self.media[0]}")
        return await read_bytes(request, self.most)


async def read_json(request: Request) -> Any:
    """Return what the body says. Raises ApiError: 413, 415 or 400.

    A name that stands twice in an object is refused: programs differ in which of the two counts.
    """
    if _media(request) not in _MEDIA:
        raise ApiError(Problem.MEDIA, "send the body as JSON, with the header Content-Type: application/json")
    return parse(await read_bytes(request, MOST_BYTES))


def has_none(request: Request) -> bool:
    """Whether a request comes without a body."""
    headers = request.headers
    is_empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    return is_empty and "content-type" not in headers


def parse(body: bytes) -> Any:
    """Return what some bytes say as JSON. Raises ApiError."""
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float, parse_int=_int
        )
    except UnicodeDecodeError:
        raise _malformed("the body is not UTF-8") from None
    except RecursionError:
        raise _malformed(f"the body nests deeper than {DEEPEST} levels") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"the body is not JSON: line {error.lineno}, column {error.colno}") from None
    _refuse(value, DEEPEST)
    return value


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_bytes(request: Request, most: int = MOST_BYTES) -> bytes:
    """Read no more than is let in, whatever Content-Length says or does not say. Raises ApiError: 413."""
    body = await read_body(request, most)
    if body is None:
        raise ApiError(Problem.TOO_LARGE, f"the body may have {most:,} bytes: send less at once")
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _malformed("an object has the same name twice: leave one of the two out")
    return found


def _no_number(name: str) -> NoReturn:
    raise _malformed(f"{name} is no number of JSON")


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _malformed("a number is too large")
    return value


def _int(text: str) -> int:
    if len(text) > len(str(-(2**63))):
        raise _malformed("a number is too large")
    return int(text)


def _refuse(value: Any, levels: int) -> None:
    """Raise for what nests too deep, and for half a pair of UTF-16, which is no text."""
    if isinstance(value, str):
        if not _is_text(value):
            raise _malformed("a text has half a pair of UTF-16 in it: send whole characters")
        return
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    if parts and not levels:
        raise _malformed(f"the body nests deeper than {DEEPEST} levels")
    for part in parts:
        _refuse(part, levels - 1)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _malformed(detail: str) -> ApiError:
    return ApiError(Problem.MALFORMED, detail)
