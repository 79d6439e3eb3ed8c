"""Who is signed in where: sessions by the SHA-256 of their tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.access import Role
from scheduler.store.database import Tx
from scheduler.store.desk_tables import grants, sessions, users


@dataclass(frozen=True, slots=True)
class Session:
    """A session; `passed_at` None: the password was right, and the code is still asked for."""

    token_hash: bytes
    user_id: int
    started_at: datetime
    passed_at: datetime | None
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    agent: str | None
    by_link: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session with its user as the gate needs it."""

    session: Session
    login: str
    language: str | None
    disabled: bool
    grants: Mapping[str, Role]


def add_session(tx: Tx, session: Session) -> None:
    """Keep a new session. The caller commits."""
    tx.connection.execute(sa.insert(sessions).values({name: getattr(session, name) for name in Session.__slots__}))


def find_session(tx: Tx, token_hash: bytes) -> SignedIn | None:
    """Return the session of a token, whatever it is worth, in one query."""
    chosen = (
        sa.select(sessions, users.c.login, users.c.language, users.c.disabled_at, grants.c.clinic, grants.c.role)
        .join(users, users.c.id == sessions.c.user_id)
        .outerjoin(grants, grants.c.user_id == users.c.id)
        .where(sessions.c.token_hash == token_hash)
    )
    rows = tx.connection.execute(chosen).all()
    if not rows:
        return None
    row = rows[0]
    roles = {it.clinic: it.role for it in rows if it.clinic is not None}
    return SignedIn(_session(row), row.login, row.language, row.disabled_at is not None, roles)


def any_session(tx: Tx) -> bool:
    """Whether anybody ever signed in."""
    return tx.connection.execute(sa.select(sessions.c.user_id).limit(1)).first() is not None


def touch_session(tx: Tx, token_hash: bytes, *, now: datetime) -> None:
    """Note that a session is in use. The caller commits."""
    in_use = sa.update(sessions).where(sessions.c.token_hash == token_hash, sessions.c.seen_at < now)
    tx.connection.execute(in_use.values(seen_at=now))


def end_session(tx: Tx, token_hash: bytes, *, now: datetime) -> bool:
    """End a session; False where it was over. The caller commits."""
    open_one = sa.update(sessions).where(sessions.c.token_hash == token_hash, sessions.c.ended_at.is_(None))
    return tx.connection.execute(open_one.values(ended_at=now)).rowcount > 0


def end_sessions_of(tx: Tx, user_id: int, *, now: datetime, but: bytes = b"") -> int:
    """End all sessions of a user but one; return how many. The caller commits."""
    others = (sessions.c.user_id == user_id, sessions.c.ended_at.is_(None), sessions.c.token_hash != but)
    return tx.connection.execute(sa.update(sessions).where(*others).values(ended_at=now)).rowcount


def open_sessions_of(tx: Tx, user_id: int, *, now: datetime, seen_since: datetime) -> tuple[Session, ...]:
    """Return the sessions of a user that still open doors, the one in use last first."""
    chosen = sa.select(sessions).where(
        sessions.c.user_id == user_id,
        sessions.c.ended_at.is_(None),
        sessions.c.passed_at.is_not(None),
        sessions.c.expires_at > now,
        sessions.c.seen_at > seen_since,
    )
    return tuple(map(_session, tx.connection.execute(chosen.order_by(sessions.c.seen_at.desc()))))


def _session(row: sa.Row[Any]) -> Session:
    return Session(**{name: getattr(row, name) for name in Session.__slots__})
