"""Links that let somebody in once, by the SHA-256 of their tokens."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.access import LinkPurpose
from scheduler.store.database import Tx
from scheduler.store.desk_tables import login_links, users


@dataclass(frozen=True, slots=True)
class LoginLink:
    """A link that works: whom it lets in, and what for."""

    user_id: int
    login: str
    name: str
    language: str | None
    purpose: LinkPurpose
    expires_at: datetime


def add_link(
    tx: Tx, token_hash: bytes, user_id: int, purpose: LinkPurpose, *, by: str, now: datetime, expires_at: datetime
) -> None:
    """Keep a new link. Those for the same purpose that were made before work no more. The caller commits."""
    same = (login_links.c.user_id == user_id, login_links.c.purpose == purpose)
    tx.connection.execute(sa.delete(login_links).where(*same, login_links.c.used_at.is_(None)))
    values = {
        "token_hash": token_hash,
        "user_id": user_id,
        "made_at": now,
        "made_by": by,
        "expires_at": expires_at,
        "purpose": purpose,
    }
    tx.connection.execute(sa.insert(login_links).values(values))


def find_link(tx: Tx, token_hash: bytes, *, now: datetime) -> LoginLink | None:
    """Return the link of a token; None for one that was used, ran out, or is somebody's who is disabled."""
    chosen = (
        sa.select(login_links, users.c.login, users.c.name, users.c.language)
        .join(users, users.c.id == login_links.c.user_id)
        .where(login_links.c.token_hash == token_hash, _works(now), users.c.disabled_at.is_(None))
    )
    row = tx.connection.execute(chosen).first()
    return LoginLink(**{name: getattr(row, name) for name in LoginLink.__slots__}) if row else None


def use_link(tx: Tx, token_hash: bytes, *, now: datetime) -> bool:
    """Use a link up; False where somebody was faster. The caller commits."""
    works = sa.update(login_links).where(login_links.c.token_hash == token_hash, _works(now))
    return tx.connection.execute(works.values(used_at=now)).rowcount > 0


def drop_links_of(tx: Tx, user_id: int) -> None:
    """Let no link that waits for a user work any more. The caller commits."""
    waiting = (login_links.c.user_id == user_id, login_links.c.used_at.is_(None))
    tx.connection.execute(sa.delete(login_links).where(*waiting))


def _works(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(login_links.c.used_at.is_(None), login_links.c.expires_at > now)
