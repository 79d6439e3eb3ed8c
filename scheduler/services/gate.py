"""Says who a session or an API key stands for, to every request. What makes sessions is in `logins`."""

import hmac
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.domain.access import PERMISSIONS_OF, Caller, CallerKind
from scheduler.services.tokens import LONGEST, digest
from scheduler.store.api_keys import ApiKey, find_key, touch_key
from scheduler.store.audit import Entry, add_entry
from scheduler.store.database import Store
from scheduler.store.sessions import Session, SignedIn, find_session, touch_session

LIFETIME = timedelta(hours=12)
"""A session ends then, whatever happens: a working day (NIST SP 800-63B-4 allows 24 hours)."""
IDLE = timedelta(hours=1)
"""It ends when nobody used it for so long (what NIST SP 800-63B-4 recommends for two factors)."""
PREFIX = "ac_"
"""What every API key begins with, so that scanners for leaked secrets know one when they see it."""
_SEEN_EVERY = timedelta(minutes=1)


class Gate:
    """Knows callers by what they show. Safe to use from several threads; it blocks.

    `clock` is the machine's own, also where the product's is a time-lapse. Raises StoreError.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def by_session(self, token: str, *, active: bool = True) -> Caller | None:
        """Return who is signed in with that token; None for a session that is over, half, or of nobody.

        Every use keeps it open for another hour, noted at most once a minute, up to its absolute end. `active` False,
        for what a page asks by itself, does not: a screen that nobody looks at must go dark.
        """
        if not token or len(token) > LONGEST:
            return None
        now = self._clock.now()
        with self._store.read() as tx:
            found = find_session(tx, digest(token))
        if found is None or found.disabled or not is_open(found.session, now):
            return None
        if active and now - found.session.seen_at >= _SEEN_EVERY:
            with self._store.write() as tx:
                touch_session(tx, found.session.token_hash, now=now)
        return _user(found)

    def by_key(self, bearer: str) -> Caller | None:
        """Return the key that a bearer token is; None for one that is unknown, revoked or expired."""
        public_id, _, secret = bearer.removeprefix(PREFIX).partition("_")
        if not bearer.startswith(PREFIX) or not secret or len(bearer) > LONGEST:
            return None
        now = self._clock.now()
        with self._store.read() as tx:
            key = find_key(tx, public_id)
        if key is None or not hmac.compare_digest(key.secret_hash, digest(secret)) or not key.works(now):
            return None
        if key.used_at is None or now - key.used_at >= _SEEN_EVERY:
            with self._store.write() as tx:
                touch_key(tx, key.id, now=now)
        return _program(key)

    def record(self, caller: Caller, action: str, *, clinic: str | None, subject: str | None, outcome: str) -> None:
        """Put on record who did or saw what; `outcome` is done, refused or failed. Never a patient's data."""
        line = Entry(self._clock.now(), caller.label, action, clinic, subject, outcome)
        with self._store.write() as tx:
            add_entry(tx, line)


def is_open(session: Session, now: datetime) -> bool:
    """Whether a session opens the desk at an instant: both factors given, neither ended nor expired nor idle."""
    return session.passed_at is not None and is_unfinished(session, now)


def has_run_out(session: Session, now: datetime) -> bool:
    """Whether a session that was open ended by itself, idle or at its absolute end: nobody ended it."""
    return session.passed_at is not None and session.ended_at is None and not is_unfinished(session, now)


def is_unfinished(session: Session, now: datetime) -> bool:
    """Whether a session goes on, a half one too."""
    return session.ended_at is None and now < session.expires_at and now - session.seen_at < IDLE


def _user(found: SignedIn) -> Caller:
    allowed = {clinic: PERMISSIONS_OF[role] for clinic, role in found.grants.items()}
    return Caller(CallerKind.USER, found.session.user_id, found.login, allowed, found.language)


def _program(key: ApiKey) -> Caller:
    return Caller(CallerKind.KEY, key.id, key.name, {key.clinic: key.permissions})
