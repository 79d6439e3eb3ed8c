"""Finds a patient in what booking systems told, and leaves of it that and when they called."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from scheduler.domain.booking_event import EventState
from scheduler.errors import KeysError
from scheduler.store.batches import among
from scheduler.store.bookings import Bookings
from scheduler.store.database import Tx
from scheduler.store.mentions import Traces
from scheduler.store.source_tables import booking_events, bookings
from scheduler.store.tables import appointments

_PAYLOAD = "booking_events.payload"
_PORTION = 500


def forget_bookings(tx: Tx, traces: Traces, clinic: str, visits: Sequence[int]) -> int:
    """Empty the calls about a patient's visits, or with the patient in them; return how many. The caller commits.

    What is known of the ids of those visits goes too. Their unique ids stay: a doubled call is known as one. Before
    the visits lose their ids.
    """
    ids = _ids(tx, clinic, visits)
    gone: list[int] = []
    last = 0
    while rows := _portion(tx, clinic, last):
        gone += [row.id for row in rows if row.booking in ids or _mentions(tx, row.payload_sealed, traces)]
        last = rows[-1].id
    if gone:
        values = {
            "payload_sealed": tx.vault.seal("", of=_PAYLOAD),
            "reason_sealed": None,
            "why_sealed": None,
            "booking": None,
            "state": EventState.DONE,
        }
        tx.connection.execute(sa.update(booking_events).where(among(tx, booking_events.c.id, gone)).values(values))
    if ids:
        here = (bookings.c.clinic == clinic, among(tx, bookings.c.booking, sorted(ids)))
        tx.connection.execute(sa.delete(bookings).where(*here))
    return len(gone)


def _ids(tx: Tx, clinic: str, visits: Sequence[int]) -> frozenset[str]:
    """Return every id that a booking system ever gave to one of these visits."""
    if not visits:
        return frozenset()
    named = sa.select(appointments.c.external_id).where(
        among(tx, appointments.c.id, visits), appointments.c.external_id.is_not(None)
    )
    found = sa.select(bookings.c.source, bookings.c.booking).where(
        bookings.c.clinic == clinic, bookings.c.booking.in_(named)
    )
    rows = tx.connection.execute(found).all()
    return frozenset(it for row in rows for it in Bookings(tx, clinic, row.source).family(row.booking).ids)


def _portion(tx: Tx, clinic: str, after: int) -> Sequence[Any]:
    columns = (booking_events.c.id, booking_events.c.booking, booking_events.c.payload_sealed)
    found = sa.select(*columns).where(booking_events.c.clinic == clinic, booking_events.c.id > after)
    return tx.connection.execute(found.order_by(booking_events.c.id).limit(_PORTION)).all()


def _mentions(tx: Tx, sealed: bytes, traces: Traces) -> bool:
    """Whether the patient is in a call; what the keys at hand don't open nobody can read."""
    try:
        text = tx.vault.open_bytes(sealed, of=_PAYLOAD).decode("utf-8", "replace")
    except KeysError:
        return False
    return traces.in_file(_readable(text))


def _readable(text: str) -> str:
    """Return a text as people write it: JSON may have letters as numbers."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
