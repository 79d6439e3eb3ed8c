"""How a simulated appointment went: its timeline, and of each message what was sent, when, and what it cost."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from scheduler.domain.alert import AlertKind
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, sentence
from scheduler.domain.segments import count_segments
from scheduler.domain.states import IN_HAND
from scheduler.protocols.configuration import Configuration
from scheduler.services.correspondence import correspondence
from scheduler.services.timeline import Timeline, TimelineMessage
from scheduler.store.appointments import get_appointment
from scheduler.store.attempts import find_attempt
from scheduler.store.database import Tx
from scheduler.store.messages import Message, messages_of


@dataclass(frozen=True, slots=True)
class SimulatedMessage:
    """What became of one message. Instants are aware UTC; `reasons` are those of `line.reason`.

    `sent_at`, `text` and, of an SMS, `segments` are None for what did not go out.
    """

    line: TimelineMessage
    planned_at: datetime
    reasons: tuple[Reason, ...]
    sent_at: datetime | None
    text: str | None = field(repr=False)
    segments: int | None

    @property
    def put_off(self) -> timedelta:
        """How much later it was due than it was planned."""
        return max(self.line.due_at - self.planned_at, timedelta(0))


@dataclass(frozen=True, slots=True)
class Played:
    """How it went. `zone` is the patient's: what local times are in. `alerts` are the kinds that were raised."""

    timeline: Timeline
    clinic: Clinic
    zone: ZoneInfo
    registered_at: datetime
    messages: tuple[SimulatedMessage, ...]
    alerts: tuple[AlertKind, ...]

    @property
    def sent(self) -> tuple[SimulatedMessage, ...]:
        """What went out."""
        return tuple(it for it in self.messages if it.sent_at)

    @property
    def segments(self) -> int:
        """How many segments of SMS went out."""
        return sum(it.segments or 0 for it in self.messages)

    @property
    def cost(self) -> Decimal | None:
        """What they cost, None where the clinic's file has no price."""
        price = self.clinic.sms.price if self.clinic.sms else None
        return price.times(self.segments) if price else None


def simulated_messages(tx: Tx, told: Timeline) -> tuple[SimulatedMessage, ...]:
    """Return what became of each message of a timeline, in its order."""
    stored = {message.id: message for message in messages_of(tx, told.appointment)}
    return tuple(_message(tx, line, stored[line.id]) for line in told.messages)


def _message(tx: Tx, line: TimelineMessage, stored: Message) -> SimulatedMessage:
    went_out = stored.status in IN_HAND and stored.attempt
    attempt = find_attempt(tx, stored.attempt) if went_out and stored.attempt else None
    return SimulatedMessage(
        line=line,
        planned_at=stored.planned_at,
        reasons=stored.reasons,
        sent_at=attempt.started_at if attempt else None,
        text=attempt.body if attempt else None,
        segments=count_segments(attempt.body).segments if attempt and line.channel is Channel.SMS else None,
    )


def outline(tx: Tx, configuration: Configuration, appointment_id: int) -> Timeline:
    """Return an appointment's timeline with the reasons as they are: nothing is foreseen of what still waits.

    For whoever has seen what was wanted: to foresee the rest is a fifth of the cost of a test.
    """
    visit = get_appointment(tx, appointment_id)
    zone = configuration.clinic(visit.clinic).timezone
    messages = messages_of(tx, appointment_id)
    replies, alerts = correspondence(tx, appointment_id, messages, zone)
    return Timeline(
        appointment=visit.id,
        external_id=visit.external_id,
        clinic=visit.clinic,
        treatment=visit.treatment,
        starts_at=visit.starts_at,
        status=visit.status,
        timezone=zone,
        messages=tuple(_line(message, zone) for message in messages),
        replies=replies,
        alerts=alerts,
    )


def _line(message: Message, zone: ZoneInfo) -> TimelineMessage:
    return TimelineMessage(
        id=message.id,
        step=message.step,
        channel=message.channel,
        occurrence=message.occurrence,
        purpose=message.purpose,
        due_at=message.due_at,
        useful_until=message.useful_until,
        status=message.status,
        reason=sentence(message.reasons, zone),
    )
