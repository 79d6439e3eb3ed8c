"""Appointments and their timelines as the API shows them: the keys of `aftercare timeline --json`."""

from collections.abc import Sequence
from typing import Self

from pydantic import ConfigDict

from scheduler.domain.adjustment import AdjustmentKind
from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.services.correspondence import TimelineAlert, TimelineAnswer, TimelineReply
from scheduler.services.timeline import Timeline, TimelineAdjustment, TimelineMessage
from scheduler.store.appointments import StoredAppointment
from scheduler.web.api.fields import Instant, Output
from scheduler.web.api.samples import APPOINTMENT, TIMELINE


class AppointmentShown(Output):
    """One appointment; `ends_at` null: the protocol's duration counts."""

    model_config = ConfigDict(json_schema_extra={"examples": [APPOINTMENT]})

    id: int
    external_id: str | None
    clinic: str
    patient: int
    treatment: str
    starts_at: Instant
    ends_at: Instant | None
    status: AppointmentStatus

    @classmethod
    def of(cls, visit: StoredAppointment) -> Self:
        """Show an appointment."""
        return cls(
            id=visit.id,
            external_id=visit.external_id,
            clinic=visit.clinic,
            patient=visit.patient_id,
            treatment=visit.treatment,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            status=visit.status,
        )


class MessageOfTimeline(Output):
    """One message of an appointment; `reason` is a sentence with times in the clinic's zone."""

    id: int
    step: str
    channel: Channel
    occurrence: int
    purpose: Purpose
    due_at: Instant
    useful_until: Instant
    status: Status
    reason: str

    @classmethod
    def of(cls, it: TimelineMessage) -> Self:
        """Show a message."""
        return cls.model_validate(it, from_attributes=True)


class AnswerOfTimeline(Output):
    """What a patient was answered."""

    id: int
    template: str
    channel: Channel
    due_at: Instant
    status: Status
    reason: str

    @classmethod
    def of(cls, it: TimelineAnswer) -> Self:
        """Show an answer."""
        return cls(
            id=it.id, template=it.template, channel=it.channel, due_at=it.at, status=it.status, reason=it.reason
        )


class ReplyOfTimeline(Output):
    """A reply to a question of the appointment; `because` is null where it can't be opened."""

    id: int
    message: int
    step: str
    source: str
    received_at: Instant
    triage: Triage
    because: list[str] | None
    stops: bool
    media: int
    handled_at: Instant | None
    handled_by: str | None
    reason: str
    answer: AnswerOfTimeline | None

    @classmethod
    def of(cls, it: TimelineReply) -> Self:
        """Show a reply."""
        return cls(
            id=it.id,
            message=it.question,
            step=it.step,
            source=it.source,
            received_at=it.at,
            triage=it.triage,
            because=None if it.words is None else list(it.words),
            stops=it.stops,
            media=it.media,
            handled_at=it.handled_at,
            handled_by=it.handled_by,
            reason=it.reason,
            answer=AnswerOfTimeline.of(it.answer) if it.answer else None,
        )


class Happened(Output):
    """One line of history: what, by whom, and the sentence that says why, "" where there is nothing to say."""

    at: Instant
    cause: str
    by: str
    reason: str


class AlertOfTimeline(Output):
    """An alert that a reply of the appointment raised."""

    id: int
    kind: AlertKind
    reply: int | None
    opened_at: Instant
    taken_at: Instant | None
    taken_by: str | None
    closed_at: Instant | None
    events: list[Happened]

    @classmethod
    def of(cls, it: TimelineAlert) -> Self:
        """Show an alert."""
        return cls(
            id=it.id,
            kind=it.kind,
            reply=it.reply,
            opened_at=it.opened_at,
            taken_at=it.taken_at,
            taken_by=it.taken_by,
            closed_at=it.closed_at,
            events=[Happened(at=one.at, cause=one.cause, by=one.by, reason=one.reason) for one in it.events],
        )


class AdjustmentShown(Output):
    """An exception for a step; `note` is null where there is none, or where it can't be opened."""

    step: str
    kind: AdjustmentKind
    at: Instant | None
    note: str | None
    by: str
    made_at: Instant
    lifted_at: Instant | None
    lifted_by: str | None

    @classmethod
    def of(cls, it: TimelineAdjustment) -> Self:
        """Show an exception."""
        made = it.adjustment
        return cls(
            step=made.step,
            kind=made.kind,
            at=made.at,
            note=it.note,
            by=made.by,
            made_at=it.made_at,
            lifted_at=it.lifted_at,
            lifted_by=it.lifted_by,
        )


class TimelineShown(Output):
    """An appointment with all its messages, what came back, and what was done with it."""

    model_config = ConfigDict(json_schema_extra={"examples": [TIMELINE]})

    appointment: int
    external_id: str | None
    clinic: str
    treatment: str
    starts_at: Instant
    status: AppointmentStatus
    messages: list[MessageOfTimeline]
    replies: list[ReplyOfTimeline]
    alerts: list[AlertOfTimeline]
    history: list[Happened]
    adjustments: list[AdjustmentShown]

    @classmethod
    def of(cls, told: Timeline) -> Self:
        """Show a timeline."""
        return cls(
            appointment=told.appointment,
            external_id=told.external_id,
            clinic=told.clinic,
            treatment=told.treatment,
            starts_at=told.starts_at,
            status=told.status,
            messages=messages_of(told.messages),
            replies=[ReplyOfTimeline.of(it) for it in told.replies],
            alerts=[AlertOfTimeline.of(it) for it in told.alerts],
            history=[
                Happened(at=it.at, cause=it.cause, by=it.by, reason=sentence(it.reasons, told.timezone))
                for it in told.history
            ],
            adjustments=[AdjustmentShown.of(it) for it in told.adjustments],
        )


def messages_of(told: Sequence[TimelineMessage]) -> list[MessageOfTimeline]:
    """Show messages."""
    return [MessageOfTimeline.of(it) for it in told]
