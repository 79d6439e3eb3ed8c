"""What a form of the console sent, as the first value of each field."""

from collections import defaultdict
from http import HTTPStatus

from fastapi import HTTPException, Request

from scheduler.web.forms import read_form

_DIGITS = 18
"""A number of so many digits is one that a database can hold."""


class Posted(defaultdict[str, str]):
    """The fields by name; "" for one that was not sent. Its repr shows none of it."""

    def __init__(self) -> None:
        super().__init__(str)

    def __repr__(self) -> str:
        return f"Posted({len(self)} fields)"


async def posted(request: Request) -> Posted:
    """Read the form of a request, for `Depends`, after whoever may send it is known. Answers 422 for what is none."""
    form = await read_form(request)
    if form is None:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
    fields = Posted()
    fields.update((name, values[0]) for name, values in form.items())
    return fields


def whole(text: str) -> int | None:
    """Return a whole number, as our pages write one into forms and addresses; None for anything else."""
    is_one = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if is_one else None
