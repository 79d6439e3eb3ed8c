"""Signing in and out: password, then code where one is asked for, or a one-time link. Every step is on record."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.logs import get_logger
from scheduler.services.gate import is_unfinished
from scheduler.services.known_browser import known_as, mark
from scheduler.services.passwords import Passwords
from scheduler.services.second_factor import is_on, passes
from scheduler.services.signing_in import Started, start_session
from scheduler.services.tokens import LONGEST, digest
from scheduler.store.audit import Entry, add_entry
from scheduler.store.database import Store, Tx
from scheduler.store.login_failures import Key, forget, forgive, take_try
from scheduler.store.login_links import LoginLink, find_link, use_link
from scheduler.store.sessions import SignedIn, end_session, find_session
from scheduler.store.users import any_user, password_hash_of, set_password_hash

log = get_logger(__name__)

OF_LOGIN, OF_CLIENT, OF_CODE = 5, 30, 5
"""Tries that cost nothing: many people may share a client's address, one person has one login."""


@dataclass(frozen=True, slots=True)
class Visit:
    """From where somebody signs in: the client's address, what its browser says of itself, what it has kept.

    `session` is the token that it came with, if any: a session that begins takes its place.
    """

    client: str
    agent: str = ""
    session: str = field(default="", repr=False)
    known: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many tries failed: the next one counts after that time."""

    for_: timedelta

    @property
    def seconds(self) -> int:
        """Whole seconds, at least one."""
        return max(1, -(-self.for_ // timedelta(seconds=1)))


class Wrong:
    """Login and password, or the code, do not fit."""


class Over:
    """What was begun has run out: start again with the password."""


class Logins:
    """Signs people in and out. Safe to use from several threads; it blocks. `clock` is the machine's own."""

    def __init__(self, store: Store, clock: Clock, passwords: Passwords) -> None:
        self._store, self._clock, self._passwords = store, clock, passwords

    def by_password(self, login: str, password: str, visit: Visit) -> Started | Wait | Wrong:
        """Start a session, a half one where a code is asked for next.

        Unknown logins take the same work and count the same tries as known ones: nobody learns which there are.
        """
        now, login = self._clock.now(), "".join(filter(str.isprintable, login.strip().lower()))[:LONGEST]
        keys = self._keys(login, visit)
        with self._store.write() as tx:
            if wait := take_try(tx, keys, now=now):
                return _held_up(wait)
            found = password_hash_of(tx, login)
        user, kept = found or (None, None)
        if not self._passwords.check(kept, password) or user is None or kept is None:
            self._refuse(f"user:{login}" if user is not None else "nobody", "session.refused")
            return Wrong()
        fresh = self._passwords.make(password) if self._passwords.is_outdated(kept) else None
        with self._store.write() as tx:
            if password_hash_of(tx, login) != (user, kept):  # changed or disabled while we compared
                return Wrong()
            if fresh:
                set_password_hash(tx, user, fresh)
            forget(tx, keys[0])
            forgive(tx, keys[1:], now=now)
            return self._start(tx, user, login, visit, now)

    def by_code(self, code: str, visit: Visit) -> Started | Wait | Wrong | Over:
        """Make a whole session of the half one that the visit came with, by a code of the app or a recovery code."""
        now = self._clock.now()
        with self._store.write() as tx:
            half = self._half(tx, visit.session, now)
            if half is None:
                return Over()
            user, key = half.session.user_id, Key(f"code:{half.session.user_id}", OF_CODE)
            if wait := take_try(tx, [key], now=now):
                return _held_up(wait)
            if not passes(tx, user, code, now=now):
                _record(tx, f"user:{half.login}", "session.refused", now)
                return Wrong()
            forget(tx, key)
            _record(tx, f"user:{half.login}", "session.started", now, outcome="done")
            by_link = half.session.by_link
            started = start_session(tx, user, now=now, by_link=by_link, agent=visit.agent, old=visit.session)
            return replace(started, login=half.login)

    def awaits_code(self, token: str) -> bool:
        """Whether that token is of a half session, of which the code is asked for."""
        with self._store.read() as tx:
            return self._half(tx, token, self._clock.now()) is not None

    def look_at_link(self, token: str) -> LoginLink | None:
        """Return what a link would do, without using it: programs open links to look at them."""
        if len(token) > LONGEST:
            return None
        with self._store.read() as tx:
            return find_link(tx, digest(token), now=self._clock.now())

    def by_link(self, token: str, visit: Visit) -> tuple[Started, LoginLink] | None:
        """Use a link: it stands for the password, not for the code. None where it lets nobody in."""
        now = self._clock.now()
        if len(token) > LONGEST:
            return None
        with self._store.write() as tx:
            link = find_link(tx, digest(token), now=now)
            if link is None or not use_link(tx, digest(token), now=now):
                return None
            return self._start(tx, link.user_id, link.login, visit, now, by_link=True), link

    def end(self, token: str) -> None:
        """Sign out: the session is over everywhere, not only forgotten by this browser."""
        now = self._clock.now()
        with self._store.write() as tx:
            found = find_session(tx, digest(token))
            if found and end_session(tx, digest(token), now=now):
                _record(tx, f"user:{found.login}", "session.ended", now, outcome="done")

    def mark(self, login: str, known: str) -> str:
        """Return what a browser keeps to be known for this login: strangers' failures hold it up no more."""
        return mark(self._store.vault, login, known)

    def any_user(self) -> bool:
        """Whether anybody could sign in at all."""
        with self._store.read() as tx:
            return any_user(tx)

    def _keys(self, login: str, visit: Visit) -> list[Key]:
        """Return what a try counts against; a browser that signed in before has a count of its own."""
        if number := known_as(self._store.vault, login, visit.known):
            return [Key(f"browser:{number}", OF_LOGIN)]
        return [Key(f"login:{login}", OF_LOGIN), Key(f"client:{visit.client}", OF_CLIENT)]

    def _start(self, tx: Tx, user: int, login: str, visit: Visit, now: datetime, *, by_link: bool = False) -> Started:
        half = is_on(tx, user)
        if not half:
            _record(tx, f"user:{login}", "session.started", now, outcome="done")
        started = start_session(tx, user, now=now, half=half, by_link=by_link, agent=visit.agent, old=visit.session)
        return replace(started, login=login)

    def _half(self, tx: Tx, token: str, now: datetime) -> SignedIn | None:
        found = find_session(tx, digest(token)) if token and len(token) <= LONGEST else None
        if found is None or found.disabled or found.session.passed_at or not is_unfinished(found.session, now):
            return None
        return found

    def _refuse(self, actor: str, action: str) -> None:
        with self._store.write() as tx:
            _record(tx, actor, action, self._clock.now())


def _held_up(wait: timedelta) -> Wait:
    log.warning("login.throttled", seconds=Wait(wait).seconds)  # a line of the trail each would let floods fill it
    return Wait(wait)


def _record(tx: Tx, actor: str, action: str, now: datetime, *, outcome: str = "refused") -> None:
    """Put it on record. What was typed as an unknown login is not: it may be a password in the wrong field."""
    add_entry(tx, Entry(now, actor, action, None, None, outcome))
