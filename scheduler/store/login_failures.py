"""How often logins failed, by login and by client: counted in the database, so that all processes count together.

A try is counted as failed before the password is looked at, and forgiven when it was right: a thousand tries at once
are counted one after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.database import Tx
from scheduler.store.desk_tables import login_failures as failures

FORGOTTEN_AFTER = timedelta(days=1)
_LONGEST_WAIT = timedelta(minutes=15)
_OF = "login_failures"


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted: a login, a client's address. `free` tries cost nothing; each later one doubles the wait."""

    what: str
    free: int


def take_try(tx: Tx, keys: Sequence[Key], *, now: datetime) -> timedelta | None:
    """Count a try for each of the keys and return None; where it is too soon count nothing, return how long to wait.

    Nobody is locked out for good: the wait is never longer than a quarter of an hour, and a quiet day forgets all.
    The caller commits.
    """
    hashes = sorted((tx.vault.lookup(key.what, of=_OF), key.free) for key in keys)
    mine = failures.c.key_hash.in_([it for it, _ in hashes])
    tx.connection.execute(sa.delete(failures).where(mine, failures.c.last_at < now - FORGOTTEN_AFTER))
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    fresh = [{"key_hash": it, "failures": 0, "last_at": now, "wait_until": now} for it, _ in hashes]
    tx.connection.execute(dialect.insert(failures).on_conflict_do_nothing(), fresh)
    chosen = sa.select(failures).where(mine)
    known = {row.key_hash: row for row in tx.connection.execute(chosen.order_by("key_hash").with_for_update())}
    wait: timedelta = max(row.wait_until for row in known.values()) - now
    if wait > timedelta(0):
        return wait
    for key_hash, free in hashes:
        count = known[key_hash].failures + 1
        change = sa.update(failures).where(failures.c.key_hash == key_hash)
        tx.connection.execute(change.values(failures=count, last_at=now, wait_until=now + wait_after(count, free)))
    return None


def forgive(tx: Tx, keys: Sequence[Key], *, now: datetime) -> None:
    """Take the last try of each key back: it was right. The caller commits."""
    for key in keys:
        same = failures.c.key_hash == tx.vault.lookup(key.what, of=_OF)
        fewer = sa.update(failures).where(same, failures.c.failures > 0)
        tx.connection.execute(fewer.values(failures=failures.c.failures - 1, wait_until=now))


def forget(tx: Tx, key: Key) -> None:
    """Forget all tries of a key: whoever had them right at last starts anew. The caller commits."""
    tx.connection.execute(sa.delete(failures).where(failures.c.key_hash == tx.vault.lookup(key.what, of=_OF)))


def wait_after(count: int, free: int) -> timedelta:
    """Return how long the next try has to wait after that many failed."""
    if count < free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(count - free + 1, 20)), _LONGEST_WAIT)
