"""Turning the second factor on and off: the picture for the app, the first code, the recovery codes shown once."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller
from scheduler.errors import NotFoundError
from scheduler.services.account import Accounts, Wrong
from scheduler.services.second_factor import picture
from scheduler.web.access import needs, note
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.pages import SAFE

_HERE = "/account/second-factor"
Text = Annotated[str, Form()]


def second_factor_routes(router: APIRouter, shell: Shell, accounts: Accounts) -> None:
    """Add the routes."""
    own = _Own(shell, accounts)

    @router.get(_HERE)
    def show(request: Request, caller: Annotated[Caller, Depends(needs(None, "-"))]) -> Response:
        """Show what to do to turn it on, or off."""
        return own.show(request, caller)

    @router.get(f"{_HERE}/picture.svg")
    def picture_of_it(request: Request, caller: Annotated[Caller, Depends(needs(None, "-"))]) -> Response:
        """Give the picture that an authenticator app reads. It is a secret, and made here."""
        return own.picture(request, caller)

    @router.post(f"{_HERE}/begin")
    def begin(request: Request, caller: Annotated[Caller, Depends(needs(None, "-"))], current: Text = "") -> Response:
        """Make the secret, by the password."""
        return own.begin(request, caller, current)

    @router.post(f"{_HERE}/confirm")
    def confirm(
        request: Request, caller: Annotated[Caller, Depends(needs(None, "account.second_factor_on"))], code: Text = ""
    ) -> Response:
        """Turn it on by a first code, and show the recovery codes."""
        return own.confirm(request, caller, code)

    @router.post(f"{_HERE}/recovery")
    def recovery(
        request: Request, caller: Annotated[Caller, Depends(needs(None, "account.codes_made"))], code: Text = ""
    ) -> Response:
        """Show new recovery codes."""
        return own.recovery(request, caller, code)

    @router.post(f"{_HERE}/off")
    def off(
        request: Request,
        caller: Annotated[Caller, Depends(needs(None, "account.second_factor_off"))],
        code: Text = "",
    ) -> Response:
        """Turn it off."""
        return own.off(request, caller, code)


class _Own:
    """Answers what somebody asks of the own second factor. Its methods block."""

    def __init__(self, shell: Shell, accounts: Accounts) -> None:
        self._shell, self._accounts = shell, accounts

    def show(self, request: Request, caller: Caller, problems: Sequence[tuple[str, str]] = ()) -> Response:
        waiting = self._accounts.waiting_address(caller.id)
        return self._shell.page(
            request,
            caller,
            "account/second_factor.html.j2",
            status=422 if problems else 200,
            problems=problems,
            account=self._accounts.look(caller.id, self._shell.session(request)),
            secret=_in_groups(waiting[0]) if waiting else None,
            picture=self._shell.address(f"{_HERE}/picture.svg"),
        )

    def picture(self, request: Request, caller: Caller) -> Response:
        del request
        waiting = self._accounts.waiting_address(caller.id)
        if waiting is None:
            raise NotFoundError("there is no second factor to be set up")
        return Response(picture(waiting[1]), media_type="image/svg+xml", headers=dict(SAFE))

    def begin(self, request: Request, caller: Caller, password: str) -> Response:
        if self._accounts.begin_second_factor(caller.id, password, self._shell.session(request)):
            said = words(self._shell.language(request, caller))["account"]["wrong_password"]
            return self.show(request, caller, [("current", said)])
        return self._shell.go(request, _HERE)

    def confirm(self, request: Request, caller: Caller, code: str) -> Response:
        note(request, subject=f"user/{caller.id}")
        done = self._accounts.confirm_second_factor(caller.id, code, self._shell.session(request))
        if done is None:
            return self._wrong(request, caller)
        started, codes = done
        answer = self._codes(request, caller, codes)
        self._shell.cookies.set_session(answer, started.token)
        return answer

    def recovery(self, request: Request, caller: Caller, code: str) -> Response:
        note(request, subject=f"user/{caller.id}")
        codes = self._accounts.new_recovery_codes(caller.id, code)
        return self._wrong(request, caller) if isinstance(codes, Wrong) else self._codes(request, caller, codes)

    def off(self, request: Request, caller: Caller, code: str) -> Response:
        note(request, subject=f"user/{caller.id}")
        done = self._accounts.drop_second_factor(caller.id, code, self._shell.session(request))
        if isinstance(done, Wrong):
            return self._wrong(request, caller)
        answer = self._shell.go(request, "/account", said="account.second_factor_off")
        self._shell.cookies.set_session(answer, done.token)
        return answer

    def _codes(self, request: Request, caller: Caller, codes: Sequence[str]) -> Response:
        """Show the codes in the answer itself: they are nowhere else, and a page that is loaded again has none."""
        return self._shell.page(request, caller, "account/codes.html.j2", codes=codes)

    def _wrong(self, request: Request, caller: Caller) -> Response:
        said = words(self._shell.language(request, caller))["login"]["wrong_code"]
        return self.show(request, caller, [("code", said)])


def _in_groups(secret: str) -> str:
    """Return a secret as people type it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
