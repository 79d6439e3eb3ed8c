"""Up to which event the tallies have seen what happened, in `meta`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.columns import instant_text, read_instant
from scheduler.store.database import Tx
from scheduler.store.tables import meta
from scheduler.store.tallies import newest_event_id

_NAME = "tallies"


@dataclass(frozen=True, slots=True)
class Note:
    """The newest event at each of some looks, the latest last. Instants are aware UTC."""

    seen: Sequence[tuple[datetime, int]]

    @property
    def at(self) -> datetime:
        """When the last look was."""
        return self.seen[-1][0]

    @property
    def newest(self) -> int:
        """The newest event of the last look."""
        return self.seen[-1][1]

    def safely_after(self, *, before: datetime) -> int:
        """Return the event after which something may be new to us: the newest of a look that was before then.

        Of two transactions the one with the lower numbers may commit later.
        """
        return max((event for at, event in self.seen if at <= before), default=self.seen[0][1])


def next_note(tx: Tx, note: Note | None, *, now: datetime, grace: timedelta) -> Note:
    """Return the note of a look now; looks that no longer matter are forgotten."""
    earlier = [it for it in note.seen if it[0] < now] if note else []
    old = [it for it in earlier if it[0] <= now - grace]
    return Note([*old[-1:], *earlier[len(old) :], (now, newest_event_id(tx))])


def read_note(tx: Tx) -> Note | None:
    """Return the note, None before the first look."""
    value = tx.connection.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME))
    return Note([(read_instant(at), event) for at, event in json.loads(value)]) if value else None


def write_note(tx: Tx, note: Note) -> None:
    """Keep a note in the place of the last. The caller commits."""
    told = json.dumps([(instant_text(at), event) for at, event in note.seen]).encode()
    insert = (sqlite if tx.dialect == "sqlite" else postgresql).insert(meta).values(name=_NAME, value=told)
    tx.connection.execute(insert.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": told}))


def forget_note(tx: Tx) -> None:
    """Take it away. The caller commits."""
    tx.connection.execute(sa.delete(meta).where(meta.c.name == _NAME))
