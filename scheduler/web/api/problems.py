"""The errors of the API as RFC 9457 problems: a stable type, a status, a title, and what to do in this case."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from fastapi.responses import Response

from scheduler.web.access import RefusalError

MEDIA_TYPE = "application/problem+json"
_NAMESPACE = "urn:problem-type:aftercare:"

SAFE: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",  # patients' data: no cache between may keep it
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)
"""The headers of every answer of the API."""


class Problem(Enum):
    """Every type there is: the end of its URI, its status, its title, and its line in the documentation."""

    def __init__(self, code: str, status: int, title: str, meaning: str) -> None:
        self.code, self.status, self.title, self.meaning = code, status, title, meaning

    @property
    def uri(self) -> str:
        """What a program compares; it is the same in every installation, and never changes."""
        return _NAMESPACE + self.code

    MALFORMED = "malformed", 400, "The request can't be read", "The body is no JSON, or has what JSON may not have."
    UNAUTHENTICATED = "unauthenticated", 401, "No valid key", "The Authorization header lacks a key that works."
    FORBIDDEN = "forbidden", 403, "Not allowed", "The key lacks the permission at that clinic."
    NOT_FOUND = "not-found", 404, "Not found", "There is no such thing, or not at the clinics of the key."
    METHOD = "method-not-allowed", 405, "Method not allowed", "The path has other methods: see the Allow header."
    NOT_ACCEPTABLE = "not-acceptable", 406, "Not acceptable", "The Accept header leaves out application/json."
    CONFLICT = "conflict", 409, "Conflict", "The thing is not in a state that allows this."
    IN_PROGRESS = (
        "in-progress",
        409,
        "The outcome is not known yet",
        "A request with the same Idempotency-Key is being worked on, or broke off: look whether it was done.",
    )
    CHANGED = "changed", 412, "Changed meanwhile", "The thing is not as the If-Match header says: read it again."
    TOO_LARGE = "too-large", 413, "Too large", "The body has more bytes than the limit that the detail names."
    MEDIA = "media-type", 415, "Wrong kind of body", "The Content-Type header names what the route does not take."
    INVALID = "invalid", 422, "Some fields are wrong", "Every wrong field is in `errors`, with what to do."
    KEY_REUSED = "key-reused", 422, "Key used before", "The Idempotency-Key was used for another request."
    TOO_MANY = "too-many-requests", 429, "Too many requests", "Wait as long as the Retry-After header says."
    INTERNAL = "internal", 500, "Something went wrong here", "The log of the service has more, under `instance`."
    UNAVAILABLE = "unavailable", 503, "Not possible now", "The database is away, or a file has errors: try again."


@dataclass(frozen=True, slots=True)
class Wrong:
    """A field that is wrong: where it is (body, query, path or header), its name, and what to do about it.

    `at` is the way to it in the body, for the JSON pointer.
    """

    place: str
    field: str
    detail: str
    hint: str | None = None
    at: tuple[str | int, ...] = ()

    @property
    def said(self) -> str:
        """The whole of it in one line."""
        return ": ".join(filter(None, (self.field, self.detail, self.hint)))

    @property
    def pointer(self) -> str | None:
        """The JSON pointer (RFC 6901) of a field of the body."""
        if self.place != "body":
            return None
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in self.at or (self.field,))

    def data(self) -> Mapping[str, Any]:
        """Return it as it stands in the answer."""
        return {
            "in": self.place,
            "field": self.field,
            "pointer": self.pointer,
            "detail": self.detail,
            "hint": self.hint,
        }


class ApiError(RefusalError):
    """Ends a request with a problem. `detail` says what to do, and never what a patient is called."""

    def __init__(
        self,
        problem: Problem,
        detail: str,
        *,
        errors: Sequence[Wrong] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(problem.code)
        self.problem, self.detail, self.errors, self.headers = problem, detail, tuple(errors), headers


def invalid(*wrong: Wrong) -> ApiError:
    """Return the error that names fields."""
    return ApiError(Problem.INVALID, "; ".join(it.said for it in wrong), errors=wrong)


def answer_of(
    problem: Problem,
    detail: str,
    *,
    errors: Sequence[Wrong] = (),
    headers: Mapping[str, str] = MappingProxyType({}),
    instance: str | None = None,
) -> Response:
    """Return a problem as an answer."""
    said: dict[str, Any] = {
        "type": problem.uri,
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
    }
    if instance:
        said["instance"] = instance
    if errors:
        said["errors"] = [it.data() for it in errors]
    content = json.dumps(said, ensure_ascii=False).encode()
    return Response(content, problem.status, headers={**SAFE, **headers}, media_type=MEDIA_TYPE)
