"""Sends again what a patient did not get, or got nowhere: as a message of its own, on purpose, once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduler.domain.appointment import CALLED_OFF
from scheduler.domain.hours import sending_hours
from scheduler.domain.lateness import send_from
from scheduler.domain.localtime import move
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import AfterReply, Before, Step
from scheduler.domain.reasons import because
from scheduler.domain.states import UNSENT, Status
from scheduler.domain.timing import USEFUL_FOR
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.erased import refuse_erased
from scheduler.services.versions import version_of
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.attempts import Attempt, attempts_of_several
from scheduler.store.database import Tx
from scheduler.store.messages import Message, get_message, messages_of
from scheduler.store.patient_file import latest_visits
from scheduler.store.patients import Patient, get_patient
from scheduler.store.plans import add_planned

SENT = frozenset({Status.ACCEPTED, Status.DELIVERED})
_ENDED = SENT | {Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.SUPPRESSED}
LOOKED_AT = 10
"""Of how many visits, the latest, messages are offered."""


class Bar(StrEnum):
    """Why a message can't be sent again at all."""

    WAITS = "waits"
    """It, or another of its step on this channel, is still to come."""
    IN_DOUBT = "in_doubt"
    """The provider may have it: that is found out first."""
    AGAIN = "again"
    """It was sent again already: of several the last one counts."""
    OVER = "over"
    """Its visit was called off, has begun, is still to come, or its step is gone: it makes no sense any more."""
    NO_ADDRESS = "no_address"
    """There is nowhere to send it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that ended, and what speaks against sending it again.

    `reached`: it was taken for delivery at the address of now, so that the patient would get it twice. `useful`: it
    helps still. Both may be passed over by a person who says so; `bar` may not.
    """

    message: Message
    visit: StoredAppointment
    bar: Bar | None
    reached: bool
    useful: bool


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of the messages that they chose."""

    although_reached: bool = False
    although_useless: bool = False


def candidates(tx: Tx, configuration: Configuration, patient_id: int, *, now: datetime) -> tuple[Candidate, ...]:
    """Return what of a patient's latest visits went out or should have, the newest first. Raises NotFoundError."""
    patient = get_patient(tx, patient_id)
    found: list[Candidate] = []
    for visit in latest_visits(tx, patient_id, limit=LOOKED_AT):
        found += _of_visit(tx, configuration, patient, visit, now)
    return tuple(sorted(found, key=lambda it: (it.message.due_at, it.message.id), reverse=True))


def resend(
    tx: Tx, configuration: Configuration, message_id: int, word: Word, *, now: datetime, by: str
) -> tuple[int, datetime]:
    """Plan a message again, as the next occurrence; return its id and when it is due. The caller commits.

    It goes to the address of now. Consent, stops, pauses and approval are looked at when it is sent, quiet hours now.
    Asked for twice it is planned once. Raises NotFoundError; ConflictError for what can't or should not go again.
    """
    visit = get_appointment(tx, get_message(tx, message_id).appointment_id or 0)
    patient = get_patient(tx, visit.patient_id)
    refuse_erased(tx, patient.id)
    found = next(
        (it for it in _of_visit(tx, configuration, patient, visit, now) if it.message.id == message_id), None
    )
    if found is None or found.bar:
        bar = found.bar if found else None
        said = f"message {message_id} can't be sent again: {_why(bar)}"
        raise ConflictError(said, code="barred", bar=bar.value) if bar else ConflictError(said, code="not_ended")
    if found.reached and not word.although_reached:
        said = f"message {message_id} went to this address already: the patient would get it twice"
        raise ConflictError(said, code="reached")
    if not found.useful and not word.although_useless:
        said = f"message {message_id} no longer helps: say that it should go all the same"
        raise ConflictError(said, code="useless")
    planned, digest = _planned(tx, configuration, patient, found, now=now, by=by)
    added = add_planned(tx, visit, [planned], protocol_digest=digest, now=now)
    if not added:
        raise ConflictError(f"message {message_id} goes again already", code="goes_again")
    return added[0], planned.due_at


def _of_visit(
    tx: Tx, configuration: Configuration, patient: Patient, visit: StoredAppointment, now: datetime
) -> Iterator[Candidate]:
    messages = messages_of(tx, visit.id, for_update=tx.writing)
    ended = [it for it in messages if it.status in _ENDED or it.status is Status.UNKNOWN]
    tried = attempts_of_several(tx, [it.id for it in ended])
    protocol = version_of(tx, configuration, visit)
    for message in ended:
        step = protocol.step(message.step) if protocol else None
        tries = tried.get(message.id, ())
        address = patient.address(message.channel)
        yield Candidate(
            message=message,
            visit=visit,
            bar=_bar(message, messages, tries)
            or _out_of_place(step, visit, now)
            or (None if address else Bar.NO_ADDRESS),
            reached=_reached(message, messages, tries, address, step),
            useful=now < message.useful_until,
        )


def _reached(
    message: Message, messages: Sequence[Message], tries: Sequence[Attempt], address: str | None, step: Step | None
) -> bool:
    """Whether the patient has it, by this address or, where one channel stands in for the other, by the other."""
    same = [it for it in messages if (it.step, it.occurrence) == (message.step, message.occurrence)]
    if step and step.first_of and any(it.status in SENT and it.channel is not message.channel for it in same):
        return True
    return message.status in SENT and any(it.address == address for it in tries if it.outcome in SENT)


def _bar(message: Message, messages: Sequence[Message], tries: Sequence[Attempt]) -> Bar | None:
    if message.status is Status.UNKNOWN or any(it.outcome in (None, Status.UNKNOWN) for it in tries[-1:]):
        return Bar.IN_DOUBT
    rivals = [it for it in messages if (it.step, it.channel) == (message.step, message.channel)]
    if any(it.status in UNSENT or it.status is Status.SENDING for it in rivals):
        return Bar.WAITS
    return Bar.AGAIN if any(it.occurrence > message.occurrence for it in rivals) else None


def _out_of_place(step: Step | None, visit: StoredAppointment, now: datetime) -> Bar | None:
    return None if step and _makes_sense(step, visit, now) else Bar.OVER


def _makes_sense(step: Step, visit: StoredAppointment, now: datetime) -> bool:
    if visit.status in CALLED_OFF:
        return False
    if isinstance(step.timing, Before):
        return now < visit.starts_at
    return isinstance(step.timing, AfterReply) or now >= visit.starts_at


def _planned(
    tx: Tx, configuration: Configuration, patient: Patient, found: Candidate, *, now: datetime, by: str
) -> tuple[PlannedMessage, str]:
    message, visit = found.message, found.visit
    protocol, clinic = version_of(tx, configuration, visit), configuration.clinic(visit.clinic)
    step = protocol.step(message.step) if protocol else None
    assert protocol
    assert step
    zone = ZoneInfo(patient.timezone) if patient.timezone else None
    anew = move(now, step.useful_for, zone or clinic.timezone) if step.useful_for else now + USEFUL_FOR
    until = message.useful_until if found.useful else anew
    if isinstance(step.timing, Before):
        until = min(max(until, anew), visit.starts_at)
    going = send_from(now, sending_hours(step, clinic, zone), until)
    if going.status is not Status.SCHEDULED:
        raise ConflictError(
            f"message {message.id} can't go out while it helps: quiet hours and closed days hold for it",
            code="quiet",
            step=message.step,
        )
    every = [it.occurrence for it in messages_of(tx, visit.id) if it.step == message.step]
    planned = PlannedMessage(
        step=message.step,
        channel=message.channel,
        occurrence=max(every) + 1,
        purpose=message.purpose,
        planned_at=now,
        due_at=going.at,
        useful_until=until,
        if_late=message.if_late,
        ask=message.ask,
        fallback=(),
        status=Status.SCHEDULED,
        reasons=(because("resent", by=by, message=str(message.id)), *going.reasons),
    )
    return planned, visit.pins.get(step.id, message.protocol_digest or protocol.digest)


def _why(bar: Bar | None) -> str:
    match bar:
        case Bar.WAITS:
            return "it, or another of its step, is still to come"
        case Bar.IN_DOUBT:
            return "the provider may have it, and that is found out first"
        case Bar.AGAIN:
            return "it was sent again already, and the last one counts"
        case Bar.OVER:
            return "it makes no sense for this appointment any more"
        case Bar.NO_ADDRESS:
            return "there is no address for its channel: correct the patient's details first"
        case None:
            return "it has not ended"
