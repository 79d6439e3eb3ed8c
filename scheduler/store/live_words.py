"""What a clinic's live sources know of bookings: calls of its booking systems, and FHIR."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.booking_event import Told
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.fhir_tables import fhir_links
from scheduler.store.source_tables import bookings


@dataclass(frozen=True, slots=True)
class LiveWord:
    """What a source told of an id last, and when by its clock. `moved`: another id took its place."""

    source: str
    told: Told
    as_of: datetime | None
    moved: bool = False


def live_words(tx: Tx, clinic: str, sources: Collection[str], ids: Collection[str]) -> dict[str, LiveWord]:
    """Return what these booking systems of a clinic told of these ids; an id that was moved away is told of so."""
    if not sources or not ids:
        return {}
    here = (bookings.c.clinic == clinic, bookings.c.source.in_(list(sources)))
    told = sa.select(bookings).where(*here, among(tx, bookings.c.booking, ids), bookings.c.told.is_not(None))
    moved = sa.select(bookings).where(*here, among(tx, bookings.c.replaces, ids))
    found = {row.booking: LiveWord(row.source, row.told, row.as_of) for row in tx.connection.execute(told)}
    for row in tx.connection.execute(moved):
        found[row.replaces] = LiveWord(row.source, row.told or Told.BOOKED, row.as_of, moved=True)
    return found


def told_by_fhir(tx: Tx, visits: Collection[int]) -> frozenset[int]:
    """Return those of these visits that a FHIR system tells of."""
    if not visits:
        return frozenset()
    found = sa.select(fhir_links.c.appointment_id).where(among(tx, fhir_links.c.appointment_id, visits))
    return frozenset(tx.connection.execute(found).scalars())
