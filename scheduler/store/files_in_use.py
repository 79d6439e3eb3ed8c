"""Which files each running process works by, a note of each in `meta`: so that doctor can tell who has older ones."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.columns import instant_text, read_instant
from scheduler.store.database import Tx
from scheduler.store.tables import meta

_NAME = "files/"

NOTED_EVERY = timedelta(minutes=1)
"""How often a process says that it still runs by these files."""
RUNS_FOR = timedelta(minutes=3)
"""A process that has not said so for this long is taken to be gone."""
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class InUse:
    """`owner` works by the files of `digest` since `taken_at`; said so last at `noted_at`. Instants are aware UTC.

    `digest` is None where it was started with files that have errors. `refused` is the first error of those that lie
    there now and that it did not take, None where there is none.
    """

    owner: str
    digest: str | None
    taken_at: datetime
    noted_at: datetime
    refused: str | None = None


def note_files(tx: Tx, note: InUse, *, alone: bool) -> None:
    """Keep a process's note in place of its last one; forget those of long ago, where it is `alone` all others.

    Processes take turns until they commit: what they make of all notes together is then so. The caller commits.
    """
    if tx.dialect == "postgresql":
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(_NAME))))
    for one in _notes(tx):
        if one.owner != note.owner and (alone or abs(note.noted_at - one.noted_at) > FORGOTTEN_AFTER):
            forget_files(tx, one.owner)
    told = {
        "owner": note.owner,
        "digest": note.digest,
        "taken_at": instant_text(note.taken_at),
        "noted_at": instant_text(note.noted_at),
        "refused": note.refused,
    }
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(meta).values(name=_name(note.owner), value=json.dumps(told).encode())
    tx.connection.execute(
        insert.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": insert.excluded.value})
    )


def forget_files(tx: Tx, owner: str) -> None:
    """Forget a process's note: it ends. The caller commits."""
    tx.connection.execute(sa.delete(meta).where(meta.c.name == _name(owner)))


def files_in_use(tx: Tx, *, now: datetime) -> list[InUse]:
    """Return the notes of the processes that run, as far as can be told, by owner.

    One that was killed is among them for `RUNS_FOR`.
    """
    return [note for note in _notes(tx) if abs(now - note.noted_at) <= RUNS_FOR]


def _notes(tx: Tx) -> list[InUse]:
    found = tx.connection.scalars(sa.select(meta.c.value).where(meta.c.name.startswith(_NAME)))
    return sorted((_read(value) for value in found), key=lambda note: note.owner)


def _read(value: bytes) -> InUse:
    told = json.loads(value)
    return InUse(
        told["owner"],
        told["digest"],
        read_instant(told["taken_at"]),
        read_instant(told["noted_at"]),
        told["refused"],
    )


def _name(owner: str) -> str:
    """Return the name of a note: of one length, however long the machine's name is."""
    return _NAME + hashlib.sha256(owner.encode()).hexdigest()[:32]
