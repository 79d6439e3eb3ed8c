"""What goes wrong, as OperationOutcomes: one place decides the status of every error."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from scheduler.errors import AftercareError, ConfigError, ConflictError, ForbiddenError, KeysError, NotFoundError
from scheduler.logs import get_logger, places
from scheduler.services.fhir.issues import Code, Issue, NotTakenError
from scheduler.web.access import UnauthenticatedError
from scheduler.web.api.problems import ApiError, Problem
from scheduler.web.fhir.answers import say, status_of
from scheduler.web.forms import allow_hang_ups

log = get_logger(__name__)

_CODES: Mapping[Problem, Code] = {
    Problem.MALFORMED: Code.STRUCTURE,
    Problem.NOT_ACCEPTABLE: Code.NOT_SUPPORTED,
    Problem.MEDIA: Code.NOT_SUPPORTED,
    Problem.TOO_LARGE: Code.TOO_LONG,
    Problem.TOO_MANY: Code.THROTTLED,
    Problem.INVALID: Code.INVALID,
    Problem.CHANGED: Code.NOT_SUPPORTED,
}
_SEALED = "a record can't be opened with the keys of this installation: an operator has to look at its log"
_FILES = "a file of the configuration has errors: an operator sees them with `aftercare check`"
_AWAY = "the database is away: try again in a minute"


def handle_failures(app: FastAPI) -> None:
    """Let every error become an OperationOutcome."""
    handlers: Mapping[Any, Callable[[Request, Any], Any]] = {
        NotTakenError: _not_taken,
        ApiError: _api_error,
        UnauthenticatedError: _unauthenticated,
        AftercareError: _aftercare,
        RequestValidationError: _validation,
        HTTPException: _http,
        Exception: _unforeseen,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    allow_hang_ups(app)


async def _not_taken(_: Request, error: NotTakenError) -> Response:
    return say(status_of(error), error.issues)


async def _api_error(_: Request, error: ApiError) -> Response:
    issue = Issue(_CODES.get(error.problem, Code.EXCEPTION), error.detail)
    return say(error.problem.status, [issue], error.headers)


async def _unauthenticated(_: Request, _error: UnauthenticatedError) -> Response:
    words = "send the header Authorization: Bearer KEY with a key that is neither revoked nor expired"
    return say(401, [Issue(Code.LOGIN, words)], {"WWW-Authenticate": 'Bearer realm="aftercare"'})


async def _aftercare(_: Request, error: AftercareError) -> Response:
    """Answer an error of ours; of the database and the files only what somebody outside may know."""
    if isinstance(error, NotFoundError):  # other clinics look exactly like those that there are not
        return say(404, [Issue(Code.NOT_FOUND, "there is no such clinic for this key")])
    if isinstance(error, ForbiddenError):
        return say(403, [Issue(Code.FORBIDDEN, str(error))])
    if isinstance(error, ConflictError):
        return say(409, [Issue(Code.CONFLICT, str(error))])
    log.warning("fhir.unavailable", reason=str(error))
    said = _SEALED if isinstance(error, KeysError) else _FILES if isinstance(error, ConfigError) else _AWAY
    return say(503, [Issue(Code.TRANSIENT, said)], {"Retry-After": "60"})


async def _validation(_: Request, _error: RequestValidationError) -> Response:
    return say(404, [Issue(Code.NOT_FOUND, "there is nothing at this address: GET metadata names all there is")])


async def _http(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:  # noqa: PLR2004
        allowed = ", ".join(_methods(request))
        return say(405, [Issue(Code.NOT_SUPPORTED, f"this takes {allowed}")], {"Allow": allowed})
    if error.status_code == 404:  # noqa: PLR2004
        return await _validation(request, RequestValidationError([]))
    return say(400, [Issue(Code.STRUCTURE, "the request can't be read")])


async def _unforeseen(_: Request, error: Exception) -> Response:
    log.error("fhir.failed", error=type(error).__name__, where=places(error))
    return say(500, [Issue(Code.EXCEPTION, "something went wrong here: the log of the service has more")])


def _methods(request: Request) -> list[str]:
    """Return what may be done at a path: of several routes each knows its own only."""
    found = set[str]()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)
