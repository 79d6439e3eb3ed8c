"""Bookings that a source called off before they were ever registered, each with how old that word was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.batches import among
from scheduler.store.booking_tables import never_registered
from scheduler.store.database import Tx
from scheduler.store.names import email_hash, name_hash, phone_hash, plain_name
from scheduler.store.vault import Vault

_MARK = 2
"""Bytes of a keyed hash: enough to tell two people apart, too few to find anybody by."""

KEPT_FOR = timedelta(days=400)
"""What is older calls off a visit that is long over: to register it sends nothing."""


@dataclass(frozen=True, slots=True)
class Off:
    """A booking that was called off then, by its source's clock, and marks of whom it was for, as far as is known.

    A mark is what it is of (name, phone, email) and the beginning of a keyed hash.
    """

    said_at: datetime
    marks: frozenset[bytes] = field(default=frozenset(), repr=False)

    def is_anothers(self, marks: frozenset[bytes]) -> bool:
        """Whether nothing that is known of either person is the same. Of a name one word in common is enough."""
        both = {it[:1] for it in self.marks} & {it[:1] for it in marks}
        return bool(both) and self.marks.isdisjoint(marks)


def marks_of(vault: Vault, *, name: str, phone: str | None, email: str | None) -> frozenset[bytes]:
    """Return the marks of a person, of whom anything may be unknown; the phone in E.164."""
    names = (b"n" + name_hash(vault, word)[:_MARK] for word in plain_name(name).split())
    phones = [b"p" + phone_hash(vault, phone)[:_MARK]] if phone else []
    emails = [b"e" + email_hash(vault, email)[:_MARK]] if email else []
    return frozenset((*names, *phones, *emails))


def find_never_registered(tx: Tx, clinic: str, external_ids: Iterable[str]) -> dict[str, Off]:
    """Return how a clinic's source called off those of these ids that it called off and that were never known."""
    wanted = list(external_ids)
    if not wanted:
        return {}
    found = sa.select(never_registered).where(
        never_registered.c.clinic == clinic, among(tx, never_registered.c.external_id, wanted)
    )
    return {row.external_id: Off(row.said_at, _split(row.person_hash or b"")) for row in tx.connection.execute(found)}


def keep_never_registered(tx: Tx, clinic: str, said: Mapping[str, Off], *, now: datetime) -> None:
    """Keep when these were called off, and forget what is long over. The caller commits, and says the newest only."""
    if not said:
        return
    over = now - KEPT_FOR
    tx.connection.execute(sa.delete(never_registered).where(never_registered.c.said_at < over))
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(never_registered)
    upsert = insert.on_conflict_do_update(
        index_elements=["clinic", "external_id"],
        set_={"said_at": insert.excluded.said_at, "person_hash": insert.excluded.person_hash},
    )
    rows = [
        {
            "clinic": clinic,
            "external_id": it,
            "said_at": off.said_at,
            "person_hash": b"".join(sorted(off.marks)) or None,
        }
        for it, off in said.items()
        if off.said_at >= over
    ]
    if rows:
        tx.connection.execute(upsert, rows)


def _split(marks: bytes) -> frozenset[bytes]:
    length = 1 + _MARK
    return frozenset(marks[at : at + length] for at in range(0, len(marks), length))
