"""Users: who may sign in to the console, and what each may do at which clinic."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict

from scheduler.clock import Clock
from scheduler.domain.access import EVERY_CLINIC, PERMISSIONS_OF, Caller, Permission, Role
from scheduler.errors import NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.identity import identity_of
from scheduler.services.users import LINK_LASTS, Profile, Users, login_link, manager
from scheduler.store.users import User
from scheduler.web.access import needs, note
from scheduler.web.api.etags import refuse_changed, tag_of
from scheduler.web.api.fields import IdOfPath, Input, Instant, Name, Output, Short, Slug, Tags
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples_people import GRANT, NEW_USER, USER, USER_EDIT, USER_LINK

TAGS: Tags = ["management"]
CREATED = 201
Language = Literal["en", "es", "fr"]
Manager = Annotated[Caller, Depends(needs(Permission.MANAGE, "-"))]
"""The use cases themselves put on record what was decided over whom."""
Place = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9_-]*)$")]
"""A clinic's id, or * for every clinic."""


class NewUser(Input):
    """Who is to be let in, as what, and where first; `clinic` * means every clinic."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_USER]})

    login: Short
    name: Name
    clinic: Slug | Literal["*"]
    role: Role
    language: Language | None = None


class UserEdit(Input):
    """What is to be changed; what is left out stays. `language` null: that of the browser."""

    model_config = ConfigDict(json_schema_extra={"examples": [USER_EDIT]})

    name: Name | None = None
    language: Language | None = None


class Grant(Input):
    """What a user is at a clinic."""

    model_config = ConfigDict(json_schema_extra={"examples": [GRANT]})

    role: Role


class UserShown(Output):
    """One user; `grants` has the role at each clinic that the caller manages, * at every clinic."""

    model_config = ConfigDict(json_schema_extra={"examples": [USER]})

    id: int
    login: str
    name: str
    language: str | None
    created_at: Instant
    created_by: str
    disabled_at: Instant | None
    disabled_by: str | None
    has_password: bool
    second_factor_since: Instant | None
    grants: dict[str, Role]

    @classmethod
    def of(cls, user: User) -> Self:
        """Show a user."""
        values = {name: getattr(user, name) for name in cls.model_fields}
        return cls.model_validate({**values, "grants": dict(user.grants)})


class UsersShown(Output):
    """The users of the clinics that the caller manages, by login."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [USER]}]})

    items: list[UserShown]


class LinkShown(Output):
    """The address that lets a user in once, to choose a password; it is shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [USER_LINK]})

    user: int
    link: str
    expires_at: Instant


def add_users(api: APIRouter, desk: Desk, clock: Clock) -> None:
    """Add the routes. `clock` is the machine's own: links end by it."""
    users = identity_of(desk.store, desk.configuration, clock=clock).users
    _reading(api, users)
    _adding(api, users)
    _granting(api, users)
    _letting_in(api, desk, users, clock)


def _reading(api: APIRouter, users: Users) -> None:
    @api.get("/users", tags=TAGS)
    def list_all(caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "users.seen"))]) -> UsersShown:
        """List the users."""
        return UsersShown(items=[UserShown.of(it) for it in users.seen_by(manager(caller))])

    @api.get("/users/{user:record}", tags=TAGS)
    def get_one(
        user: IdOfPath,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "user.seen"))],
    ) -> UserShown:
        """Return a user."""
        note(request, subject=f"user/{user}")
        shown = UserShown.of(seen_user(users, caller, user))
        response.headers["ETag"] = tag_of(shown)
        return shown


def _adding(api: APIRouter, users: Users) -> None:
    @api.post("/users", tags=TAGS, status_code=CREATED)
    def create(body: NewUser, caller: Manager) -> UserShown:
        """Add a user with a role at a clinic. Only a link lets it in: ask for one. The caller gives what it has."""
        refuse_beyond(caller, body.clinic, body.role)
        who = manager(caller)
        made = users.add(body.login, body.name, body.role, body.clinic, who, language=body.language)
        return UserShown.of(seen_user(users, caller, made))

    @api.patch("/users/{user:record}", tags=TAGS)
    def edit(user: IdOfPath, body: UserEdit, request: Request, response: Response, caller: Manager) -> UserShown:
        """Change how a user is called and spoken to."""
        seen_user(users, caller, user)
        given = body.model_fields_set
        if "name" in given and not body.name:
            raise invalid(Wrong("body", "name", "can't be taken away", "send a name, or leave it out"))

        def decide(known: User) -> Profile:
            refuse_changed(request, UserShown.of(known))
            return Profile(body.name or known.name, body.language if "language" in given else known.language)

        shown = UserShown.of(users.rename(user, decide, manager(caller)))
        response.headers["ETag"] = tag_of(shown)
        return shown


def _granting(api: APIRouter, users: Users) -> None:
    @api.put("/users/{user:record}/grants/{clinic}", tags=TAGS)
    def grant(user: IdOfPath, clinic: Place, body: Grant, caller: Manager) -> UserShown:
        """Let a user be that at a clinic, in place of what it was. The caller gives no more than it has."""
        seen_user(users, caller, user)
        refuse_beyond(caller, clinic, body.role)
        users.grant(user, clinic, body.role, manager(caller))
        return UserShown.of(seen_user(users, caller, user))

    @api.delete("/users/{user:record}/grants/{clinic}", tags=TAGS)
    def revoke(user: IdOfPath, clinic: Place, caller: Manager) -> UserShown:
        """Take the role at a clinic away. Somebody who manages every clinic always remains: else 409."""
        known = seen_user(users, caller, user)
        if clinic not in known.grants:
            raise NotFoundError
        users.grant(user, clinic, None, manager(caller))
        return UserShown.of(seen_user(users, caller, user))


def _letting_in(api: APIRouter, desk: Desk, users: Users, clock: Clock) -> None:
    @api.post("/users/{user:record}/disable", tags=TAGS)
    def disable(user: IdOfPath, caller: Manager) -> UserShown:
        """Shut a user out at once: open sessions and waiting links end too."""
        seen_user(users, caller, user)
        users.disable(user, manager(caller))
        return UserShown.of(seen_user(users, caller, user))

    @api.post("/users/{user:record}/enable", tags=TAGS)
    def enable(user: IdOfPath, caller: Manager) -> UserShown:
        """Let a user sign in again, with the password and the roles of before."""
        seen_user(users, caller, user)
        users.enable(user, manager(caller))
        return UserShown.of(seen_user(users, caller, user))

    @api.post("/users/{user:record}/link", tags=TAGS, status_code=CREATED)
    def link(user: IdOfPath, caller: Manager) -> LinkShown:
        """Make the address that lets a user in once, to choose a password. One made before works no more."""
        for clinic, role in seen_user(users, caller, user).grants.items():
            refuse_beyond(caller, clinic, role)  # whoever has the link is that user
        ends = clock.now() + LINK_LASTS
        token = users.link(user, manager(caller))
        return LinkShown(user=user, link=login_link(desk.settings.public_url.rstrip("/"), token), expires_at=ends)

    @api.post("/users/{user:record}/forget-second-factor", tags=TAGS)
    def forget(user: IdOfPath, caller: Manager) -> UserShown:
        """Ask a user for no code any more who lost phone and recovery codes. Be sure who asks you for it."""
        seen_user(users, caller, user)
        users.forget_second_factor(user, manager(caller))
        return UserShown.of(seen_user(users, caller, user))


def seen_user(users: Users, caller: Caller, user: int) -> User:
    """Return a user of the caller's clinics. Raises NotFoundError."""
    found = next((it for it in users.seen_by(manager(caller)) if it.id == user), None)
    if found is None:
        raise NotFoundError
    return found


def refuse_beyond(caller: Caller, clinic: str, role: Role) -> None:
    """Refuse to let somebody do more than the caller may. Raises ApiError; NotFoundError for another's clinic."""
    if clinic != EVERY_CLINIC:
        caller.demand(Permission.MANAGE, clinic)
    has = {*caller.allowed.get(clinic, ()), *caller.allowed.get(EVERY_CLINIC, ())}
    if beyond := sorted(PERMISSIONS_OF[role] - has):
        raise invalid(Wrong("body", "role", f"you do not have {', '.join(beyond)} there", "choose a smaller role"))
