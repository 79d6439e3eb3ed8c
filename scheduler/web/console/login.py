"""The way in and out: login and password, the code where one is asked for, a one-time link, and back out."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from scheduler.clock import Clock
from scheduler.domain.access import Caller, LinkPurpose
from scheduler.services.desk import Desk
from scheduler.services.identity import identity_of
from scheduler.services.logins import Logins, Over, Visit, Wait, Wrong
from scheduler.services.signing_in import Started
from scheduler.web.access import needs, open_to_all
from scheduler.web.console.browsers import browser
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.limits import Limit
from scheduler.web.pages import SAFE

_TO = re.compile(r"/(?:[A-Za-z0-9_~.-]+/?)*(?:\?[A-Za-z0-9_~.=&%-]*)?")
_LONGEST_TO = 300
_KNOWN = "aftercare_known"
_A_YEAR = 365 * 86_400
_A_MINUTE, _AT_ONCE = 60, 60

_SEE_OTHER = 303

Text = Annotated[str, Form()]
Answer = TypeVar("Answer")


def login_pages(desk: Desk, shell: Shell, *, clock: Clock | None = None) -> APIRouter:
    """Return the routes. `clock` only where time is to be moved: logins go by the machine's."""
    router, way = shell.router(), _WayIn(desk, shell, identity_of(desk.store, desk.configuration, clock=clock).logins)

    @router.get("/login", dependencies=[Depends(open_to_all("the login itself"))])
    def ask(request: Request, to: str = "") -> Response:
        """Ask for login and password."""
        return way.ask(request, to)

    @router.post("/login", dependencies=[Depends(open_to_all("the login itself"))])
    def sign_in(request: Request, login: Text = "", password: Text = "", to: Text = "") -> Response:
        """Look at both, and let in or ask again."""
        return way.sign_in(request, login, password, to)

    @router.get("/login/code", dependencies=[Depends(open_to_all("the second half of the login"))])
    def ask_code(request: Request, to: str = "", recovery: str = "") -> Response:
        """Ask for the code."""
        return way.ask_code(request, to, recovery=bool(recovery))

    @router.post("/login/code", dependencies=[Depends(open_to_all("the second half of the login"))])
    def give_code(request: Request, code: Text = "", to: Text = "", recovery: Text = "") -> Response:
        """Look at the code, and let in or ask again."""
        return way.give_code(request, code, to, recovery=bool(recovery))

    @router.get("/login/link/{token}", dependencies=[Depends(open_to_all("a one-time link is the key"))])
    def show_link(request: Request, token: str) -> Response:
        """Show a button: programs open links to look at them, and must not use them up."""
        return way.show_link(request, token)

    @router.post("/login/link/{token}", dependencies=[Depends(open_to_all("a one-time link is the key"))])
    def use_link(request: Request, token: str) -> Response:
        """Use the link up and let in."""
        return way.use_link(request, token)

    @router.post("/logout")
    def sign_out(request: Request, _caller: Annotated[Caller, Depends(needs(None, "-"))]) -> Response:
        """Sign out, here and at the server."""
        return way.sign_out(request)

    return router


def safe(to: str) -> str:
    """Return the path of the console that somebody wanted, else its first page.

    It is a path below /desk whatever stands in it, so that it leads to no other host and holds no second header line.
    """
    fits = len(to) <= _LONGEST_TO and _TO.fullmatch(to) and ".." not in to
    return to if fits and not to.startswith(("/login", "/logout")) else "/"


def _on_the_way(path: str, to: str) -> str:
    """Return a step of the login that leads to that page at last."""
    wanted = safe(to)
    return path if wanted == "/" else f"{path}?{urlencode({'to': wanted})}"


class _WayIn:
    """Answers what concerns signing in. Its methods block."""

    def __init__(self, desk: Desk, shell: Shell, logins: Logins) -> None:
        self._desk, self._shell, self._logins = desk, shell, logins
        self._clients = Limit(_A_MINUTE, _AT_ONCE)

    def ask(self, request: Request, to: str) -> Response:
        if not self._logins.any_user():
            return self._page(request, "nobody.html.j2")
        return self._form(request, to)

    def sign_in(self, request: Request, login: str, password: str, to: str) -> Response:
        """Let in, or ask again: what was typed as the login stays, the password does not."""
        done = self._try(request, lambda visit: self._logins.by_password(login, password, visit))
        if isinstance(done, Started):
            return self._let_in(request, done, to)
        return self._form(request, to, login=login[:100], refused=done)

    def ask_code(self, request: Request, to: str, *, recovery: bool) -> Response:
        if not self._logins.awaits_code(self._shell.session(request)):
            return self._back_to_login(to)
        return self._code_form(request, to, recovery=recovery)

    def give_code(self, request: Request, code: str, to: str, *, recovery: bool) -> Response:
        done = self._try(request, lambda visit: self._logins.by_code(code, visit))
        if isinstance(done, Started):
            return self._let_in(request, done, to)
        if isinstance(done, Over):
            return self._back_to_login(to)
        return self._code_form(request, to, recovery=recovery, refused=done)

    def show_link(self, request: Request, token: str) -> Response:
        link = self._logins.look_at_link(token)
        if link is None:
            return self._page(request, "gone.html.j2", status=410)
        return self._page(request, "link.html.j2", link=link, action=self._shell.address(f"/login/link/{token}"))

    def use_link(self, request: Request, token: str) -> Response:
        done = self._try(request, lambda visit: self._logins.by_link(token, visit))
        if not isinstance(done, tuple):
            return self._page(request, "gone.html.j2", status=410)
        started, link = done
        return self._let_in(request, started, "/account/password" if link.purpose is LinkPurpose.PASSWORD else "/")

    def sign_out(self, request: Request) -> Response:
        self._logins.end(self._shell.session(request))
        answer = self._shell.go(request, "/login")
        self._shell.cookies.end_session(answer)
        return answer

    def _try(self, request: Request, attempt: Callable[[Visit], Answer]) -> Answer | Wait:
        """Make an attempt, unless there were too many from there in this minute, whatever they were."""
        client = request.client.host if request.client else ""
        if not self._clients.lets(client):
            return Wait(timedelta(minutes=1))
        agent, known = request.headers.get("user-agent", ""), request.cookies.get(_KNOWN, "")
        return attempt(Visit(client, browser(agent), self._shell.session(request), known))

    def _back_to_login(self, to: str) -> Response:
        address = self._shell.address("/login", to=None if safe(to) == "/" else safe(to))
        return RedirectResponse(address, _SEE_OTHER, headers=dict(SAFE))

    def _words(self, request: Request) -> Mapping[str, str]:
        found: Mapping[str, str] = words(self._shell.language(request, None))["login"]
        return found

    def _let_in(self, request: Request, started: Started, to: str) -> RedirectResponse:
        """Hand out the new session, and lead to the code or to the page that was asked for."""
        answer = self._shell.go(request, _on_the_way("/login/code", to) if started.half else safe(to))
        self._shell.cookies.set_session(answer, started.token)
        if not started.half:
            self._remember(request, answer, started.login)
        return answer

    def _remember(self, request: Request, answer: Response, login: str) -> None:
        cookie = self._shell.cookies.session
        kept = self._logins.mark(login, request.cookies.get(_KNOWN, ""))
        answer.set_cookie(
            _KNOWN, kept, max_age=_A_YEAR, path=cookie.path, secure=cookie.secure, httponly=True, samesite="strict"
        )

    def _form(self, request: Request, to: str, *, login: str = "", refused: Wait | Wrong | None = None) -> Response:
        return self._refusing(request, "login.html.j2", refused, "wrong", wanted=safe(to), login=login)

    def _code_form(
        self, request: Request, to: str, *, recovery: bool, refused: Wait | Wrong | None = None
    ) -> Response:
        wrong = "wrong_recovery" if recovery else "wrong_code"
        other = self._shell.address("/login/code", to=safe(to), recovery=None if recovery else "yes")
        given = {"wanted": safe(to), "recovery": recovery, "other": other}
        return self._refusing(request, "code.html.j2", refused, wrong, **given)

    def _refusing(
        self, request: Request, template: str, refused: Wait | Wrong | None, wrong: str, **values: Any
    ) -> Response:
        """Return a form, with the reason why what was given did not do; `wrong` names the one for a wrong guess."""
        said = self._words(request)
        if refused is None:
            return self._page(request, template, **values)
        if isinstance(refused, Wrong):
            return self._page(request, template, status=422, refused=said[wrong], **values)
        formats = self._shell.formats(self._shell.language(request, None))
        text = said["wait"].format(span=formats.span(refused.for_))
        answer = self._page(request, template, status=429, refused=text, **values)
        answer.headers["Retry-After"] = str(refused.seconds)
        return answer

    def _page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        return self._shell.page(request, None, f"login/{template}", status=status, **values)
