"""Pauses: somebody stops what goes to a patient, from a clinic, on a channel, or everything, and lets it go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.brakes import Pause, Scope
from scheduler.domain.protocol import Channel
from scheduler.errors import NotFoundError
from scheduler.logs import get_logger
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Tx
from scheduler.store.patients import find_by_ref, get_patient
from scheduler.store.pauses import Order, add_pause, count_waiting, lift_pauses, orders_in_force, wake

log = get_logger(__name__)

SOON = timedelta(days=1)
"""What is due until then is what a pause is said to keep back: nobody pauses for what comes in a month."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause that holds now. `is_new`: nobody had given it before. `waiting` messages are due within a day."""

    order: Order
    is_new: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The pauses that were lifted, how many messages that woke, and the pauses that hold still."""

    lifted: Sequence[Order]
    woken: int
    others: Sequence[Order]


def patient_of_appointment(tx: Tx, appointment: int, channel: Channel | None) -> Scope:
    """Return the scope of an appointment's patient, with all that is planned for them. Raises NotFoundError."""
    found = get_appointment(tx, appointment)
    return Scope(found.clinic, channel, found.patient_id)


def patient_numbered(tx: Tx, number: int, channel: Channel | None) -> Scope:
    """Return the scope of the patient who has that number in this database. Raises NotFoundError."""
    return Scope(get_patient(tx, number).clinic, channel, number)


def patient_called(tx: Tx, clinic: str, ref: str, channel: Channel | None) -> Scope:
    """Return the scope of the patient who has that id at the clinic. Raises NotFoundError, without the id."""
    found = find_by_ref(tx, clinic, ref)
    if found is None:
        raise NotFoundError(f"no patient of {clinic} has that id: look at the clinic's own list")
    return Scope(clinic, channel, found.id)


def pause(tx: Tx, scope: Scope, *, why: str | None, by: str, now: datetime) -> Paused:
    """Put a pause on record, unless that scope is paused already: then the first order stays. The caller commits.

    What begins to be handed over after the commit finds it. `why` may name the patient: it is kept sealed.
    """
    found = orders_in_force(tx, scope)
    order = found[0] if found else add_pause(tx, Pause(scope, by, now), why=why)
    if not found:
        log.warning("pause.set", pause=order.id, clinic=scope.clinic, channel=scope.channel, patient=scope.patient)
    return Paused(order, not found, count_waiting(tx, scope, until=now + SOON))


def resume(tx: Tx, scope: Scope, *, by: str, now: datetime) -> Resumed:
    """Lift the pauses of exactly that scope and wake what waited for them. The caller commits.

    What another pause covers waits on. What wakes is late, mostly: its step's `if_late` and the spacing count.
    """
    lifted = lift_pauses(tx, scope, by=by, now=now)
    woken = wake(tx, scope, now=now) if lifted else 0
    for order in lifted:
        log.warning("pause.lifted", pause=order.id, woken=woken)
    return Resumed(lifted, woken, orders_in_force(tx))
