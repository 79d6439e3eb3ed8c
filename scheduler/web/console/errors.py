"""What the console says when something can't be done: a plain page with a way on, whatever went wrong."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from scheduler.errors import AftercareError, ConflictError, ForbiddenError, NotFoundError, StoreError
from scheduler.logs import get_logger, places
from scheduler.web.access import QUIET, SAFE_METHODS, ForeignPageError, UnauthenticatedError
from scheduler.web.console.shell import Shell
from scheduler.web.forms import allow_hang_ups
from scheduler.web.pages import SAFE

log = get_logger(__name__)

_TOO_LARGE = 413
Handler = Callable[[Request, Exception], Awaitable[Response]]

PAGES: Mapping[int, str] = {
    400: "invalid",
    401: "signed_out",
    403: "forbidden",
    404: "missing",
    405: "method",
    409: "conflict",
    413: "large",
    422: "invalid",
    429: "busy",
    500: "broken",
    503: "away",
}
"""What is said of an answer's status; of others what is said of 422 or 500."""


class Console(FastAPI):
    """An application whose refusal of what is too large is a page too: the framework's is plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and _has_null(scope):
            page = await _page(self.state.shell, Request(scope), "missing", 404)
            await page(scope, receive, send)
            return
        too_large = False

        async def pass_on(message: Message) -> None:
            nonlocal too_large
            too_large = too_large or _says_too_large(message)
            if not too_large:
                await send(message)

        await super().__call__(scope, receive, pass_on)
        if too_large:
            page = await _page(self.state.shell, Request(scope), "large", 413)
            await page(scope, receive, send)


def _has_null(scope: Scope) -> bool:
    """Whether an address has what no text has, and what PostgreSQL takes in none."""
    return b"%00" in scope["query_string"] or "\0" in scope["path"]


def _says_too_large(message: Message) -> bool:
    return (
        message["type"] == "http.response.start"
        and message["status"] == _TOO_LARGE
        and Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
    )


def show_errors(app: FastAPI, shell: Shell) -> None:
    """Let the application answer every error with a page of ours."""

    def page(error: type[Exception], what: str, status: int) -> None:
        async def handle(request: Request, raised: Exception) -> Response:
            # What we say ourselves; nothing of a database's and of programming errors, nor of what is missing:
            # what other clinics have looks exactly like what there is not.
            shown = isinstance(raised, AftercareError) and not isinstance(raised, NotFoundError)
            return await _page(shell, request, what, status, str(raised) if shown else "")

        app.add_exception_handler(error, handle)

    page(AftercareError, "invalid", 422)
    page(NotFoundError, "missing", 404)
    page(ForbiddenError, "forbidden", 403)
    page(ForeignPageError, "foreign", 403)
    page(ConflictError, "conflict", 409)
    page(RequestValidationError, "missing", 404)
    app.add_exception_handler(StoreError, _away(shell))
    app.add_exception_handler(UnauthenticatedError, _signed_out(shell))
    app.add_exception_handler(HTTPException, _of_status(shell))
    app.add_exception_handler(Exception, _broken(shell))
    allow_hang_ups(app)


def _signed_out(shell: Shell) -> Handler:
    async def handle(request: Request, _raised: Exception) -> Response:
        """Lead to the login; a form that was sent is told that nothing came of it."""
        if request.method in SAFE_METHODS and QUIET not in request.headers and not _is_live(request):
            return await run_in_threadpool(shell.to_login, request)
        return await _page(shell, request, "signed_out", 401)

    return handle


def _away(shell: Shell) -> Handler:
    async def handle(request: Request, raised: Exception) -> Response:
        log.warning("page.unavailable", reason=str(raised))
        answer = await _page(shell, request, "away", 503)
        answer.headers["Retry-After"] = "120"
        return answer

    return handle


def _of_status(shell: Shell) -> Handler:
    async def handle(request: Request, raised: Exception) -> Response:
        assert isinstance(raised, HTTPException)
        status = raised.status_code
        what = PAGES.get(status) or PAGES[500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 422]
        answer = await _page(shell, request, what, status)
        answer.headers.update(raised.headers or {})
        return answer

    return handle


def _broken(shell: Shell) -> Handler:
    async def handle(request: Request, raised: Exception) -> Response:
        """Log where it broke: not what the error says, which may be a patient's."""
        log.error("page.failed", error=type(raised).__name__, where=places(raised))
        return await _page(shell, request, "broken", 500)

    return handle


async def _page(shell: Shell, request: Request, what: str, status: int, detail: str = "") -> Response:
    caller = getattr(request.state, "caller", None)
    again = request.url.path if request.method in SAFE_METHODS and status >= 409 else None  # noqa: PLR2004
    if _is_live(request):
        return Response(status_code=status, headers=dict(SAFE))
    return await run_in_threadpool(
        shell.page, request, caller, "error.html.j2", status=status, what=what, detail=detail, again=again
    )


def _is_live(request: Request) -> bool:
    return request.url.path.endswith("/desk/live")
