"""Plays an appointment as it would go: registered, sent, answered by the product itself, on a clock that is moved."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from scheduler.content.templates import Texts
from scheduler.domain.alert import AlertKind
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Before, Channel, Protocol
from scheduler.domain.reasons import Reason
from scheduler.domain.segments import count_segments
from scheduler.domain.simulated import Case, moment_in
from scheduler.domain.states import IN_HAND, UNSENT
from scheduler.protocols.configuration import Configuration
from scheduler.services.happenings import Happenings
from scheduler.services.reply_desk import Words
from scheduler.services.stage import Stage, play_through
from scheduler.services.timeline import Timeline, TimelineMessage, timeline
from scheduler.store.alerts import all_alerts
from scheduler.store.attempts import find_attempt
from scheduler.store.database import Tx
from scheduler.store.in_memory import InMemoryStore
from scheduler.store.messages import Message, messages_of

EARLY = timedelta(days=7)
"""How long before its first step an appointment is registered, unless the case says when."""


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


class Simulator:
    """Plays cases, one after the other, each in a world of its own. Not for two threads at once."""

    def __init__(self, configuration: Configuration, texts: Texts, words: Words) -> None:
        self._configuration = configuration
        self._texts = texts
        self._words = words
        self._store = InMemoryStore()

    def close(self) -> None:
        """Free the memory."""
        self._store.close()

    def play(self, case: Case, *, watched: Collection[str] | None = None) -> Played:
        """Play a case to its end, or until everything has happened and nothing of the `watched` steps waits. Blocks.

        Raises ConfigError for a clinic or treatment that is not there, RegistrationError for what could not be
        registered, SimulationError (EventError) for what can't happen.
        """
        configuration = _with_closures(self._configuration, case)
        clinic = configuration.clinic(case.clinic)
        protocol = configuration.protocol_for(case.clinic, case.treatment)
        start = registered_at(case, clinic, protocol)
        stage = Stage(self._store, configuration, self._texts, self._words, now=start)
        appointment = play_through(lambda: _play(stage, case, watched))
        with self._store.read() as tx:
            told = timeline(tx, stage.configuration, appointment, now=stage.clock.now())
            messages = _messages(tx, told)
            alerts = tuple(alert.kind for alert in all_alerts(tx))
        return Played(told, clinic, case.timezone or clinic.timezone, start, messages, alerts)


async def _play(stage: Stage, case: Case, watched: Collection[str] | None) -> int:
    happenings = Happenings(stage, case)
    zone = happenings.clinic.timezone
    more = {"ends_at": moment_in(zone, case.ends_at).isoformat()} if case.ends_at else {}
    starts_at = moment_in(zone, case.starts_at).isoformat()
    appointment = happenings.register(case.treatment, starts_at=starts_at, **more)
    await stage.work()
    for event in sorted(case.events, key=lambda it: moment_in(zone, it.at)):
        await stage.run_until(moment_in(zone, event.at))
        happenings.bring_about(event, appointment)
        await stage.work()
    await stage.run_until(None, lambda: watched is not None and not _waits(stage, appointment, watched))
    return appointment


def _waits(stage: Stage, appointment: int, steps: Collection[str]) -> bool:
    with stage.store.read() as tx:
        return any(it.status in UNSENT and it.step in steps for it in messages_of(tx, appointment))


def _with_closures(configuration: Configuration, case: Case) -> Configuration:
    if case.closures is None:
        return configuration
    clinic = replace(configuration.clinic(case.clinic), closures=case.closures)
    return replace(configuration, clinics={**configuration.clinics, clinic.id: clinic})


def registered_at(case: Case, clinic: Clinic, protocol: Protocol) -> datetime:
    """Return when a case is registered, unless it says so: early enough for every step and event."""
    if case.registered_at:
        return moment_in(clinic.timezone, case.registered_at)
    before = [step.timing.span.elapsed for step in protocol.steps if isinstance(step.timing, Before)]
    events = [moment_in(clinic.timezone, event.at) for event in case.events]
    starts_at = moment_in(clinic.timezone, case.starts_at)
    return min([starts_at - max(before, default=timedelta(0)) - EARLY, *(it - EARLY for it in events)])


def _messages(tx: Tx, told: Timeline) -> tuple[SimulatedMessage, ...]:
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
