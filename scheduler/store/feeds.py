"""The calendars of booking systems: when each is read, and the newest that it said of each of its entries."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.batches import among
from scheduler.store.columns import read_instant
from scheduler.store.database import Tx
from scheduler.store.feed_tables import feed_entries, feeds

_KEY = ("clinic", "source")


@dataclass(frozen=True, slots=True)
class FeedState:
    """How the reading of a calendar stands. Instants are aware UTC; `failing_since` None: the last went well."""

    etag: str | None = None
    modified: str | None = None
    read_at: datetime | None = None
    failing_since: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """The newest that a calendar said of an entry; `said` is a keyed hash."""

    external_id: str
    said: bytes
    sequence: int
    changed_at: datetime | None
    starts_at: datetime
    is_off: bool
    is_refused: bool
    missing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedCount:
    """How many bookings of a calendar are to come and on, how many of them are missing there, since when the first.

    `refused` are those that can't be taken as they are.
    """

    to_come: int = 0
    missing: int = 0
    missing_since: datetime | None = None
    refused: int = 0


def claim_feed(tx: Tx, clinic: str, source: str, *, now: datetime, until: datetime) -> bool:
    """Take the next reading of a calendar where it is due; False where it is not, or another process reads it.

    The caller commits. Nobody reads it before `until`, also if this reading is broken off.
    """
    insert = _insert(tx).values(clinic=clinic, source=source, next_at=until)
    taken = insert.on_conflict_do_update(
        index_elements=_KEY, set_={"next_at": until}, where=feeds.c.next_at <= now
    ).returning(feeds.c.clinic)
    return tx.connection.execute(taken).first() is not None


def waiting_feeds(tx: Tx, *, now: datetime) -> frozenset[tuple[str, str]]:
    """Return clinic and source of the calendars that are not due yet: all others are, known or not."""
    found = sa.select(feeds.c.clinic, feeds.c.source).where(feeds.c.next_at > now)
    return frozenset((row.clinic, row.source) for row in tx.connection.execute(found))


def feed_state(tx: Tx, clinic: str, source: str, *, address: str) -> FeedState:
    """Return how the reading stands; what a server said of another address than `address` is left out."""
    row = tx.connection.execute(sa.select(feeds).where(*_is(clinic, source))).one_or_none()
    if row is None:
        return FeedState()
    same = row.address_hash == _hashed(tx, address)
    etag, modified = (row.etag, row.modified) if same else (None, None)
    return FeedState(etag, modified, row.read_at, row.failing_since, row.error)


def readings(tx: Tx) -> Mapping[tuple[str, str], FeedState]:
    """Return how the reading of each calendar stands, by clinic and source."""
    columns = (feeds.c.etag, feeds.c.modified, feeds.c.read_at, feeds.c.failing_since, feeds.c.error)
    found = sa.select(feeds.c.clinic, feeds.c.source, *columns)
    return {(row.clinic, row.source): FeedState(*row[2:]) for row in tx.connection.execute(found)}


def note_reading(
    tx: Tx, clinic: str, source: str, *, address: str, etag: str | None, modified: str | None, now: datetime
) -> None:
    """Note that a calendar was read and all in it dealt with. The caller commits."""
    values = {"address_hash": _hashed(tx, address), "etag": etag, "modified": modified, "read_at": now}
    values |= {"failing_since": None, "error": None}
    insert = _insert(tx).values(clinic=clinic, source=source, next_at=now, **values)
    tx.connection.execute(insert.on_conflict_do_update(index_elements=_KEY, set_=values))


def note_failure(tx: Tx, clinic: str, source: str, *, error: str, now: datetime) -> datetime:
    """Note that a calendar can't be read; return since when that is so. The caller commits."""
    insert = _insert(tx).values(clinic=clinic, source=source, next_at=now, failing_since=now, error=error[:32])
    since = sa.func.coalesce(feeds.c.failing_since, insert.excluded.failing_since)
    noted = insert.on_conflict_do_update(index_elements=_KEY, set_={"failing_since": since, "error": error[:32]})
    return tx.connection.execute(noted.returning(feeds.c.failing_since)).scalar_one()  # type: ignore[no-any-return]  # the column's type is lost on the way


def known_entries(
    tx: Tx, clinic: str, source: str, external_ids: Collection[str], *, after: datetime
) -> Mapping[str, KnownEntry]:
    """Return what is known of these entries, and of all others of the calendar that begin after that instant."""
    is_of = (feed_entries.c.clinic == clinic, feed_entries.c.source == source)
    wanted = sa.or_(feed_entries.c.starts_at > after, among(tx, feed_entries.c.external_id, external_ids))
    columns = [it for it in feed_entries.c if it.name not in ("clinic", "source")]
    found = sa.select(
        feed_entries.c.external_id,
        feed_entries.c.said_hash,
        *[it for it in columns if it.name not in ("external_id", "said_hash")],
    ).where(*is_of, wanted)
    return {row.external_id: KnownEntry(*row) for row in tx.connection.execute(found)}


def count_entries(tx: Tx, *, now: datetime) -> Mapping[tuple[str, str], FeedCount]:
    """Count the entries of each calendar that begin from now on, by clinic and source."""
    entry = feed_entries.c
    is_on = entry.is_off.is_(False)
    found = sa.select(
        entry.clinic,
        entry.source,
        sa.func.sum(sa.case((is_on, 1), else_=0)),
        sa.func.sum(sa.case((is_on & entry.missing_since.is_not(None), 1), else_=0)),
        sa.func.min(sa.case((is_on, entry.missing_since))),
        sa.func.sum(sa.case((entry.is_refused, 1), else_=0)),
    ).where(entry.starts_at > now)
    rows = tx.connection.execute(found.group_by(entry.clinic, entry.source))
    return {(row[0], row[1]): FeedCount(int(row[2]), int(row[3]), _instant(row[4]), int(row[5])) for row in rows}


def _instant(value: str | datetime | None) -> datetime | None:
    return None if value is None else read_instant(value)


def keep_entries(tx: Tx, clinic: str, source: str, entries: Iterable[KnownEntry]) -> None:
    """Keep the newest of these entries, in place of what was known. The caller commits."""
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(feed_entries)
    names = [it.name for it in feed_entries.c if not it.primary_key]
    kept = insert.on_conflict_do_update(
        index_elements=["clinic", "source", "external_id"], set_={name: insert.excluded[name] for name in names}
    )
    rows = [
        {
            "clinic": clinic,
            "source": source,
            "external_id": it.external_id,
            "said_hash": it.said,
            "sequence": it.sequence,
            "changed_at": it.changed_at,
            "starts_at": it.starts_at,
            "is_off": it.is_off,
            "is_refused": it.is_refused,
            "missing_since": it.missing_since,
        }
        for it in entries
    ]
    if rows:
        tx.connection.execute(kept, rows)


def orphaned_entries(tx: Tx, clinic: str, *, but: Collection[str]) -> Mapping[str, Mapping[str, KnownEntry]]:
    """Return what is known of all calendars of a clinic but these, by calendar and the entry's id."""
    found = sa.select(feed_entries.c.source).where(
        feed_entries.c.clinic == clinic, feed_entries.c.source.not_in(list(but))
    )
    sources = tx.connection.execute(found.distinct()).scalars().all()
    long_ago = datetime.min.replace(tzinfo=UTC)
    return {it: known_entries(tx, clinic, it, (), after=long_ago) for it in sources}


def take_out_entries(tx: Tx, clinic: str, source: str) -> None:
    """Forget a calendar's entries altogether. The caller commits."""
    is_of = (feed_entries.c.clinic == clinic, feed_entries.c.source == source)
    tx.connection.execute(sa.delete(feed_entries).where(*is_of))


def take_out_entry(tx: Tx, clinic: str, source: str, external_id: str) -> None:
    """Forget one entry of a calendar. The caller commits."""
    is_it = (feed_entries.c.clinic == clinic, feed_entries.c.source == source)
    tx.connection.execute(sa.delete(feed_entries).where(*is_it, feed_entries.c.external_id == external_id))


def forget_entries(tx: Tx, clinic: str, source: str, *, before: datetime) -> None:
    """Forget the entries that began before that instant. The caller commits."""
    is_of = (feed_entries.c.clinic == clinic, feed_entries.c.source == source)
    tx.connection.execute(sa.delete(feed_entries).where(*is_of, feed_entries.c.starts_at < before))


def hash_said(tx: Tx, said: bytes) -> bytes:
    """Return the keyed hash of what an entry says: from the database alone nobody can try out what it was."""
    return tx.vault.lookup(said.hex(), of="feed_entries.said")


def _insert(tx: Tx) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(feeds) if tx.dialect == "sqlite" else postgresql.insert(feeds)


def _hashed(tx: Tx, address: str) -> bytes:
    return tx.vault.lookup(address, of="feeds.address")


def _is(clinic: str, source: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return feeds.c.clinic == clinic, feeds.c.source == source
