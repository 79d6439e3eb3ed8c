"""The exceptions that people made for single visits. At most one is in force for a step; what was is kept."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.adjustment import Adjustment, AdjustmentKind, Adjustments
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.plan_tables import adjustments

_NOTE = "adjustments.note"
_IN_FORCE = sa.text("lifted_at IS NULL")  # written out: so the databases know the partial index


@dataclass(frozen=True, slots=True)
class StoredAdjustment:
    """An exception as somebody made it; `note_of` opens its note. Instants are aware UTC."""

    id: int
    appointment: int
    adjustment: Adjustment
    made_at: datetime
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    note_sealed: bytes | None = field(default=None, repr=False)


def adjustments_of(tx: Tx, appointment_id: int) -> tuple[StoredAdjustment, ...]:
    """Return all exceptions that were made for a visit, those taken back too, the oldest first."""
    found = sa.select(adjustments).where(adjustments.c.appointment_id == appointment_id).order_by(adjustments.c.id)
    return tuple(map(_stored, tx.connection.execute(found)))


def in_force(tx: Tx, appointment_ids: Collection[int]) -> Mapping[int, Adjustments]:
    """Return what is in force for these visits, by visit and step; visits without any are left out.

    Who has held a visit knows that nobody makes another for it before the commit.
    """
    if not appointment_ids:
        return {}
    found = sa.select(adjustments).where(_IN_FORCE, among(tx, adjustments.c.appointment_id, appointment_ids))
    by_visit: dict[int, dict[str, Adjustment]] = defaultdict(dict)
    for row in tx.connection.execute(found):
        by_visit[row.appointment_id][row.step] = _adjustment(row)
    return by_visit


def seal_note(tx: Tx, note: str) -> bytes:
    """Return a note as it is kept: it may say anything about the patient."""
    return tx.vault.seal(note, of=_NOTE)


def note_of(tx: Tx, stored: StoredAdjustment) -> str | None:
    """Return the note of an exception. Raises KeysError for one that the keys at hand don't open."""
    return tx.vault.open_or_none(stored.note_sealed, of=_NOTE)


def add_adjustment(
    tx: Tx, appointment_id: int, adjustment: Adjustment, *, note_sealed: bytes | None, now: datetime
) -> None:
    """Put an exception on record, in the place of what is in force. The caller holds the visit, and commits."""
    lift_adjustment(tx, appointment_id, adjustment.step, by=adjustment.by, now=now)
    values = {
        "appointment_id": appointment_id,
        "step": adjustment.step,
        "kind": adjustment.kind,
        "at": adjustment.at,
        "note_sealed": note_sealed,
        "by": adjustment.by,
        "made_at": now,
    }
    tx.connection.execute(sa.insert(adjustments).values(values))


def lift_adjustment(tx: Tx, appointment_id: int, step: str, *, by: str, now: datetime) -> bool:
    """Take a step's exception back; False where none is in force. The caller holds the visit, and commits."""
    which = (_IN_FORCE, adjustments.c.appointment_id == appointment_id, adjustments.c.step == step)
    lifted = sa.update(adjustments).where(*which).values(lifted_at=now, lifted_by=by)
    return tx.connection.execute(lifted).rowcount > 0


def _stored(row: sa.Row[Any]) -> StoredAdjustment:
    return StoredAdjustment(
        id=row.id,
        appointment=row.appointment_id,
        adjustment=_adjustment(row),
        made_at=row.made_at,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        note_sealed=row.note_sealed,
    )


def _adjustment(row: sa.Row[Any]) -> Adjustment:
    return Adjustment(row.step, AdjustmentKind(row.kind), row.by, row.at)
