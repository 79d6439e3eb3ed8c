"""The versions of protocols that visits were planned by. One that is kept is never changed."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.protocol import Protocol
from scheduler.logs import get_logger
from scheduler.protocols.written import read_written, written
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.plan_tables import versions

log = get_logger(__name__)


def remember(tx: Tx, protocols: Iterable[Protocol], *, now: datetime) -> None:
    """Keep protocols by their digests, where they are not kept yet. The caller commits.

    To be called in the transaction that plans by them: a plan without its version would go by the file.
    """
    given = {protocol.digest: protocol for protocol in protocols}
    known = versions_of(tx, given)
    for digest, protocol in sorted(given.items()):
        if digest not in known:
            insert = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
            row = {
                "digest": digest,
                "treatment": protocol.treatment,
                "content": written(protocol),
                "first_at": now,
            }
            tx.connection.execute(insert(versions).values(row).on_conflict_do_nothing())


def versions_of(tx: Tx, digests: Collection[str]) -> Mapping[str, Protocol]:
    """Return the protocols that are kept under these digests; what is not kept, or can't be read, is left out."""
    if not digests:
        return {}
    found = sa.select(versions.c.digest, versions.c.content).where(among(tx, versions.c.digest, set(digests)))
    rows = tx.connection.execute(found)
    return {digest: version for digest, content in rows if (version := _read(content, digest))}


def kept_versions(tx: Tx) -> tuple[Protocol, ...]:
    """Return all of them, of every treatment, the oldest first."""
    found = sa.select(versions.c.digest, versions.c.content).order_by(versions.c.first_at, versions.c.digest)
    rows = tx.connection.execute(found)
    return tuple(version for digest, content in rows if (version := _read(content, digest)))


# A version never changes, and thousands of messages are of the same one.
@lru_cache(maxsize=256)
def _read(content: str, digest: str) -> Protocol | None:
    """Return a version, or None for one that a later program no longer takes: its visits go by the file then.

    One old version must not stop the messages of all patients.
    """
    try:
        return read_written(content, digest)
    except ValueError as error:
        log.warning("version.unreadable", digest=digest, error=type(error).__name__)
        return None
