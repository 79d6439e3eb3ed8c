"""What is answered in FHIR: outcomes and Bundles, and the HTTP status of each kind of issue."""

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi.responses import Response

from scheduler.services.fhir.issues import Code, Issue, NotTakenError, outcome
from scheduler.services.fhir.statement import JSON
from scheduler.services.fhir.wishes import Taken
from scheduler.services.registration import Result

MEDIA_TYPE = f"{JSON}; fhirVersion=4.0"
STATUSES: Mapping[Code, int] = MappingProxyType(
    {
        Code.STRUCTURE: 400,
        Code.REQUIRED: 400,
        Code.VALUE: 422,
        Code.CODE_INVALID: 422,
        Code.INVALID: 400,
        Code.NOT_SUPPORTED: 422,
        Code.EXTENSION: 422,
        Code.NOT_FOUND: 422,
        Code.BUSINESS_RULE: 422,
        Code.CONFLICT: 409,
        Code.DUPLICATE: 422,
        Code.MULTIPLE: 412,
        Code.TOO_LONG: 422,
    }
)
"""The status of a resource that was not taken: 400 for what FHIR does not allow, 422 for what is not taken here."""
_DONE: Mapping[Result, str] = MappingProxyType(
    {
        Result.REGISTERED: "is new",
        Result.UNCHANGED: "is known",
        Result.RESCHEDULED: "was moved",
        Result.CANCELLED: "is called off",
    }
)


def status_of(error: NotTakenError) -> int:
    """Return the HTTP status of what was not taken: that of its first issue."""
    return STATUSES[error.issues[0].code]


def answer(status: int, resource: Mapping[str, Any], headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Return a resource as an answer."""
    content = json.dumps(resource, ensure_ascii=False).encode()
    return Response(content, status, headers=headers, media_type=MEDIA_TYPE)


def say(status: int, issues: Iterable[Issue], headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Return an OperationOutcome as an answer."""
    return answer(status, outcome(issues), headers)


def taken_answer(taken: Taken, base: str, *, minimal: bool) -> Response:
    """Answer that a resource was taken: 201 where it is new, with where it is; 200 otherwise."""
    headers = {"Location": f"{base}/{taken.kind}/{taken.id}"}
    status = HTTPStatus.CREATED if taken.is_new else HTTPStatus.OK
    return Response(status_code=status, headers=headers) if minimal else say(status, _told(taken), headers)


def bundle_answer(kind: str, done: Sequence[Taken | NotTakenError]) -> Response:
    """Answer a Bundle with one entry for each of its own, in their order."""
    entries = [{"response": _entry(it)} for it in done]
    said: dict[str, Any] = {"resourceType": "Bundle", "type": f"{kind}-response"}
    return answer(200, {**said, "entry": entries} if entries else said)


def _entry(done: Taken | NotTakenError) -> Mapping[str, Any]:
    if isinstance(done, NotTakenError):
        return {"status": _words(status_of(done)), "outcome": outcome(done.issues)}
    status = _words(HTTPStatus.CREATED if done.is_new else HTTPStatus.OK)
    return {"status": status, "location": f"{done.kind}/{done.id}", "outcome": outcome(_told(done))}


def _told(taken: Taken) -> Sequence[Issue]:
    what = f"{taken.subject.replace('/', ' ')} {_DONE[taken.done.result]}" if taken.subject else str(taken.kind)
    words = f"{what}: {taken.done.words}" if taken.done.words else what
    return [Issue(Code.INFORMATIONAL, words, severity="information"), *taken.done.warnings]


def _words(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
