"""What staff wrote as they dealt with a reply or an alert. Free text, and sealed; rows are only ever added."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.desk_tables import desk_notes

log = get_logger(__name__)

_NOTE = "desk_notes.note"


@dataclass(frozen=True, slots=True)
class Note:
    """One note. `text` is None where it can't be opened with the keys at hand; `at` is aware UTC."""

    text: str | None = field(repr=False)
    by: str
    at: datetime


def add_note(
    tx: Tx, text: str, *, by: str, now: datetime, reply_id: int | None = None, alert_id: int | None = None
) -> None:
    """Keep a note on a reply or on an alert: one of the two is given. The caller commits."""
    values = {"reply_id": reply_id, "alert_id": alert_id, "by": by, "at": now}
    tx.connection.execute(sa.insert(desk_notes).values(note_sealed=tx.vault.seal(text, of=_NOTE), **values))


def notes_on(tx: Tx, *, replies: Collection[int], alerts: Collection[int]) -> tuple[Note, ...]:
    """Return the notes on these replies and alerts, the oldest first."""
    mine = sa.or_(among(tx, desk_notes.c.reply_id, replies), among(tx, desk_notes.c.alert_id, alerts))
    rows = tx.connection.execute(sa.select(desk_notes).where(mine).order_by(desk_notes.c.id))
    return tuple(Note(_opened(tx, row.note_sealed), row.by, row.at) for row in rows)


def _opened(tx: Tx, sealed: bytes) -> str | None:
    try:
        return tx.vault.open(sealed, of=_NOTE)
    except KeysError as error:
        log.warning("note.unreadable", reason=str(error))
        return None
