"""The other channel of `first_of`: a message of its own, made when the first fails, taken back if that arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import because, planned_part
from scheduler.domain.states import UNSENT, Cause, Status
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage
from scheduler.store.messages import Message, Replan, messages_of, replan
from scheduler.store.moves import Move
from scheduler.store.plans import add_planned
from scheduler.store.transitions import move_all

GIVEN_UP = (Status.CANCELLED, Status.EXPIRED, Status.SUPPRESSED)
"""Left over from an earlier plan of the appointment: such a message comes back."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """`channel` takes the place of a message's own; None where no other can be used."""

    due: DueMessage
    channel: Channel | None


def add_fallbacks(tx: Tx, fallbacks: Sequence[Fallback], *, now: datetime, by: str) -> None:
    """Add the messages that take the place of others, due at once, or when those were to go out.

    One that is on its way already is left alone.
    """
    for fallback in fallbacks:
        message = fallback.due.message
        if fallback.channel is None or now >= message.useful_until:
            continue
        rest = tuple(channel for channel in message.fallback if channel is not fallback.channel)
        planned = PlannedMessage(
            step=message.step,
            channel=fallback.channel,
            occurrence=message.occurrence,
            purpose=message.purpose,
            planned_at=message.planned_at,
            due_at=max(now, message.due_at),
            useful_until=message.useful_until,
            if_late=message.if_late,
            ask=message.ask,
            fallback=rest,
            status=Status.SCHEDULED,
            reasons=(*planned_part(message.reasons), because("fallback", channel=message.channel.value)),
        )
        digest = message.protocol_digest or ""
        if not add_planned(tx, fallback.due.appointment, [planned], protocol_digest=digest, now=now):
            _bring_back(tx, message.of_visit, planned, digest, now=now, by=by)


def siblings(tx: Tx, message: Message) -> list[Message]:
    """Return the messages that were made to take the place of this one."""
    return [
        it
        for it in messages_of(tx, message.of_visit)
        if (it.step, it.occurrence) == (message.step, message.occurrence)
        and it.channel is not message.channel
        and any(reason.code == "fallback" for reason in it.reasons)
    ]


def take_back(tx: Tx, message: Message, *, now: datetime, by: str) -> None:
    """Cancel what was to take the place of a message that arrived after all, and is not on its way yet."""
    why = because("said_already")
    moves = [
        Move(it.id, it.status, Cause.CANCEL, Status.CANCELLED, by=by, reasons=(*planned_part(it.reasons), why))
        for it in siblings(tx, message)
        if it.status in UNSENT
    ]
    move_all(tx, moves, now=now)


def _bring_back(tx: Tx, appointment_id: int, planned: PlannedMessage, digest: str, *, now: datetime, by: str) -> None:
    """Plan the message anew that an earlier plan had and gave up."""
    wanted = (planned.step, planned.channel, planned.occurrence)
    given_up = [
        Replan(it.id, it.status, planned)
        for it in messages_of(tx, appointment_id)
        if (it.step, it.channel, it.occurrence) == wanted and it.status in GIVEN_UP
    ]
    replan(tx, given_up, protocol_digest=digest, now=now, by=by)
