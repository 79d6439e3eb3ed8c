"""One's own account: name and language, password, sessions, where test messages go. The second factor is beside."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from scheduler.clock import Clock
from scheduler.domain.access import Caller
from scheduler.errors import RegistrationError
from scheduler.services.account import Accounts, Wrong
from scheduler.services.agenda import Agendas
from scheduler.services.desk import Desk
from scheduler.services.identity import identity_of
from scheduler.services.passwords import LEAST, MOST, PasswordRefusedError
from scheduler.web.access import needs, note
from scheduler.web.console.agenda import agenda_routes
from scheduler.web.console.second_factor import second_factor_routes
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.pages import LANGUAGES

Text = Annotated[str, Form()]
Problems = Sequence[tuple[str, str]]
_AS_BROWSER = "browser"
OWN_NAMES = {"en": "English", "fr": "Français", "es": "Español"}


def account_pages(desk: Desk, shell: Shell, *, clock: Clock | None = None) -> APIRouter:
    """Return the routes. Nothing here needs more than being signed in; `clock` only where time is to be moved."""
    router = shell.router()
    accounts = identity_of(desk.store, desk.configuration, clock=clock).accounts
    agendas = Agendas(desk.store, desk.configuration, desk.links, desk.clock)
    own = _Own(shell, accounts, agendas)
    second_factor_routes(router, shell, accounts)
    agenda_routes(router, shell, agendas)

    @router.get("/account")
    def show(request: Request, caller: Annotated[Caller, Depends(needs(None, "-"))]) -> Response:
        """Show the account."""
        return own.show(request, caller)

    @router.post("/account/profile")
    def profile(
        request: Request,
        caller: Annotated[Caller, Depends(needs(None, "account.profile_changed"))],
        name: Text = "",
        language: Text = "",
    ) -> Response:
        """Change name and language."""
        return own.profile(request, caller, name, language)

    @router.post("/account/addresses")
    def addresses(
        request: Request,
        caller: Annotated[Caller, Depends(needs(None, "account.addresses_changed"))],
        phone: Text = "",
        email: Text = "",
    ) -> Response:
        """Change where test messages go."""
        return own.addresses(request, caller, phone, email)

    @router.get("/account/password")
    def ask_password(request: Request, caller: Annotated[Caller, Depends(needs(None, "-"))]) -> Response:
        """Ask for a new password."""
        return own.ask_password(request, caller)

    @router.post("/account/password")
    def change_password(
        request: Request,
        caller: Annotated[Caller, Depends(needs(None, "account.password_changed"))],
        current: Text = "",
        password: Text = "",
        again: Text = "",
    ) -> Response:
        """Change the password."""
        return own.change_password(request, caller, current, password, again)

    @router.post("/account/sessions/end")
    def end_others(
        request: Request, caller: Annotated[Caller, Depends(needs(None, "account.sessions_ended"))]
    ) -> Response:
        """Sign out everywhere else."""
        note(request, subject=f"user/{caller.id}")
        ended = accounts.end_others(caller.id, shell.session(request))
        return shell.go(request, "/account", said="account.sessions_ended", count=ended)

    return router


class _Own:
    """Answers what somebody asks of the own account. Its methods block."""

    def __init__(self, shell: Shell, accounts: Accounts, agendas: Agendas) -> None:
        self._shell, self._accounts, self._agendas = shell, accounts, agendas

    def show(
        self, request: Request, caller: Caller, problems: Problems = (), typed: Mapping[str, str] | None = None
    ) -> Response:
        """Return the page; what was `typed` and could not be taken stands in its fields."""
        account = self._accounts.look(caller.id, self._shell.session(request))
        user = account.user
        known = {
            "name": user.name,
            "language": user.language or _AS_BROWSER,
            "phone": account.phone or "",
            "email": account.email or "",
        }
        return self._shell.page(
            request,
            caller,
            "account/account.html.j2",
            status=422 if problems else 200,
            problems=problems,
            account=account,
            agenda=self._agendas.link_of(caller.id),
            given={**known, **(typed or {})},
            languages=[
                (_AS_BROWSER, self._words(request, caller)["as_browser"]),
                *((it, OWN_NAMES[it]) for it in LANGUAGES),
            ],
        )

    def profile(self, request: Request, caller: Caller, name: str, language: str) -> Response:
        note(request, subject=f"user/{caller.id}")
        try:
            self._accounts.set_profile(caller.id, name, language if language in LANGUAGES else None)
        except RegistrationError:
            wrong = [("name", self._words(request, caller)["bad_name"])]
            return self.show(request, caller, wrong, {"name": name, "language": language})
        return self._shell.go(request, "/account", said="account.saved")

    def addresses(self, request: Request, caller: Caller, phone: str, email: str) -> Response:
        note(request, subject=f"user/{caller.id}")
        if wrong := self._accounts.set_addresses(caller.id, phone=phone, email=email):
            said = self._words(request, caller)
            problems = [(name, said[f"bad_{name}"]) for name in wrong]
            return self.show(request, caller, problems, {"phone": phone, "email": email})
        return self._shell.go(request, "/account", said="account.saved")

    def ask_password(self, request: Request, caller: Caller, problems: Problems = ()) -> Response:
        account = self._accounts.look(caller.id, self._shell.session(request))
        template, status = "account/password.html.j2", 422 if problems else 200
        return self._shell.page(
            request, caller, template, status=status, problems=problems, account=account, least=LEAST
        )

    def change_password(self, request: Request, caller: Caller, current: str, password: str, again: str) -> Response:
        note(request, subject=f"user/{caller.id}")
        said = self._words(request, caller)
        if password != again:
            return self.ask_password(request, caller, [("again", said["not_the_same"])])
        try:
            done = self._accounts.change_password(caller.id, current, password, self._shell.session(request))
        except PasswordRefusedError as error:
            text = said["weak"][error.why].format(least=LEAST, most=MOST)
            return self.ask_password(request, caller, [("password", text)])
        if isinstance(done, Wrong):
            return self.ask_password(request, caller, [("current", said["wrong_password"])])
        answer = self._shell.go(request, "/account", said="account.password_changed")
        self._shell.cookies.set_session(answer, done.token)
        return answer

    def _words(self, request: Request, caller: Caller) -> Mapping[str, Any]:
        found: Mapping[str, Any] = words(self._shell.language(request, caller))["account"]
        return found
