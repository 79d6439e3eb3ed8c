"""The calls of booking systems: stored sealed before anything is done about them, each once, and their ends."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.booking_event import EventState, Outcome
from scheduler.domain.why import Why
from scheduler.errors import KeysError, NotFoundError
from scheduler.store.database import Tx
from scheduler.store.source_tables import booking_events

_PAYLOAD, _REASON, _WHY = "booking_events.payload", "booking_events.reason", "booking_events.why"


@dataclass(frozen=True, slots=True)
class BookingEvent:
    """One call, or one answer to a question. Its repr shows nothing of a patient; `reason` may quote a treatment.

    `why` says the same as codes; nothing, where there is the reason only. `payload` is None where no key opens it.
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
    handled_at: datetime | None = None
    why: tuple[Why, ...] = field(default=(), repr=False)


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
    return read_event(tx, row)


def followed_events(tx: Tx, clinic: str, source: str, booking: str) -> tuple[BookingEvent, ...]:
    """Return the calls of a booking that were followed, the first one first."""
    found = sa.select(booking_events).where(
        booking_events.c.clinic == clinic,
        booking_events.c.source == source,
        booking_events.c.booking == booking,
        booking_events.c.state == EventState.DONE,
    )
    return tuple(read_event(tx, row) for row in tx.connection.execute(found.order_by(booking_events.c.id)))


def refused_events(tx: Tx, clinic: str, source: str, bookings: Iterable[str]) -> tuple[BookingEvent, ...]:
    """Return the calls of these ids that were refused, the first one first."""
    found = sa.select(booking_events).where(
        sa.text("booking_events.state = 'refused'"),
        booking_events.c.clinic == clinic,
        booking_events.c.source == source,
        booking_events.c.booking.in_(list(bookings)),
    )
    return tuple(read_event(tx, row) for row in tx.connection.execute(found.order_by(booking_events.c.id)))


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
    return tuple(read_event(tx, row) for row in rows)


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
    why: Sequence[Why] = (),
) -> None:
    """Note what became of an event, in the transaction that did it."""
    values = {
        "state": state,
        "outcome": outcome.value if outcome else None,
        **_said(tx, reason, why),
        "booking": booking,
        "appointment_id": appointment,
        "handled_at": now,
        "tries": booking_events.c.tries + 1,
    }
    tx.connection.execute(sa.update(booking_events).where(booking_events.c.id == event_id).values(values))


def postpone_booking_event(tx: Tx, event_id: int, *, reason: str, why: Sequence[Why] = (), until: datetime) -> None:
    """Let an event wait until then, because its system could not be asked. The caller commits."""
    values = {
        "try_at": until,
        "tries": booking_events.c.tries + 1,
        **_said(tx, reason, why),
    }
    tx.connection.execute(sa.update(booking_events).where(booking_events.c.id == event_id, _waits()).values(values))


def wait_again(tx: Tx, event_ids: Collection[int], *, now: datetime) -> int:
    """Let refused events be worked on again, now; return how many. The caller commits."""
    again = sa.update(booking_events).where(
        booking_events.c.id.in_(list(event_ids)), booking_events.c.state == EventState.REFUSED
    )
    values = {"state": EventState.WAITING, "try_at": now, "tries": 0, "handled_at": None}
    return tx.connection.execute(again.values(values)).rowcount


def read_again(tx: Tx, clinic: str, source: str, booking: str, *, now: datetime) -> int:
    """Let all that was followed of a booking be worked on again, now; return how many calls. The caller commits."""
    again = sa.update(booking_events).where(
        booking_events.c.clinic == clinic,
        booking_events.c.source == source,
        booking_events.c.booking == booking,
        booking_events.c.state == EventState.DONE,
    )
    values = {"state": EventState.WAITING, "outcome": None, "try_at": now, "tries": 0, "handled_at": None}
    return tx.connection.execute(again.values(values)).rowcount


def set_aside(tx: Tx, event_ids: Collection[int], *, now: datetime) -> int:
    """Settle refused events without following them; what they were refused for stays. The caller commits."""
    aside = sa.update(booking_events).where(
        booking_events.c.id.in_(list(event_ids)), booking_events.c.state == EventState.REFUSED
    )
    values = {"state": EventState.DONE, "outcome": Outcome.IGNORED.value, "handled_at": now}
    return tx.connection.execute(aside.values(values)).rowcount


def note_reason(tx: Tx, event_id: int, reason: str, why: Sequence[Why]) -> None:
    """Say other words of why an event was not followed. The caller commits."""
    said = sa.update(booking_events).where(booking_events.c.id == event_id)
    tx.connection.execute(said.values(_said(tx, reason, why)))


def count_refused(tx: Tx) -> dict[tuple[str, str], int]:
    """Return how many events could not be taken, by clinic and booking system."""
    of = (booking_events.c.clinic, booking_events.c.source)
    found = sa.select(*of, sa.func.count()).where(sa.text("state = 'refused'")).group_by(*of)
    return {(clinic, source): count for clinic, source, count in tx.connection.execute(found)}


def count_waiting(tx: Tx) -> dict[tuple[str, str], int]:
    """Return how many events wait to be worked on, by clinic and booking system."""
    of = (booking_events.c.clinic, booking_events.c.source)
    found = sa.select(*of, sa.func.count()).where(_waits()).group_by(*of)
    return {(clinic, source): count for clinic, source, count in tx.connection.execute(found)}


def overdue_booking_events(tx: Tx, *, before: datetime) -> dict[tuple[str, str], tuple[int, datetime]]:
    """Return how many events should have been worked on before then, and since when, by clinic and booking system."""
    of = (booking_events.c.clinic, booking_events.c.source)
    found = sa.select(*of, sa.func.count(), sa.func.min(booking_events.c.try_at))
    rows = tx.connection.execute(found.where(_waits(), booking_events.c.try_at < before).group_by(*of))
    return {(clinic, source): (count, since) for clinic, source, count, since in rows}


def latest_by_source(tx: Tx) -> dict[tuple[str, str], datetime]:
    """Return when each clinic's booking systems were last heard of."""
    found = sa.select(booking_events.c.clinic, booking_events.c.source, sa.func.max(booking_events.c.received_at))
    rows = tx.connection.execute(found.group_by(booking_events.c.clinic, booking_events.c.source))
    return {(clinic, source): at for clinic, source, at in rows}


def _waits() -> sa.ColumnElement[bool]:
    return sa.text("booking_events.state = 'waiting'")  # type: ignore[return-value]  # the partial index's own words


def read_event(tx: Tx, row: sa.Row[Any]) -> BookingEvent:
    """Make an event of a row with all columns."""
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
        handled_at=row.handled_at,
        why=tuple(Why(code, values) for code, values in json.loads(_opened(tx, row.why_sealed, _WHY) or b"[]"))
        if row.why_sealed
        else (),
    )


def _said(tx: Tx, reason: str, why: Sequence[Why]) -> dict[str, bytes | None]:
    codes = json.dumps([[it.code, dict(it.values)] for it in why]) if why else ""
    return {
        "reason_sealed": tx.vault.seal(reason, of=_REASON) if reason else None,
        "why_sealed": tx.vault.seal(codes, of=_WHY) if codes else None,
    }


def _opened(tx: Tx, value: bytes, of: str) -> bytes | None:
    """Open a value; one that no key opens must not stop the others."""
    try:
        return tx.vault.open_bytes(value, of=of)
    except KeysError:
        return None
