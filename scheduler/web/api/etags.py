"""Entity tags: whoever edits says what it saw, whoever reads again is told that nothing changed (RFC 9110, 8.8)."""

import hashlib
from collections.abc import Iterator

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from scheduler.web.api.problems import ApiError, Problem

NOT_MODIFIED = 304


def tag_of(shown: BaseModel) -> str:
    """Return the tag of a thing as it is shown; equal content, equal tag."""
    return _tag(shown.model_dump_json().encode())


def tag_answer(request: Request, answer: Response) -> Response:
    """Give the answer to a GET its tag, unless it has one; answer 304 where the caller has the same already."""
    if answer.headers.get("content-type") != "application/json":
        return answer
    tag = answer.headers.setdefault("ETag", _tag(bytes(answer.body)))
    given = request.headers.get("if-none-match")
    if given is None or not _names(given, tag):
        return answer
    return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})


def refuse_changed(request: Request, shown: BaseModel) -> None:
    """Refuse an edit of a thing that is not as the caller saw it; without If-Match every edit is let through.

    Call it in the transaction that edits, with the thing as it is held there. Raises ApiError.
    """
    given = request.headers.get("if-match")
    if given is not None and not _names(given, tag_of(shown), weak=False):
        raise ApiError(Problem.CHANGED, "it was changed since: read it again, and decide anew")


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _names(header: str, tag: str, *, weak: bool = True) -> bool:
    """Whether a header has that tag among its own; a weak one is the same only to who reads."""
    return header.strip() == "*" or tag in _tags(header, weak=weak)


def _tags(header: str, *, weak: bool) -> Iterator[str]:
    for part in header.split(","):
        tag = part.strip()
        yield tag.removeprefix("W/") if weak else tag
