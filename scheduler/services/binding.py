"""Late binding: what a send depends on, looked up at the moment of deciding and given to the domain as values."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from scheduler.domain.brakes import Kept, Pause
from scheduler.domain.consent import consent_for
from scheduler.domain.hours import SendingHours, sending_hours
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Protocol, Step
from scheduler.domain.reasons import KEPT_SAID, Reason
from scheduler.domain.situation import Pending, Situation
from scheduler.protocols.configuration import Configuration
from scheduler.store.due import DueMessage
from scheduler.store.messages import Message


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
) -> Situation:
    """Return what holds for a message now. The clinic is in the configuration: the caller has looked.

    Without `paused`, `kept` and `refusing` no brake is on: for whoever asks only whether a channel can be used.
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
    )


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
