"""Decides over users: adds them, lets them in and out, gives and takes roles. Every change is on record.

Whoever manages one clinic decides over roles there, and over people who have none anywhere else; whoever manages all
of them decides over everybody. Somebody who manages all of them always remains.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from scheduler.clock import Clock
from scheduler.content.formats import clean
from scheduler.domain.access import EVERY_CLINIC, Caller, LinkPurpose, Permission, Role, Scope
from scheduler.errors import ConflictError, ForbiddenError, NotFoundError, RegistrationError
from scheduler.services.passwords import PasswordRefusedError, Passwords, weakness
from scheduler.services.tokens import IN_A_LINK, digest, new_token
from scheduler.store.audit import Entry, add_entry
from scheduler.store.database import Store, Tx
from scheduler.store.login_links import add_link, drop_links_of
from scheduler.store.second_factor import drop_factor
from scheduler.store.sessions import end_sessions_of
from scheduler.store.users import (
    User,
    add_user,
    admins_of_all,
    get_user,
    list_users,
    seen_by,
    set_disabled,
    set_enabled,
    set_grant,
    set_password_hash,
    set_profile,
    user_by_login,
)

LINK_LASTS = timedelta(days=3)
"""How long an invitation waits for its reader."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,99}")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Manager:
    """On whose word something is decided: `by` goes on record, `scope` are the clinics that he or she manages."""

    by: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class Profile:
    """How a user is called and spoken to; `language` None: that of the browser."""

    name: str
    language: str | None


def manager(caller: Caller) -> Manager:
    """Return a caller as a manager. Raises ForbiddenError for one who manages nothing."""
    return Manager(caller.label, caller.scope(Permission.MANAGE))


class Users:
    """Decides over users, each method in a transaction of its own. `clinics` are the names of all clinics by id.

    They raise NotFoundError, ForbiddenError, ConflictError and RegistrationError with one line each.
    """

    def __init__(self, store: Store, clock: Clock, passwords: Passwords, clinics: dict[str, str]) -> None:
        self._store, self._clock, self._passwords, self._clinics = store, clock, passwords, clinics

    def find(self, login: str) -> User:
        """Return the user of a login. Raises NotFoundError."""
        with self._store.read() as tx:
            return user_by_login(tx, login.strip().lower())

    def of_mine_alone(self, user_id: int, who: Manager) -> User:
        """Return a user of whom a manager decides all. Raises NotFoundError, ForbiddenError."""
        with self._store.read() as tx:
            return _managed(tx, user_id, who)

    def seen_by(self, who: Manager) -> tuple[User, ...]:
        """Return the users that concern the clinics of a manager, with their roles there."""
        with self._store.read() as tx:
            return list_users(tx, who.scope)

    def add(
        self,
        login: str,
        name: str,
        role: Role,
        clinic: str,
        who: Manager,
        *,
        language: str | None = None,
        password: str | None = None,
    ) -> int:
        """Add a user with a role at a clinic, or at `EVERY_CLINIC`; return the id.

        Without a password only a link lets the user in. Raises PasswordRefusedError too.
        """
        self._refuse_foreign(clinic, who)
        login, name = _login(login), read_name(name)
        kept = self.hashed(password, login, name) if password is not None else None
        with self._store.write() as tx:
            user = add_user(tx, login, name, language=language, by=who.by, now=self._clock.now())
            set_grant(tx, user, clinic, role)
            if kept:
                set_password_hash(tx, user, kept)
            self._record(tx, who, "user.added", user)
            self._record(tx, who, f"user.granted_{role}", user, clinic)
        return user

    def grant(self, user_id: int, clinic: str, role: Role | None, who: Manager) -> None:
        """Let a user be that at a clinic, in place of what it was; None takes the role there away."""
        if role or clinic in self._clinics or clinic == EVERY_CLINIC:  # a clinic without a file can be left
            self._refuse_foreign(clinic, who)
        elif not who.scope.holds(clinic):
            raise ForbiddenError(f"you do not manage the clinic {clinic}", code="manages_not")
        with self._store.write() as tx:
            admins = admins_of_all(tx)
            get_user(tx, user_id)
            set_grant(tx, user_id, clinic, role)
            _refuse_to_lose_the_last(tx, admins, user_id)
            self._record(tx, who, f"user.granted_{role}" if role else "user.revoked", user_id, clinic)

    def disable(self, user_id: int, who: Manager) -> None:
        """Shut a user out at once: open sessions and waiting links end too."""
        with self._store.write() as tx:
            admins = admins_of_all(tx)
            user = _managed(tx, user_id, who)
            if user.disabled_at:
                raise ConflictError(f"{user.login} is disabled already", code="disabled", login=user.login)
            set_disabled(tx, user_id, by=who.by, now=self._clock.now())
            _refuse_to_lose_the_last(tx, admins, user_id)
            self._record(tx, who, "user.disabled", user_id)

    def enable(self, user_id: int, who: Manager) -> None:
        """Let a user sign in again, with the password and the roles of before."""
        with self._store.write() as tx:
            user = _managed(tx, user_id, who)
            if not user.disabled_at:
                raise ConflictError(f"{user.login} is not disabled", code="enabled", login=user.login)
            set_enabled(tx, user_id)
            self._record(tx, who, "user.enabled", user_id)

    def rename(self, user_id: int, decide: Callable[[User], Profile], who: Manager) -> User:
        """Change how a user is called and spoken to; return the user as this manager sees it then.

        `decide` is asked in the transaction that writes, with the user as this manager sees it there: nobody changes
        it in between. What it raises ends all of it.
        """
        with self._store.write() as tx:
            wanted = decide(seen_by(_managed(tx, user_id, who), who.scope))
            set_profile(tx, user_id, name=read_name(wanted.name), language=wanted.language)
            self._record(tx, who, "user.renamed", user_id)
            return seen_by(get_user(tx, user_id), who.scope)

    def set_password(self, user_id: int, password: str, who: Manager) -> None:
        """Give a user a password. Sessions of the old one end. Raises PasswordRefusedError."""
        with self._store.read() as tx:
            user = _managed(tx, user_id, who)
        kept = self.hashed(password, user.login, user.name)
        with self._store.write() as tx:
            set_password_hash(tx, user_id, kept)
            end_sessions_of(tx, user_id, now=self._clock.now())
            drop_links_of(tx, user_id)
            self._record(tx, who, "user.password_set", user_id)

    def hashed(self, password: str, login: str, name: str) -> str:
        """Return what is kept of a password of a user. Raises PasswordRefusedError."""
        if why := weakness(password, (login, name, *self._clinics, *self._clinics.values())):
            raise PasswordRefusedError(why)
        return self._passwords.make(password)

    def link(
        self,
        user_id: int,
        who: Manager,
        *,
        purpose: LinkPurpose = LinkPurpose.PASSWORD,
        lasts: timedelta = LINK_LASTS,
    ) -> str:
        """Return the token of a link that lets a user in once; it is nowhere else. One made before works no more."""
        token, now = new_token(IN_A_LINK), self._clock.now()
        with self._store.write() as tx:
            user = _managed(tx, user_id, who)
            if user.disabled_at:
                said = f"{user.login} is disabled: enable first"
                raise ConflictError(said, code="enable_first", login=user.login)
            add_link(tx, digest(token), user_id, purpose, by=who.by, now=now, expires_at=now + lasts)
            self._record(tx, who, "user.invited", user_id)
        return token

    def forget_second_factor(self, user_id: int, who: Manager) -> None:
        """Ask a user for no code any more who lost phone and recovery codes. Be sure who asks you for it."""
        with self._store.write() as tx:
            user = _managed(tx, user_id, who)
            if user.second_factor_since is None:
                said = f"{user.login} has no second factor"
                raise ConflictError(said, code="no_second_factor", login=user.login)
            drop_factor(tx, user_id)
            end_sessions_of(tx, user_id, now=self._clock.now())
            self._record(tx, who, "user.second_factor_forgotten", user_id)

    def _refuse_foreign(self, clinic: str, who: Manager) -> None:
        if not who.scope.holds(clinic):  # first: who manages one clinic learns nothing of which others there are
            said = "only who manages a clinic gives and takes roles there"
            raise ForbiddenError(said, code="manages_not")
        if clinic != EVERY_CLINIC and clinic not in self._clinics:
            known = ", ".join(sorted(it for it in self._clinics if who.scope.holds(it)))
            said = f"there is no clinic {clinic}: there are {known}"
            raise NotFoundError(said, code="no_clinic")

    def _record(self, tx: Tx, who: Manager, action: str, user_id: int, clinic: str | None = None) -> None:
        where = None if clinic == EVERY_CLINIC else clinic
        add_entry(tx, Entry(self._clock.now(), who.by, action, where, f"user/{user_id}", "done"))


def login_link(public_url: str, token: str) -> str:
    """Return the address that somebody opens with a link's token."""
    return f"{public_url}/desk/login/link/{token}"


def _managed(tx: Tx, user_id: int, who: Manager) -> User:
    """Return a user of whom a manager decides all. Raises ForbiddenError: a link for who may more were a theft."""
    user = get_user(tx, user_id)
    if who.scope.clinics is None:
        return user
    if not user.grants or not all(who.scope.holds(clinic) for clinic in user.grants):
        raise ForbiddenError(
            f"{user.login} is not only of your clinics: ask who manages every clinic, or take the role at yours away",
            code="elsewhere_too",
            login=user.login,
        )
    return user


def _refuse_to_lose_the_last(tx: Tx, admins: frozenset[int], user_id: int) -> None:
    if user_id in admins and not admins_of_all(tx):
        said = "nobody else manages every clinic: make somebody else admin of all of them first"
        raise ConflictError(said, code="last_admin")


def _login(text: str) -> str:
    login = text.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise RegistrationError(
            f"a login is 2 to 100 of a-z, 0-9 and . _ @ + -, and begins with a letter or digit: not {clean(text)!r}",
            code="bad_login",
        )
    return login


def read_name(text: str) -> str:
    """Return a person's name on one line. Raises RegistrationError."""
    name = clean(text)
    if not name or len(name) > _LONGEST_NAME:
        said = f"a name has 1 to {_LONGEST_NAME} characters"
        raise RegistrationError(said, code="bad_name", most=_LONGEST_NAME)
    return name
