"""What people do with their own account: name, language, password, second factor, sessions, where tests go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.errors import ForbiddenError
from scheduler.protocols.addresses import read_email, read_phone
from scheduler.services import second_factor
from scheduler.services.gate import IDLE
from scheduler.services.passwords import Passwords
from scheduler.services.signing_in import Started, start_session
from scheduler.services.tokens import digest
from scheduler.services.users import Users, read_name
from scheduler.store.database import Store, Tx
from scheduler.store.login_failures import Key, forget, take_try
from scheduler.store.login_links import drop_links_of
from scheduler.store.second_factor import drop_factor, recovery_codes_left
from scheduler.store.sessions import Session, end_sessions_of, find_session, open_sessions_of
from scheduler.store.users import (
    User,
    addresses_of,
    get_user,
    password_hash_of,
    set_addresses,
    set_password_hash,
    set_profile,
)

FRESH = timedelta(minutes=15)
"""For how long after a one-time link a password may be chosen without the old one."""
_OF_PASSWORD = 5


@dataclass(frozen=True, slots=True)
class Account:
    """A user as he or she sees the own account; `phone` and `email` are where test messages to oneself go."""

    user: User
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    sessions: tuple[Session, ...]
    here: bytes = field(repr=False)
    """Which of the sessions this one is, by its `token_hash`."""
    codes_left: int
    chooses_freely: bool
    """Whether a password may be chosen without the old one."""


class Wrong:
    """The password or the code that was given to prove who asks does not fit, or too many did not before."""


class Accounts:
    """Changes accounts on the word of those whose they are; `token` is that of the session that asks."""

    def __init__(self, store: Store, clock: Clock, passwords: Passwords, users: Users) -> None:
        self._store, self._clock, self._passwords, self._users = store, clock, passwords, users

    def look(self, user_id: int, token: str) -> Account:
        """Return the account."""
        now = self._clock.now()
        with self._store.read() as tx:
            phone, email = addresses_of(tx, user_id)
            return Account(
                user=get_user(tx, user_id),
                phone=phone,
                email=email,
                sessions=open_sessions_of(tx, user_id, now=now, seen_since=now - IDLE),
                here=digest(token),
                codes_left=recovery_codes_left(tx, user_id),
                chooses_freely=_is_fresh(tx, token, now),
            )

    def set_profile(self, user_id: int, name: str, language: str | None) -> None:
        """Change name and language. Raises RegistrationError for a name that is none."""
        with self._store.write() as tx:
            set_profile(tx, user_id, name=read_name(name), language=language)

    def set_addresses(self, user_id: int, *, phone: str, email: str) -> tuple[str, ...]:
        """Keep where test messages go ("" for nowhere); where a field can't be read, change nothing, return it."""
        read = {"phone": _read(read_phone, phone), "email": _read(read_email, email)}
        wrong = tuple(
            name for name, given in (("phone", phone), ("email", email)) if given.strip() and not read[name]
        )
        if not wrong:
            with self._store.write() as tx:
                set_addresses(tx, user_id, phone=read["phone"], email=read["email"])
        return wrong

    def change_password(self, user_id: int, current: str, new: str, token: str) -> Started | Wrong:
        """Change the password: all other sessions end, and this one goes on under a new token.

        Raises PasswordRefusedError for one that can't be taken.
        """
        with self._store.read() as tx:
            user, free = get_user(tx, user_id), _is_fresh(tx, token, self._clock.now())
        if not free and not self._proves(user, current):
            return Wrong()
        kept = self._users.hashed(new, user.login, user.name)
        with self._store.write() as tx:
            set_password_hash(tx, user_id, kept)
            drop_links_of(tx, user_id)
            return self._anew(tx, user_id, token, everywhere=True)

    def begin_second_factor(self, user_id: int, password: str, token: str) -> Wrong | None:
        """Make a secret to be confirmed, by the password: who finds an open screen must not lock its owner out.

        Raises ConflictError where the second factor is on.
        """
        with self._store.read() as tx:
            user, free = get_user(tx, user_id), _is_fresh(tx, token, self._clock.now())
        if not free and not self._proves(user, password):
            return Wrong()
        with self._store.write() as tx:
            second_factor.begin(tx, user_id)
        return None

    def waiting_address(self, user_id: int) -> tuple[str, str] | None:
        """Return the secret that waits to be confirmed, and what an app reads from its picture; None: none waits."""
        with self._store.read() as tx:
            secret, user = second_factor.waiting_secret(tx, user_id), get_user(tx, user_id)
        return (secret, second_factor.address(secret, user.login)) if secret else None

    def confirm_second_factor(self, user_id: int, code: str, token: str) -> tuple[Started, tuple[str, ...]] | None:
        """Turn it on by a first code: return the session that goes on, and the recovery codes; None for a wrong code.

        Sessions without it end.
        """
        with self._store.write() as tx:
            codes = second_factor.confirm(tx, user_id, code, now=self._clock.now())
            return (self._anew(tx, user_id, token, everywhere=True), codes) if codes else None

    def new_recovery_codes(self, user_id: int, code: str) -> tuple[str, ...] | Wrong:
        """Make new recovery codes, by a code; the old ones count no more."""
        with self._store.write() as tx:
            if not self._passes(tx, user_id, code):
                return Wrong()
            return second_factor.new_recovery_codes(tx, user_id)

    def drop_second_factor(self, user_id: int, code: str, token: str) -> Started | Wrong:
        """Turn it off, by a code."""
        with self._store.write() as tx:
            if not self._passes(tx, user_id, code):
                return Wrong()
            drop_factor(tx, user_id)
            return self._anew(tx, user_id, token, everywhere=False)

    def end_others(self, user_id: int, token: str) -> int:
        """Sign out everywhere but here; return how many sessions that ended."""
        with self._store.write() as tx:
            return end_sessions_of(tx, user_id, now=self._clock.now(), but=digest(token))

    def _proves(self, user: User, password: str) -> bool:
        """Whether that is the password: tries are counted, or whoever finds an open screen could guess it there."""
        now, key = self._clock.now(), Key(f"password:{user.id}", _OF_PASSWORD)
        with self._store.write() as tx:
            wait, found = take_try(tx, [key], now=now), password_hash_of(tx, user.login)
        if wait or not self._passwords.check(found[1] if found else None, password):
            return False
        with self._store.write() as tx:
            forget(tx, key)
        return True

    def _passes(self, tx: Tx, user_id: int, code: str) -> bool:
        now, key = self._clock.now(), Key(f"code:{user_id}", _OF_PASSWORD)
        if take_try(tx, [key], now=now) or not second_factor.passes(tx, user_id, code, now=now):
            return False
        forget(tx, key)
        return True

    def _anew(self, tx: Tx, user_id: int, token: str, *, everywhere: bool) -> Started:
        """Go on under a new token. Raises ForbiddenError where the session ended meanwhile."""
        now, found = self._clock.now(), find_session(tx, digest(token))
        if found is None or found.session.ended_at or found.session.user_id != user_id:
            raise ForbiddenError("you were signed out meanwhile: sign in and try again", code="signed_out")
        if everywhere:
            end_sessions_of(tx, user_id, now=now)
        return start_session(tx, user_id, now=now, agent=found.session.agent or "", old=token)


def _is_fresh(tx: Tx, token: str, now: datetime) -> bool:
    found = find_session(tx, digest(token))
    return found is not None and found.session.by_link and now - found.session.started_at < FRESH


def _read(reader: Callable[[object], str], text: str) -> str | None:
    """Return an address as it is kept, None for none and for one that can't be read."""
    try:
        return reader(text.strip()) if text.strip() else None
    except ValueError:
        return None
