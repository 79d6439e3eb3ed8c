"""What goes wrong, as problems: one place decides the status of every error."""

import uuid
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from scheduler.errors import AftercareError, ConflictError, ForbiddenError, NotFoundError, RegistrationError
from scheduler.logs import get_logger, places
from scheduler.web.access import UnauthenticatedError
from scheduler.web.api.fields import FORMS
from scheduler.web.api.problems import ApiError, Problem, Wrong, answer_of, invalid
from scheduler.web.api.refused import wrong_fields
from scheduler.web.failures import ASKS_FOR_KEY, LATER, NO_KEY, handle, methods_at, told_outside

log = get_logger(__name__)

_KINDS: Mapping[type[AftercareError], Problem] = {
    ForbiddenError: Problem.FORBIDDEN,
    ConflictError: Problem.CONFLICT,
}
_WAYS: Mapping[str, str] = {
    "other_time": "this is appointment {visit}, registered for another time: move it with PATCH "
    "/appointments/{visit}",
    "called_off": "appointment {visit} is called off: book it again first with PATCH /appointments/{visit} and its "
    "starts_at",
    "no_exception": "no exception is in force for the step {step}: the appointment's timeline has those there are",
}
"""What a program does about a conflict, by its code; the errors themselves name commands."""
_SAID_BY_PYDANTIC = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_long": "has too many entries",
    "too_short": "has too few entries",
    "string_pattern_mismatch": "has characters that it may not have, or another form",
}


def handle_failures(api: FastAPI) -> None:
    """Let every error of the application become a problem."""
    handle(
        api,
        {
            ApiError: _api_error,
            UnauthenticatedError: _unauthenticated,
            RegistrationError: _registration,
            AftercareError: _aftercare,
            RequestValidationError: _validation,
            HTTPException: _http,
            Exception: _unforeseen,
        },
    )


async def _api_error(_: Request, error: ApiError) -> Response:
    return answer_of(error.problem, error.detail, errors=error.errors, headers=error.headers)


async def _unauthenticated(_: Request, _error: UnauthenticatedError) -> Response:
    return answer_of(Problem.UNAUTHENTICATED, NO_KEY, headers=ASKS_FOR_KEY)


async def _registration(request: Request, error: RegistrationError) -> Response:
    return await _api_error(request, invalid(*wrong_fields(str(error), error.code)))


async def _aftercare(_: Request, error: AftercareError) -> Response:
    """Answer an error of ours; of the database and the files only what somebody outside may know."""
    if isinstance(error, NotFoundError):  # what other clinics have looks exactly like what there is not
        return answer_of(Problem.NOT_FOUND, "there is no such thing at the clinics of this key")
    for kind, problem in _KINDS.items():
        if isinstance(error, kind):
            return answer_of(problem, _said(error) if isinstance(error, ConflictError) else str(error))
    log.warning("api.unavailable", reason=str(error))
    return answer_of(Problem.UNAVAILABLE, told_outside(error) or str(error), headers=LATER)


def _said(error: ConflictError) -> str:
    way = _WAYS.get(error.code)
    return way.format(**error.values) if way else str(error)


async def _validation(_: Request, error: RequestValidationError) -> Response:
    wrong = [_wrong(it) for it in error.errors()]
    detail = "; ".join(it.said for it in wrong)
    return answer_of(Problem.INVALID, detail, errors=wrong)


async def _http(request: Request, error: HTTPException) -> Response:
    if error.status_code == Problem.METHOD.status:
        allowed = ", ".join(_methods(request))
        return answer_of(Problem.METHOD, f"this takes {allowed}", headers={"Allow": allowed})
    if error.status_code == Problem.NOT_FOUND.status:
        return answer_of(Problem.NOT_FOUND, "there is nothing at this path: openapi.json names all there are")
    return answer_of(Problem.MALFORMED, "the request can't be read")


async def _unforeseen(_: Request, error: Exception) -> Response:
    instance = uuid.uuid4().urn
    log.error("api.failed", instance=instance, error=type(error).__name__, where=places(error))
    return answer_of(Problem.INTERNAL, "the log of the service has it under the instance", instance=instance)


def _methods(request: Request) -> list[str]:
    found = methods_at(request)
    return sorted({*found, "HEAD"} if "GET" in found else found)


def _wrong(found: Mapping[str, Any]) -> Wrong:
    """Say one error of the framework as ours, without what was sent."""
    place, *at = found["loc"]
    name = ".".join(str(part) for part in at) or "body"
    detail = _SAID_BY_PYDANTIC.get(found["type"]) or _small(found["msg"])
    limits = found.get("ctx", {})
    if known := FORMS.get(limits.get("pattern", "")):
        return Wrong(str(place), name, *known, at=tuple(at))
    hint = next(
        (
            f"{said} {limits[key]}"
            for key, said in (("max_length", "at most"), ("min_length", "at least"))
            if key in limits
        ),
        None,
    )
    return Wrong(str(place), name, detail, hint, tuple(at))


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
