"""What came back about a visit: replies, their answers and their alerts, as a timeline tells of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.domain.alert import AlertKind
from scheduler.domain.notice import AlertCause
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.store.alert_events import AlertEvent, stories_of_alerts
from scheduler.store.alerts import Alert
from scheduler.store.correspondence import Written, alerts_about, answers_to, replies_about
from scheduler.store.database import Tx
from scheduler.store.messages import Message


@dataclass(frozen=True, slots=True)
class TimelineAnswer:
    """What a patient got back who wrote; `template` names its text."""

    id: int
    template: str
    channel: Channel
    at: datetime
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class TimelineReply:
    """A reply to one of the visit's questions.

    `words` decided its class, `body` is all that was written: the patient's own, for staff to see, never for a log.
    Both are None where the keys at hand don't open them. `reason` says what it was answered with, or why not.
    """

    id: int
    question: int
    step: str
    source: str
    at: datetime
    triage: Triage
    stops: bool
    media: int
    handled_at: datetime | None
    handled_by: str | None
    reason: str
    answer: TimelineAnswer | None
    words: tuple[str, ...] | None = field(repr=False)
    body: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One line of an alert's history; `reason` says who was told, or why it was raised."""

    at: datetime
    cause: AlertCause
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class TimelineAlert:
    """What brought a reply to a person: raised, told to whom, taken by whom, closed."""

    id: int
    kind: AlertKind
    reply: int | None
    opened_at: datetime
    taken_at: datetime | None
    taken_by: str | None
    closed_at: datetime | None
    events: tuple[TimelineEvent, ...]


def correspondence(
    tx: Tx, appointment_id: int, messages: Sequence[Message], zone: ZoneInfo
) -> tuple[tuple[TimelineReply, ...], tuple[TimelineAlert, ...]]:
    """Return the replies to a visit's messages and the alerts that they raised, the oldest first.

    Sentences have their times in `zone`.
    """
    found = replies_about(tx, appointment_id)
    if not found:
        return (), ()
    ids = [reply.id for reply in found]
    answers = {answer.reply_id: _answer(answer, zone) for answer in answers_to(tx, ids)}
    steps = {message.id: message.step for message in messages}
    alerts = alerts_about(tx, ids)
    stories = stories_of_alerts(tx, [alert.id for alert in alerts])
    return (
        tuple(_reply(reply, steps, answers.get(reply.id), zone) for reply in found),
        tuple(_alert(alert, stories.get(alert.id, ()), zone) for alert in alerts),
    )


def _reply(reply: Written, steps: Mapping[int, str], answer: TimelineAnswer | None, zone: ZoneInfo) -> TimelineReply:
    assert reply.question is not None  # it was found by it
    return TimelineReply(
        id=reply.id,
        question=reply.question,
        step=steps[reply.question],
        source=reply.source,
        at=reply.received_at,
        triage=reply.triage,
        stops=reply.stops,
        media=reply.media,
        handled_at=reply.handled_at,
        handled_by=reply.handled_by,
        reason=sentence(reply.reasons, zone),
        answer=answer,
        words=reply.words,
        body=reply.body,
    )


def _answer(message: Message, zone: ZoneInfo) -> TimelineAnswer:
    return TimelineAnswer(
        id=message.id,
        template=message.step,
        channel=message.channel,
        at=message.due_at,
        status=message.status,
        reason=sentence(message.reasons, zone),
    )


def _alert(alert: Alert, story: Sequence[AlertEvent], zone: ZoneInfo) -> TimelineAlert:
    return TimelineAlert(
        id=alert.id,
        kind=alert.kind,
        reply=alert.reply_id,
        opened_at=alert.opened_at,
        taken_at=alert.taken_at,
        taken_by=alert.taken_by,
        closed_at=alert.closed_at,
        events=tuple(TimelineEvent(it.at, it.cause, it.by, sentence(it.reasons, zone)) for it in story),
    )
