"""The calls of booking systems: stored sealed before anything is done about them, each once, and their ends."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.booking_event import EventState, Outcome
from scheduler.errors import KeysError, NotFoundError
from scheduler.store.database import Tx
from scheduler.store.source_tables import booking_events

_PAYLOAD, _REASON = "booking_events.payload", "booking_events.reason"


@dataclass(frozen=True, slots=True)
class BookingEvent:
    """One call, or one answer to a question. Its repr shows nothing of a patient; `reason` may quote a treatment.

    `payload` is None where no key at hand opens it.
    """

    id: int
    clinic: str
    source: str
    received_at: datetime
    state: EventState
    tries: int
    booking: str | None
    outcome: Outcome | None
    appointment: int | None
    reason: str = field(repr=False)
    payload: bytes | None = field(repr=False)


def add_booking_event(
    tx: Tx, *, unique_id: str, clinic: str, source: str, payload: bytes, now: datetime
) -> int | None:
    """Store a call under its unique id and return the event's id; None when it is there already.

    The caller commits before it answers 2xx.
    """
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(booking_events).on_conflict_do_nothing(index_elements=["unique_id"])
    values = {
        "unique_id": unique_id,
        "clinic": clinic,
        "source": source,
        "received_at": now,
        "payload_sealed": tx.vault.seal_bytes(payload, of=_PAYLOAD),
        "state": EventState.WAITING,
        "try_at": now,
    }
    return tx.connection.execute(insert.values(values).returning(booking_events.c.id)).scalar_one_or_none()


def is_known_event(tx: Tx, unique_id: str) -> bool:
    """Whether an event of that unique id is stored."""
    found = sa.select(booking_events.c.id).where(booking_events.c.unique_id == unique_id)
    return tx.connection.execute(found).first() is not None


def due_booking_events(tx: Tx, *, now: datetime, after: int = 0, limit: int) -> tuple[int, ...]:
    """Return the events that wait and may be worked on now, in the order in which they came, from an id on."""
    found = sa.select(booking_events.c.id).where(
        _waits(), booking_events.c.try_at <= now, booking_events.c.id > after
    )
    return tuple(tx.connection.execute(found.order_by(booking_events.c.id).limit(limit)).scalars())


def get_booking_event(tx: Tx, event_id: int) -> BookingEvent:
    """Return an event. It is not held: who works on it holds its clinic's turn. Raises NotFoundError."""
    found = sa.select(booking_events).where(booking_events.c.id == event_id)
    row = tx.connection.execute(found).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no booking event {event_id}")
    return _event(tx, row)


def list_booking_events(
    tx: Tx, *, clinics: Collection[str], states: Collection[EventState], limit: int, before: int | None = None
) -> tuple[BookingEvent, ...]:
    """Return a clinic's events, the latest first; `before` goes on from an id."""
    found = sa.select(booking_events).where(
        booking_events.c.clinic.in_(list(clinics)), booking_events.c.state.in_(list(states))
    )
    if before is not None:
        found = found.where(booking_events.c.id < before)
    rows = tx.connection.execute(found.order_by(booking_events.c.id.desc()).limit(limit))
    return tuple(_event(tx, row) for row in rows)


def settle_booking_event(
    tx: Tx,
    event_id: int,
    state: EventState,
    *,
    outcome: Outcome | None,
    reason: str,
    booking: str | None,
    appointment: int | None,
    now: datetime,
) -> None:
    """Note what became of an event, in the transaction that did it."""
    values = {
        "state": state,
        "outcome": outcome.value if outcome else None,
        "reason_sealed": tx.vault.seal(reason, of=_REASON) if reason else None,
        "booking": booking,
        "appointment_id": appointment,
        "handled_at": now,
        "tries": booking_events.c.tries + 1,
    }
    tx.connection.execute(sa.update(booking_events).where(booking_events.c.id == event_id).values(values))


def postpone_booking_event(tx: Tx, event_id: int, *, reason: str, until: datetime) -> None:
    """Let an event wait until then, because its system could not be asked. The caller commits."""
    values = {
        "try_at": until,
        "tries": booking_events.c.tries + 1,
        "reason_sealed": tx.vault.seal(reason, of=_REASON),
    }
    tx.connection.execute(sa.update(booking_events).where(booking_events.c.id == event_id, _waits()).values(values))


def wait_again(tx: Tx, event_ids: Collection[int], *, now: datetime) -> int:
    """Let refused events be worked on again, now; return how many. The caller commits."""
    again = sa.update(booking_events).where(
        booking_events.c.id.in_(list(event_ids)), booking_events.c.state == EventState.REFUSED
    )
    values = {"state": EventState.WAITING, "try_at": now, "tries": 0, "handled_at": None}
    return tx.connection.execute(again.values(values)).rowcount


def count_refused(tx: Tx) -> dict[tuple[str, str], int]:
    """Return how many events could not be taken, by clinic and booking system."""
    of = (booking_events.c.clinic, booking_events.c.source)
    found = sa.select(*of, sa.func.count()).where(sa.text("state = 'refused'")).group_by(*of)
    return {(clinic, source): count for clinic, source, count in tx.connection.execute(found)}


def any_booking_events_before(tx: Tx, before: datetime) -> bool:
    """Whether there is an event that came before then."""
    found = sa.select(booking_events.c.id).where(booking_events.c.received_at < before)
    return tx.connection.execute(found.limit(1)).first() is not None


def purge_booking_events(tx: Tx, before: datetime) -> int:
    """Forget the events that came before then, whatever became of them; return how many. The caller commits."""
    return tx.connection.execute(sa.delete(booking_events).where(booking_events.c.received_at < before)).rowcount


def latest_by_source(tx: Tx) -> dict[tuple[str, str], datetime]:
    """Return when each clinic's booking systems were last heard of."""
    found = sa.select(booking_events.c.clinic, booking_events.c.source, sa.func.max(booking_events.c.received_at))
    rows = tx.connection.execute(found.group_by(booking_events.c.clinic, booking_events.c.source))
    return {(clinic, source): at for clinic, source, at in rows}


def _waits() -> sa.ColumnElement[bool]:
    return sa.text("booking_events.state = 'waiting'")  # type: ignore[return-value]  # the partial index's own words


def _event(tx: Tx, row: sa.Row[Any]) -> BookingEvent:
    return BookingEvent(
        id=row.id,
        clinic=row.clinic,
        source=row.source,
        received_at=row.received_at,
        state=row.state,
        tries=row.tries,
        booking=row.booking,
        outcome=Outcome(row.outcome) if row.outcome else None,
        appointment=row.appointment_id,
        reason=(_opened(tx, row.reason_sealed, _REASON) or b"").decode() if row.reason_sealed else "",
        payload=_opened(tx, row.payload_sealed, _PAYLOAD),
    )


def _opened(tx: Tx, value: bytes, of: str) -> bytes | None:
    """Open a value; one that no key opens must not stop the others."""
    try:
        return tx.vault.open_bytes(value, of=of)
    except KeysError:
        return None
