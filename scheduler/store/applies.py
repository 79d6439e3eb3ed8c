"""What was applied: one row for each edit of the files that visits in flight were moved to, kept for good."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.store.database import Tx
from scheduler.store.plan_tables import applies


@dataclass(frozen=True, slots=True)
class Apply:
    """One apply. `done_through`: all visits up to that id have been looked at. Instants are aware UTC.

    `finished_at` is None for one that was stopped and not started again, or is at work now; of one that was given up
    it is when, and `given_up_by` who. `words` are those after `aftercare apply` that say what was to be applied.
    """

    id: int
    plan_digest: str
    by: str
    at: datetime
    done_through: int
    finished_at: datetime | None
    edits: Sequence[Mapping[str, Any]]
    counts: Mapping[str, int]
    words: tuple[str, ...]
    given_up_by: str | None


def find_apply(tx: Tx, plan_digest: str) -> Apply | None:
    """Return the apply of a plan, held until the commit in a writing transaction; None where there is none yet."""
    found = sa.select(applies).where(applies.c.plan_digest == plan_digest)
    if tx.writing and tx.dialect == "postgresql":
        found = found.with_for_update()
    row = tx.connection.execute(found).one_or_none()
    return _read(row) if row else None


def begin_apply(
    tx: Tx, plan_digest: str, edits: Sequence[Mapping[str, Any]], words: Sequence[str], *, now: datetime, by: str
) -> Apply:
    """Put on record that a plan is being applied. The caller commits, and knows that it is not there yet."""
    values = {
        "plan_digest": plan_digest,
        "by": by,
        "at": now,
        "done_through": 0,
        "edits": json.dumps(edits, ensure_ascii=False),
        "counts": "{}",
        "words": json.dumps(words, ensure_ascii=False),
    }
    return _read(tx.connection.execute(sa.insert(applies).values(values).returning(applies)).one())


def note_progress(tx: Tx, apply_id: int, *, done_through: int, counts: Mapping[str, int]) -> None:
    """Note how far an apply has come. In the transaction that has carried it there; the caller commits."""
    _update(tx, apply_id, {"done_through": done_through, "counts": json.dumps(counts)})


def finish_apply(tx: Tx, apply_id: int, *, now: datetime) -> None:
    """Note that an apply has come to its end. The caller commits."""
    _update(tx, apply_id, {"finished_at": now})


def give_up(tx: Tx, apply_id: int, *, now: datetime, by: str) -> None:
    """Note that an apply goes no further; what it has done stays. The caller commits."""
    _update(tx, apply_id, {"finished_at": now, "given_up_by": by})


def unfinished_applies(tx: Tx) -> tuple[Apply, ...]:
    """Return what was begun and neither came to its end nor was given up, the oldest first."""
    found = sa.select(applies).where(applies.c.finished_at.is_(None)).order_by(applies.c.id)
    return tuple(map(_read, tx.connection.execute(found)))


def last_finished(tx: Tx) -> int:
    """Return the number of the last apply that came to its end, or was given up; 0 without any."""
    found = sa.select(sa.func.max(applies.c.id)).where(applies.c.finished_at.is_not(None))
    return tx.connection.execute(found).scalar_one() or 0


def all_applies(tx: Tx) -> tuple[Apply, ...]:
    """Return everything that was applied, the oldest first."""
    return tuple(map(_read, tx.connection.execute(sa.select(applies).order_by(applies.c.id))))


def _update(tx: Tx, apply_id: int, values: Mapping[str, Any]) -> None:
    tx.connection.execute(sa.update(applies).where(applies.c.id == apply_id).values(values))


def _read(row: sa.Row[Any]) -> Apply:
    return Apply(
        id=row.id,
        plan_digest=row.plan_digest,
        by=row.by,
        at=row.at,
        done_through=row.done_through,
        finished_at=row.finished_at,
        edits=json.loads(row.edits),
        counts=json.loads(row.counts),
        words=tuple(json.loads(row.words)),
        given_up_by=row.given_up_by,
    )
