"""Reads what a page's form sends: text fields only, of a length that a person can have written."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

MOST_BYTES = 65_536
"""A text of 4,000 characters of four bytes each, percent-encoded, fits."""
_MOST_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"

Form = Mapping[str, list[str]]


async def read_form(request: Request) -> Form | None:
    """Return the fields that were sent, each with its values; None for what is too long or no such form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    body = await read_body(request, MOST_BYTES)
    if body is None:
        return None
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None


async def read_body(request: Request, most: int) -> bytes | None:
    """Read a body, None when it has more bytes than `most`."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


def allow_hang_ups(app: FastAPI) -> None:
    """Let it be no fault of an application that somebody goes away, or is too slow, while a body is read."""

    async def answer_nobody(_request: Request, _gone: Exception) -> Response:
        return Response(status_code=HTTPStatus.BAD_REQUEST)

    app.add_exception_handler(ClientDisconnect, answer_nobody)


def first(form: Form, name: str) -> str:
    """Return a field's first value, "" where it was not sent."""
    return next(iter(form.get(name, ())), "")
