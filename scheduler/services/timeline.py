"""The story of one appointment: every step, past and future, with its sentence of why or why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.domain.adjustment import Adjustment
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.decision import foresee
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.reasons import TO_BE_MENDED, Reason, because, sentence
from scheduler.domain.states import Brake, Status
from scheduler.errors import KeysError
from scheduler.protocols.configuration import Configuration
from scheduler.services.approver import Approver
from scheduler.services.binding import pending_of, situation_of
from scheduler.services.braking import Brakes, read_waits
from scheduler.services.correspondence import TimelineAlert, TimelineReply, correspondence
from scheduler.services.together import foreseen_merges, told_together
from scheduler.store.adjustments import StoredAdjustment, adjustments_of, note_of
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage, Loaded, load_due
from scheduler.store.events import Event, events_of_visit
from scheduler.store.messages import Message, messages_of

ENDED_BY_OTHERS = (Brake.PAUSE, Brake.CIRCUIT, Brake.ALARM)
SAID_ANEW = ("paused", "circuit", "alarm", "unapproved", "merging")


@dataclass(frozen=True, slots=True)
class TimelineMessage:
    """One message; `reason` says `reasons`, with times in the timeline's zone. Instants are aware UTC."""

    id: int
    step: str
    channel: Channel
    occurrence: int
    purpose: Purpose
    due_at: datetime
    useful_until: datetime
    status: Status
    reason: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineAdjustment:
    """An exception for a step; `note` is None where there is none, or where the keys at hand don't open it."""

    adjustment: Adjustment
    made_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    note: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Timeline:
    """One appointment with its messages, by when they are due, and what came back. `timezone` is the clinic's.

    `history` is what was done with the appointment itself, `adjustments` the exceptions that were made for its
    steps, those taken back too; the oldest first.
    """

    appointment: int
    external_id: str | None
    clinic: str
    treatment: str
    starts_at: datetime
    status: AppointmentStatus
    timezone: ZoneInfo
    messages: tuple[TimelineMessage, ...]
    replies: tuple[TimelineReply, ...] = ()
    alerts: tuple[TimelineAlert, ...] = ()
    history: tuple[Event, ...] = ()
    adjustments: tuple[TimelineAdjustment, ...] = ()


def timeline(
    tx: Tx, configuration: Configuration, appointment_id: int, *, now: datetime, approver: Approver | None = None
) -> Timeline:
    """Return an appointment's timeline as it looks at `now`; without `approver` nothing has to be approved.

    Raises NotFoundError, or ConfigError when its clinic is no longer configured.
    """
    appointment = get_appointment(tx, appointment_id)
    zone = configuration.clinic(appointment.clinic).timezone
    messages = messages_of(tx, appointment_id)
    loaded = load_due(tx, [message.id for message in messages], now=now)
    reasons = reasons_of(tx, configuration, loaded, now=now, approver=approver)
    replies, alerts = correspondence(tx, appointment_id, messages, zone)
    return Timeline(
        appointment=appointment.id,
        external_id=appointment.external_id,
        clinic=appointment.clinic,
        treatment=appointment.treatment,
        starts_at=appointment.starts_at,
        status=appointment.status,
        timezone=zone,
        messages=tuple(_line(message, reasons[message.id], zone) for message in messages),
        replies=replies,
        alerts=alerts,
        history=events_of_visit(tx, appointment_id),
        adjustments=tuple(_adjustment(tx, it) for it in adjustments_of(tx, appointment_id)),
    )


def reasons_of(
    tx: Tx, configuration: Configuration, loaded: Loaded, *, now: datetime, approver: Approver | None = None
) -> Mapping[int, tuple[Reason, ...]]:
    """Return why each message of a visit stands as it stands, and what will become of it as it looks at `now`.

    Their clinic is in the configuration: the caller has looked.
    """
    brakes = read_waits(tx, loaded.due)
    reasons = {it.message.id: _reasons(it, configuration, brakes, approver, now) for it in loaded.due}
    for message_id, together in foreseen_merges(tx, configuration, loaded.due, now=now).items():
        if message_id in reasons:
            reasons[message_id] = told_together(reasons[message_id], together)
    return reasons | {message.id: _reasons_unreadable(message) for message in loaded.unreadable}


def _adjustment(tx: Tx, stored: StoredAdjustment) -> TimelineAdjustment:
    try:
        note = note_of(tx, stored)
    except KeysError:
        note = None
    return TimelineAdjustment(stored.adjustment, stored.made_at, stored.lifted_at, stored.lifted_by, note)


def _reasons(
    due: DueMessage, configuration: Configuration, brakes: Brakes, approver: Approver | None, now: datetime
) -> tuple[Reason, ...]:
    """Return why it stood as it stands; for what is to come, the deciding function's word on it too."""
    if due.message.status is not Status.SCHEDULED:
        return due.message.reasons
    if any(reason.code in TO_BE_MENDED for reason in due.message.reasons):
        return (*due.message.reasons, because("will_look_again", at=due.message.try_at))
    expected = foresee(
        pending_of(due.message),
        situation_of(
            due,
            configuration,
            unapproved=approver.lacking(due) if approver else None,
            paused=brakes.paused(due.message),
            refusing=brakes.refusing(due.message, configuration.clinic(due.message.clinic)),
        ),
        # What waits for a person or a provider is tried as soon as that is over, whenever it is looked at next.
        planned_for=due.message.due_at if due.message.brake in ENDED_BY_OTHERS else due.message.try_at,
        now=now,
        late_after=configuration.instance.late_after,
    )
    # What kept it back until now is said of the present, if it does still.
    return (*(reason for reason in due.message.reasons if reason.code not in SAID_ANEW), *expected)


def _reasons_unreadable(message: Message) -> tuple[Reason, ...]:
    if message.status is not Status.SCHEDULED:
        return message.reasons
    reasons = tuple(reason for reason in message.reasons if reason.code != "unreadable")
    return (*reasons, because("unreadable"), because("will_look_again", at=message.try_at))


def _line(message: Message, reasons: tuple[Reason, ...], zone: ZoneInfo) -> TimelineMessage:
    return TimelineMessage(
        id=message.id,
        step=message.step,
        channel=message.channel,
        occurrence=message.occurrence,
        purpose=message.purpose,
        due_at=message.due_at,
        useful_until=message.useful_until,
        status=message.status,
        reason=sentence(reasons, zone),
        reasons=reasons,
    )
