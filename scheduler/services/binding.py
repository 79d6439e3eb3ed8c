"""Late binding: what a send depends on, looked up at the moment of deciding and given to the domain as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.advised import Held, held
from scheduler.domain.brakes import Kept, Pause
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import consent_for
from scheduler.domain.hours import SendingHours, sending_hours
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Protocol, Step
from scheduler.domain.reasons import KEPT_SAID, Reason
from scheduler.domain.situation import Pending, Situation, Spoken
from scheduler.domain.states import Status
from scheduler.domain.timing import Visit, visit_of
from scheduler.protocols.configuration import Configuration
from scheduler.store.due import DueMessage
from scheduler.store.merges import Word
from scheduler.store.messages import Message

_A_DAY = timedelta(days=1)
"""Of a clinic that no longer merges: what was merged before still was; no window is longer."""
_USUAL = timedelta(hours=4)
"""Of one that has made its window smaller: what was merged within the usual one still was."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An advice that a patient got for that appointment."""

    appointment: int
    held: Held


def pending_of(message: Message) -> Pending:
    """Return a stored message as the decision sees it."""
    return Pending(
        key=message.id,
        appointment=message.of_visit,
        step=message.step,
        occurrence=message.occurrence,
        channel=message.channel,
        purpose=message.purpose,
        planned_at=message.planned_at,
        due_at=message.due_at,
        try_at=message.try_at,
        useful_until=message.useful_until,
        if_late=message.if_late,
        ask=message.ask,
        fallback=message.fallback,
        released=message.released_at is not None,
        tried=message.tries > 0,
        held=message.status is Status.HELD,
        put=any(reason.code == "put" for reason in message.reasons),
        kept_by=tuple([reason for reason in message.reasons if reason.code in KEPT_SAID]),
    )


def situation_of(
    due: DueMessage,
    configuration: Configuration,
    *,
    template_error: str | None = None,
    unapproved: Reason | None = None,
    paused: Mapping[Channel, Pause] | None = None,
    kept: Kept | None = None,
    refusing: Mapping[Channel, str] | None = None,
    heard: Sequence[Heard] = (),
    apart: bool = False,
) -> Situation:
    """Return what holds for a message now. The clinic is in the configuration: the caller has looked.

    Without `paused`, `kept` and `refusing` no brake is on: for whoever asks only whether a channel can be used.
    `heard` is what its patient was advised; `apart`: it becomes one with no other.
    """
    clinic = configuration.clinic(due.message.clinic)
    zone = ZoneInfo(due.patient.timezone) if due.patient.timezone else None
    step = step_of(due, configuration)
    return Situation(
        appointment=due.appointment.visit,
        step=step,
        hours=sending_hours(step, clinic, zone) if step else SendingHours(clinic.timezone, clinic.timezone),
        addresses=frozenset(channel for channel in PATIENT_CHANNELS if due.patient.address(channel)),
        consents={
            channel: consent_for(
                channel,
                due.message.purpose,
                due.ledger,
                stopped=channel in due.stopped,
                stop_source=due.stopped.get(channel, ""),
                when_unknown=clinic.consent_when_unknown,
            )
            for channel in PATIENT_CHANNELS
        },
        rebooked=due.rebooked,
        template_error=template_error,
        unapproved=unapproved,
        paused=paused,
        kept=kept,
        refusing=refusing,
        alarmed=due.alarmed,
        answered=due.answered,
        spoken=_spoken(due, clinic),
        merge_window=timedelta(0) if apart else clinic.merge_window,
        advised=advised_by(due, configuration) if step and step.advice else (),
        heard=tuple((it.appointment, it.held) for it in heard if it.appointment != due.message.of_visit),
    )


def advised_by(due: DueMessage, configuration: Configuration) -> tuple[Held, ...]:
    """Return what a message's step advises, and until when. The clinic is in the configuration."""
    protocol, step = protocol_of(due, configuration), step_of(due, configuration)
    if protocol is None or step is None:
        return ()
    return held(step.advice, visit_of_due(due, protocol, configuration))


def visit_of_due(due: DueMessage, protocol: Protocol, configuration: Configuration) -> Visit:
    """Return a message's visit on the calendar, of its patient's zone where that is known."""
    zone = ZoneInfo(due.patient.timezone) if due.patient.timezone else None
    clinic = configuration.clinic(due.message.clinic)
    return visit_of(due.appointment.visit, protocol.duration, clinic.timezone, zone)


def _spoken(due: DueMessage, clinic: Clinic) -> Spoken | None:
    """Return what spoke for a message, unless it was planned for a later time since: then that is over."""
    return due.word.spoken if due.word and still_speaks(due.word, due.message, clinic) else None


def still_speaks(word: Word, message: Message, clinic: Clinic) -> bool:
    """Whether what spoke for a message did so for the time that it has now."""
    window = max(clinic.merge_window, _USUAL) if clinic.merge_window else _A_DAY
    return message.due_at - word.started_at <= window


def step_of(due: DueMessage, configuration: Configuration) -> Step | None:
    """Return the message's step by the version that it was planned by; None where that has none on this channel."""
    protocol = protocol_of(due, configuration)
    step = protocol.step(due.message.step) if protocol else None
    return step if step and due.message.channel in step.channels else None


def protocol_of(due: DueMessage, configuration: Configuration) -> Protocol | None:
    """Return the version of its protocol that a message was planned by: an edit of the file reaches it by `apply`.

    Without a version that is kept, the file's; None where that is gone too. The clinic is in the configuration.
    """
    if due.protocol is not None:
        return due.protocol
    if due.appointment.treatment not in configuration.protocols:
        return None
    return configuration.protocol_for(due.message.clinic, due.appointment.treatment)
