"""What goes wrong, as OperationOutcomes: one place decides the status of every error."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from scheduler.errors import AftercareError, ConflictError, ForbiddenError, NotFoundError
from scheduler.logs import get_logger, places
from scheduler.services.fhir.issues import Code, Issue, NotTakenError
from scheduler.web.access import UnauthenticatedError
from scheduler.web.api.problems import ApiError, Problem
from scheduler.web.failures import ASKS_FOR_KEY, AWAY, LATER, NO_KEY, handle, methods_at, told_outside
from scheduler.web.fhir.answers import say, status_of

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


def handle_failures(app: FastAPI) -> None:
    """Let every error become an OperationOutcome."""
    handle(
        app,
        {
            NotTakenError: _not_taken,
            ApiError: _api_error,
            UnauthenticatedError: _unauthenticated,
            AftercareError: _aftercare,
            RequestValidationError: _validation,
            HTTPException: _http,
            Exception: _unforeseen,
        },
    )


async def _not_taken(_: Request, error: NotTakenError) -> Response:
    return say(status_of(error), error.issues)


async def _api_error(_: Request, error: ApiError) -> Response:
    issue = Issue(_CODES.get(error.problem, Code.EXCEPTION), error.detail)
    return say(error.problem.status, [issue], error.headers)


async def _unauthenticated(_: Request, _error: UnauthenticatedError) -> Response:
    return say(401, [Issue(Code.LOGIN, NO_KEY)], ASKS_FOR_KEY)


async def _aftercare(_: Request, error: AftercareError) -> Response:
    """Answer an error of ours; of the database and the files only what somebody outside may know."""
    if isinstance(error, NotFoundError):  # other clinics look exactly like those that there are not
        return say(404, [Issue(Code.NOT_FOUND, "there is no such clinic for this key")])
    if isinstance(error, ForbiddenError):
        return say(403, [Issue(Code.FORBIDDEN, str(error))])
    if isinstance(error, ConflictError):
        return say(409, [Issue(Code.CONFLICT, str(error))])
    log.warning("fhir.unavailable", reason=str(error))
    return say(503, [Issue(Code.TRANSIENT, told_outside(error) or AWAY)], LATER)


async def _validation(_: Request, _error: RequestValidationError) -> Response:
    return say(404, [Issue(Code.NOT_FOUND, "there is nothing at this address: GET metadata names all there is")])


async def _http(request: Request, error: HTTPException) -> Response:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(methods_at(request)))
        return say(405, [Issue(Code.NOT_SUPPORTED, f"this takes {allowed}")], {"Allow": allowed})
    if error.status_code == HTTPStatus.NOT_FOUND:
        return await _validation(request, RequestValidationError([]))
    return say(400, [Issue(Code.STRUCTURE, "the request can't be read")])


async def _unforeseen(_: Request, error: Exception) -> Response:
    log.error("fhir.failed", error=type(error).__name__, where=places(error))
    return say(500, [Issue(Code.EXCEPTION, "something went wrong here: the log of the service has more")])
