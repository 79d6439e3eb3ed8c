"""Setup: who may sign in, and what each may do at which clinic."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission, Role
from scheduler.errors import AftercareError, NotFoundError, RegistrationError
from scheduler.services.desk import Desk
from scheduler.services.identity import identity_of
from scheduler.services.users import login_link, manager
from scheduler.store.users import User
from scheduler.web.access import needs, note
from scheduler.web.console.account import OWN_NAMES
from scheduler.web.console.numbers import Number
from scheduler.web.console.setup_clinics import clinics_to_choose
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words
from scheduler.web.pages import LANGUAGES

Text = Annotated[str, Form()]
Changer = Annotated[Caller, Depends(needs(Permission.MANAGE, "-"))]
"""The use cases themselves put on record what was decided over whom."""


def user_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router, way = shell.router(), _Deciding(desk, shell)
    _add_list(router, shell, way)
    _add_user(router, shell, way)
    return router


def _add_list(router: APIRouter, shell: Shell, way: "_Deciding") -> None:
    @router.get("/setup/users")
    def users(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "users.seen"))]
    ) -> Response:
        """List the users of the caller's clinics."""
        found = way.users.seen_by(manager(caller))
        return shell.page(request, caller, "setup/users.html.j2", users=found)

    @router.get("/setup/users/new")
    def ask(request: Request, caller: Changer) -> Response:
        """Show the form for a new user."""
        return way.form(request, caller, {"clinic": "", "role": Role.STAFF.value})

    @router.post("/setup/users/new")
    def add(
        request: Request,
        caller: Changer,
        *,
        login: Text = "",
        name: Text = "",
        role: Text = "",
        clinic: Text = "",
        language: Text = "",
    ) -> Response:
        """Add a user, and show the link that lets it in."""
        typed = {"login": login, "name": name, "role": role, "clinic": clinic, "language": language}
        return way.add(request, caller, typed)


def _add_user(router: APIRouter, shell: Shell, way: "_Deciding") -> None:
    @router.get("/setup/users/{user_id}")
    def user(
        request: Request, user_id: Number, caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "user.seen"))]
    ) -> Response:
        """Show a user."""
        note(request, subject=f"user/{user_id}")
        return way.show(request, caller, user_id)

    @router.post("/setup/users/{user_id}/grant")
    def grant(request: Request, user_id: Number, caller: Changer, clinic: Text = "", role: Text = "") -> Response:
        """Give a role at a clinic, or take it away (role "")."""
        way.seen(caller, user_id)
        way.users.grant(user_id, clinic, _role(role), manager(caller))
        return shell.go(request, _path(user_id), said="setup.user_changed")

    @router.post("/setup/users/{user_id}/disable")
    def disable(request: Request, user_id: Number, caller: Changer) -> Response:
        """Shut a user out."""
        way.seen(caller, user_id)
        way.users.disable(user_id, manager(caller))
        return shell.go(request, _path(user_id), said="setup.user_disabled")

    @router.post("/setup/users/{user_id}/enable")
    def enable(request: Request, user_id: Number, caller: Changer) -> Response:
        """Let a user in again."""
        way.seen(caller, user_id)
        way.users.enable(user_id, manager(caller))
        return shell.go(request, _path(user_id), said="setup.user_enabled")

    @router.post("/setup/users/{user_id}/link")
    def link(request: Request, user_id: Number, caller: Changer) -> Response:
        """Make a link that lets a user in once, to choose a password."""
        way.seen(caller, user_id)
        return way.invite(request, caller, user_id)

    @router.post("/setup/users/{user_id}/forget-second-factor")
    def forget(request: Request, user_id: Number, caller: Changer) -> Response:
        """Ask a user for no code any more."""
        way.seen(caller, user_id)
        way.users.forget_second_factor(user_id, manager(caller))
        return shell.go(request, _path(user_id), said="setup.factor_forgotten")


def _path(user_id: int) -> str:
    return f"/setup/users/{user_id}"


def _role(role: str) -> Role | None:
    if not role:
        return None
    try:
        return Role(role)
    except ValueError:
        said = f"there is no role {role[:20]!r}: viewer, staff, operator or admin"
        raise RegistrationError(said, code="choose_role") from None


class _Deciding:
    """Answers what concerns users. Its methods block."""

    def __init__(self, desk: Desk, shell: Shell) -> None:
        self._desk, self._shell = desk, shell
        self.users = identity_of(desk.store, desk.configuration).users

    def seen(self, caller: Caller, user_id: int) -> User:
        """Return a user of the caller's clinics. Raises NotFoundError."""
        for user in self.users.seen_by(manager(caller)):
            if user.id == user_id:
                return user
        raise NotFoundError("there is no such user")

    def show(self, request: Request, caller: Caller, user_id: int, *, link: str | None = None) -> Response:
        user = self.seen(caller, user_id)
        said = words(self._shell.language(request, caller))
        return self._shell.page(
            request,
            caller,
            "setup/user.html.j2",
            user=user,
            link=link,
            choices=clinics_to_choose(self._desk, caller, said["common"]["every_clinic"]),
            roles=self._roles(request, caller),
        )

    def form(
        self, request: Request, caller: Caller, typed: dict[str, str], problem: tuple[str, str] | None = None
    ) -> Response:
        said = words(self._shell.language(request, caller))
        return self._shell.page(
            request,
            caller,
            "setup/user_new.html.j2",
            status=422 if problem else 200,
            problems=[problem] if problem else (),
            typed={"login": "", "name": "", "language": "", **typed},
            choices=clinics_to_choose(self._desk, caller, said["common"]["every_clinic"]),
            roles=self._roles(request, caller),
            languages=[("", said["account"]["as_browser"]), *((it, OWN_NAMES[it]) for it in LANGUAGES)],
        )

    def add(self, request: Request, caller: Caller, typed: dict[str, str]) -> Response:
        try:
            role = _role(typed["role"])
            if role is None:
                raise RegistrationError("choose a role", code="choose_role")
            language = typed["language"] if typed["language"] in LANGUAGES else None
            made = self.users.add(
                typed["login"], typed["name"], role, typed["clinic"], manager(caller), language=language
            )
        except AftercareError as error:
            return self.form(request, caller, typed, ("login", self._shell.told(request, caller, error)))
        return self.invite(request, caller, made)

    def invite(self, request: Request, caller: Caller, user_id: int) -> Response:
        """Show the link here and nowhere else: it is kept as a hash only."""
        token = self.users.link(user_id, manager(caller))
        link = login_link(self._desk.settings.public_url, token)
        return self.show(request, caller, user_id, link=link)

    def _roles(self, request: Request, caller: Caller) -> list[tuple[str, str]]:
        said = words(self._shell.language(request, caller))["account"]["role"]
        return [(role.value, said[role.value]) for role in Role]
