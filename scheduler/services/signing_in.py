"""Makes sessions. Each change of what a session may do gives it a new token: a stolen or planted one is void."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.services.gate import LIFETIME
from scheduler.services.tokens import digest, new_token
from scheduler.store.database import Tx
from scheduler.store.sessions import Session, add_session, end_session

HALF_LIFETIME = timedelta(minutes=10)
"""How long the code is waited for after the password was right."""
_LONGEST_AGENT = 64


@dataclass(frozen=True, slots=True)
class Started:
    """A session that began, with the token that is handed out once. `half`: the code is asked for next."""

    token: str = field(repr=False)
    user_id: int
    half: bool
    by_link: bool
    expires_at: datetime
    login: str = ""


def start_session(
    tx: Tx, user_id: int, *, now: datetime, half: bool = False, by_link: bool = False, agent: str = "", old: str = ""
) -> Started:
    """Start a session in place of the one with the token `old`, if any. The caller commits.

    `half`: the password was right, the code is still asked for. `agent` is what the browser calls itself, for its
    user to know it by.
    """
    if old:
        end_session(tx, digest(old), now=now)
    token, expires_at = new_token(), now + (HALF_LIFETIME if half else LIFETIME)
    add_session(
        tx,
        Session(
            token_hash=digest(token),
            user_id=user_id,
            started_at=now,
            passed_at=None if half else now,
            seen_at=now,
            expires_at=expires_at,
            ended_at=None,
            agent=agent[:_LONGEST_AGENT] or None,
            by_link=by_link,
        ),
    )
    return Started(token, user_id, half, by_link, expires_at)
