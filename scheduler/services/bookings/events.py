"""What booking systems told, for people: what waits, what was refused and why, and the ways to be done with it."""

from collections.abc import Collection, Iterable
from datetime import datetime

from scheduler.clock import Clock
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.booking_event import EventState
from scheduler.domain.why import Why
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.arriving import left_off
from scheduler.services.bookings.sources import SecretOf, from_environment
from scheduler.services.bookings.working import BookingWorker
from scheduler.store.appointments import get_appointment
from scheduler.store.booking_events import (
    BookingEvent,
    get_booking_event,
    list_booking_events,
    note_reason,
    set_aside,
    wait_again,
)
from scheduler.store.database import Store, Tx

OPEN = frozenset({EventState.WAITING, EventState.REFUSED})
"""What is not settled."""


def open_events(
    tx: Tx, clinics: Collection[str], *, limit: int, everything: bool = False
) -> tuple[BookingEvent, ...]:
    """Return the latest calls of booking systems that wait or were refused, or all of them, the newest first."""
    return list_booking_events(tx, clinics=clinics, states=frozenset(EventState) if everything else OPEN, limit=limit)


def put_aside(store: Store, ids: Iterable[int], *, now: datetime) -> tuple[BookingEvent, ...]:
    """Settle calls that were refused and that nobody will mend, and return them as they are then. Commits.

    Nothing is followed; what they were refused for stays to be read, and that an appointment stays off which one of
    them kept back. Raises NotFoundError, ConflictError for one that
    was not refused, StoreError.
    """
    wanted = tuple(dict.fromkeys(ids))
    with store.write() as tx:
        for event_id in wanted:
            event = get_booking_event(tx, event_id)
            if event.state is not EventState.REFUSED:
                said = f"booking event {event_id} was not refused: there is nothing to set aside"
                raise ConflictError(said, code="event_not_refused")
            _say_what_stays_off(tx, event)
        set_aside(tx, wanted, now=now)
        return tuple(get_booking_event(tx, event_id) for event_id in wanted)


def _say_what_stays_off(tx: Tx, event: BookingEvent) -> None:
    visit = event.appointment  # a refused call has one only where it kept that back
    if visit is None or get_appointment(tx, visit).status is not AppointmentStatus.CANCELLED:
        return
    why = [*(it for it in event.why if it.code != "kept_back"), Why("left_off", {"visit": str(visit)})]
    note_reason(tx, event.id, left_off(event.reason, visit), why if event.why else ())


def try_again(
    store: Store,
    configuration: Configuration,
    clock: Clock,
    ids: Iterable[int],
    *,
    secret_of: SecretOf = from_environment,
) -> tuple[BookingEvent, ...]:
    """Work once more on calls that were refused, and return them as they are then. Blocks; commits.

    Raises NotFoundError, ConflictError for one that was not refused, StoreError.
    """
    wanted = tuple(dict.fromkeys(ids))
    with store.write() as tx:
        for event_id in wanted:
            event = get_booking_event(tx, event_id)
            if event.state is EventState.DONE:
                said = f"booking event {event_id} is done: there is nothing to try again"
                raise ConflictError(said, code="event_done")
        wait_again(tx, wanted, now=clock.now())
    BookingWorker(store, configuration, clock, secret_of).handle()
    with store.read() as tx:
        return tuple(get_booking_event(tx, event_id) for event_id in wanted)
