"""Erases a patient: whatever the person is known by is replaced with nothing, for good (ADR 37).

Nothing in a provider's hands is overtaken: while something is on its way the erasure is refused, and can be asked for
again a little later.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from scheduler.domain.reasons import because
from scheduler.domain.states import Cause, Status
from scheduler.errors import ConflictError
from scheduler.logs import get_logger
from scheduler.services import inbound
from scheduler.store.attempts import attempts_of_several
from scheduler.store.booking_traces import forget_bookings
from scheduler.store.database import Store, Tx
from scheduler.store.erase import Belongings, belongings, empty, keep_away, open_alerts_of, ring_tokens, unsent_of
from scheduler.store.known import wait_for_turn
from scheduler.store.mentions import Traces, drop_answers, drop_uploads, empty_calls, find_calls, waits_among
from scheduler.store.moves import Move
from scheduler.store.patient_file import registered_at
from scheduler.store.patients import Patient, get_patient
from scheduler.store.transitions import move_all

log = get_logger(__name__)


class Obstacle(StrEnum):
    """What stands in the way of an erasure."""

    SENDING = "sending"
    """A message is being handed over: that takes seconds."""
    UNKNOWN = "unknown"
    """The provider may have a message, and is being asked about it: that takes minutes."""
    ALERT = "alert"
    """An alert about the patient is open: somebody may have to call."""
    REPLY = "reply"
    """A text from the patient has just come in, and nobody read it."""


_WORDS = {
    Obstacle.SENDING: "a message to this patient is being handed over: try again in a minute",
    Obstacle.UNKNOWN: "the provider is asked whether it has a message to this patient: try again in some minutes",
    Obstacle.ALERT: "an alert about this patient is open: see to it and close it first",
    Obstacle.REPLY: "a text from this patient has just come in: read it first, then try again",
}


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done: messages cancelled and emptied, replies emptied, addresses that get nothing any more."""

    patient: int
    clinic: str
    cancelled: int
    messages: int
    replies: int
    stopped: int


def obstacles(tx: Tx, patient_id: int) -> tuple[Obstacle, ...]:
    """Return what stands in the way now. Raises NotFoundError."""
    patient = get_patient(tx, patient_id)
    return tuple(_obstacles(tx, patient, belongings(tx, patient), ()))


def erase(store: Store, outbox: Path, patient_id: int, *, now: datetime, by: str) -> Erased:
    """Erase a patient; commits. It can't be undone. Asked for again it erases what came since.

    1. What providers called about is searched, a portion at a time, while everything goes on.
    2. In one transaction: the rows are held, what is unsent is cancelled, all is emptied, the addresses are stopped.
       An engine that holds a message finds it cancelled, and drops what it had written.
    3. The files of the rehearsal's `outbox` folder are removed before that is committed.

    Raises NotFoundError; ConflictError while something stands in the way, with nothing changed; StoreError.
    """
    with store.read() as tx:
        patient, since = get_patient(tx, patient_id), registered_at(tx, patient_id)
        known = find_calls(tx, _traces(tx, patient, belongings(tx, patient)), since=since)
    with store.write() as tx:
        wait_for_turn(tx, patient.clinic)  # whoever follows a booking holds it before the rows that are emptied here
        patient = get_patient(tx, patient_id)
        own = belongings(tx, patient)
        traces = _traces(tx, patient, own)
        lately = find_calls(tx, traces, since=since, after=known.last)
        calls = (*known.calls, *lately.calls)
        _refuse(_obstacles(tx, patient, own, calls))
        erased = _erase(tx, patient, own, traces, now=now, by=by)
        empty_calls(tx, calls, now=now)
        tokens = (*own.tokens, *ring_tokens(tx, own.replies))
        _remove(outbox, tokens)
    log.warning("patient.erased", patient=patient_id, clinic=patient.clinic, messages=erased.messages)
    return erased


def _erase(tx: Tx, patient: Patient, own: Belongings, traces: Traces, *, now: datetime, by: str) -> Erased:
    why = (because("erased"),)
    moves = [Move(it.id, it.status, Cause.CANCEL, Status.CANCELLED, by=by, reasons=why) for it in unsent_of(own)]
    cancelled = move_all(tx, moves, now=now)
    stopped = keep_away(tx, patient, by=by, now=now)
    forget_bookings(tx, traces, patient.clinic, own.visits)
    empty(tx, patient, own, by=by, now=now)
    drop_answers(tx, traces)
    drop_uploads(tx, traces, patient.clinic)
    return Erased(patient.id, patient.clinic, len(cancelled), len(own.messages), len(own.replies), stopped)


def _obstacles(tx: Tx, patient: Patient, own: Belongings, calls: Sequence[int]) -> Iterator[Obstacle]:
    statuses = {it.status for it in own.messages}
    if Status.SENDING in statuses:
        yield Obstacle.SENDING
    if Status.UNKNOWN in statuses:
        yield Obstacle.UNKNOWN
    if open_alerts_of(tx, patient.id, own.replies):
        yield Obstacle.ALERT
    if waits_among(tx, calls, inbound.KIND):
        yield Obstacle.REPLY


def _refuse(found: Iterator[Obstacle]) -> None:
    for obstacle in found:
        raise ConflictError(_WORDS[obstacle], code="obstacle", obstacle=obstacle.value)


def _traces(tx: Tx, patient: Patient, own: Belongings) -> Traces:
    """Return what leads to the patient, with the addresses that messages went to before."""
    tried = attempts_of_several(tx, [it.id for it in own.messages])
    went_to = {it.address for several in tried.values() for it in several}
    called = {it.provider_id for several in tried.values() for it in several if it.provider_id}
    return Traces(
        addresses=frozenset({*went_to, patient.phone or "", patient.email or ""} - {""}),
        tokens=frozenset({*own.tokens, *called}),
        names=frozenset({patient.name, patient.ref or ""} - {""}),
    )


def _remove(outbox: Path, tokens: tuple[str, ...]) -> None:
    """Remove the files of these hand-overs, which are named by them."""
    if not tokens or not outbox.is_dir():
        return
    gone = frozenset(tokens)
    for file in outbox.iterdir():
        token = file.name.split("-", 2)[-1].split(".", 1)[0]
        if token in gone:
            file.unlink(missing_ok=True)
