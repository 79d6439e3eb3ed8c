"""What the console says when something can't be done: a plain page with a way on, whatever went wrong."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from scheduler.domain.access import Permission
from scheduler.errors import AftercareError, ConflictError, ForbiddenError, NotFoundError, StoreError
from scheduler.logs import get_logger, places
from scheduler.services.left_text import LeftText, leave, page_of
from scheduler.web.access import QUIET, SAFE_METHODS, ForeignPageError, UnauthenticatedError
from scheduler.web.console.login import safe
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.forms import allow_hang_ups, read_form
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
            told = raised if isinstance(raised, AftercareError) and not isinstance(raised, NotFoundError) else None
            return await _page(shell, request, what, status, told)

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
        if _is_live(request):
            return Response(status_code=401, headers=dict(SAFE))
        back, kept = await _left(shell, request)
        return await run_in_threadpool(
            shell.page,
            request,
            None,
            "error.html.j2",
            status=401,
            what="signed_out",
            detail=words(shell.language(request, None))["errors"]["text_kept"] if kept else "",
            again=None,
            back=back,
        )

    return handle


async def _left(shell: Shell, request: Request) -> tuple[str, bool]:
    """Keep an answer that came too late; return the page that somebody was on, and whether anything was kept."""
    root = request.scope.get("root_path", "")
    page = page_of(request.scope["path"].removeprefix(root))
    if page is None:
        came_from = urlsplit(request.headers.get("referer", ""))
        asked = f"{came_from.path.removeprefix(root)}{'?' if came_from.query else ''}{came_from.query}"
        return (safe(asked) if came_from.path.startswith(f"{root}/") else "/"), False
    form = await read_form(request) or {}
    text = LeftText({name: values[0] for name, values in form.items() if values})
    return page, await run_in_threadpool(leave, shell.desk.store, shell.session(request), page, text)


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


async def _page(
    shell: Shell, request: Request, what: str, status: int, told: AftercareError | None = None
) -> Response:
    caller = getattr(request.state, "caller", None)
    detail = shell.told(request, caller, told) if told else ""
    if what == "forbidden" and caller and not caller.anywhere(Permission.READ):
        what, detail = "no_role", ""
    again = request.url.path if request.method in SAFE_METHODS and status >= 409 else None  # noqa: PLR2004  (what another try may mend)
    if _is_live(request):
        return Response(status_code=status, headers=dict(SAFE))
    return await run_in_threadpool(
        shell.page, request, caller, "error.html.j2", status=status, what=what, detail=detail, again=again, back="/"
    )


def _is_live(request: Request) -> bool:
    return request.url.path.endswith("/desk/live")
