"""A simulated appointment as a story: one entry for what a person reads as one thing, in order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from scheduler.content.picture import Mark
from scheduler.domain.protocol import AfterReply, Channel, Protocol
from scheduler.domain.reasons import sentence
from scheduler.domain.states import UNSENT
from scheduler.services.played import Played, SimulatedMessage

CHANNELS = {Channel.SMS: "SMS", Channel.EMAIL: "email"}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the story. `at` is aware; `planned_at`: it was put off from then; `why` is a sentence or ""."""

    mark: Mark
    at: datetime
    what: str
    ways: str = ""
    planned_at: datetime | None = None
    why: str = ""
    messages: tuple[SimulatedMessage, ...] = ()


def story(played: Played) -> tuple[Entry, ...]:
    """Return the visit, its messages (those that go out together as one) and its replies, in order of time."""
    entries = [*_messages(played), *_replies(played)]
    entries.append(Entry(Mark.VISIT, played.timeline.starts_at, "the appointment", why=_came_to(played)))
    return tuple(sorted(entries, key=lambda it: (it.at, it.mark is not Mark.VISIT)))


def _messages(played: Played) -> Iterator[Entry]:
    def key(message: SimulatedMessage) -> tuple[datetime, str, int, str]:
        line = message.line
        return message.sent_at or line.due_at, line.step, line.occurrence, f"{_mark(message)}{line.reason}"

    for (at, step, _, _), found in groupby(sorted(played.messages, key=key), key=key):
        together = tuple(found)
        first = together[0]
        moved = first.planned_at if first.planned_at < at and _mark(first) is Mark.SENT else None
        why = first.line.reason if first.line.status in UNSENT else sentence(first.reasons, played.zone)
        ways = " and ".join(CHANNELS[it.line.channel] for it in together)
        yield Entry(_mark(first), at, step, ways, moved, why, together)


def _mark(message: SimulatedMessage) -> Mark:
    if message.sent_at:
        return Mark.SENT
    return Mark.WAITS if message.line.status in UNSENT else Mark.NOT_SENT


def _replies(played: Played) -> Iterator[Entry]:
    for reply in played.timeline.replies:
        words = f"“{reply.body}” to {reply.step}, read as {reply.triage.value.replace('_', ' ')}"
        alert = next((it for it in played.timeline.alerts if it.reply == reply.id), None)
        told = f"An alert is raised ({alert.kind.value})." if alert else ""
        yield Entry(Mark.REPLY, reply.at, words, why=" ".join(it for it in (reply.reason, told) if it))


def _came_to(played: Played) -> str:
    status = played.timeline.status.value
    return "" if status in ("booked", "completed") else f"The appointment: {status.replace('_', '-')}."


def not_planned(protocol: Protocol, played: Played) -> Iterator[str]:
    """Yield a sentence for each step that only a reply would have brought about."""
    there = {message.line.step for message in played.messages}
    for step in protocol.steps:
        if isinstance(step.timing, AfterReply) and step.id not in there:
            classes = " or ".join(sorted(step.timing.triage))
            yield f"{step.id} comes only after a reply to {step.timing.to} that is read as {classes}."


def apart(at: datetime, visit: datetime) -> str:
    """Return how far a moment is from the visit, in few characters: `-7 d`, `+2 h`, "" for the visit itself."""
    distance = abs(at - visit)
    sign = "-" if at < visit else "+"
    if distance < _HOUR:
        minutes = round(distance.total_seconds() / 60)
        return f"{sign}{minutes} min" if minutes else ""
    if distance < _DAY:
        return f"{sign}{round(distance / _HOUR)} h"
    return f"{sign}{round(distance / _DAY)} d"
