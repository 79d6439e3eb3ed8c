"""What a version of a protocol means for messages that no plan of a visit has: follow-ups of replies, reminders."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from scheduler.domain.adjustment import Adjustments, Occasion, adjusted
from scheduler.domain.followup import Again, Reply, is_beside_plan, reminds_since
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import AfterReply, Step
from scheduler.domain.states import UNSENT, Status
from scheduler.domain.triage import Triage
from scheduler.services.schedule import what_is_left
from scheduler.store.messages import Message

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""A present in which nothing is late: planned then, a step has the times that its protocol means."""

Round = Sequence[Message]
"""What a step was wanted for beside the plan, once: a message for each channel."""


def rounds_beside(messages: Iterable[Message]) -> Iterator[Round]:
    """Yield the follow-ups and reminders that are still to come, or that only time took away."""
    ordered = sorted(
        (it for it in messages if is_beside_plan(it.reasons)), key=lambda it: (it.step, it.occurrence, it.id)
    )
    for _, group in groupby(ordered, key=lambda it: (it.step, it.occurrence)):
        asked = tuple(group)
        statuses = {it.status for it in asked}
        if statuses & UNSENT or statuses == {Status.EXPIRED}:
            yield asked


def meant_for(
    asked: Round, step: Step, occasion: Occasion, adjustments: Adjustments, messages: Iterable[Message]
) -> Iterator[PlannedMessage]:
    """Yield what a round is by another version of its step; nothing where that no longer asks for it.

    A reminder counts from its question and a follow-up from its reply, as they did. A follow-up whose question was
    renamed stays: the reply that asked for it was given.
    """
    rivals = [it for it in messages if it.step == step.id]
    for item in adjusted(_again(asked[0], step, occasion), adjustments, occasion, now=asked[0].created_at):
        same = rivals if step.first_of else [it for it in rivals if it.channel is item.channel]
        if left := what_is_left(item, same, asked[0].occurrence):
            yield left


def _again(message: Message, step: Step, occasion: Occasion) -> tuple[PlannedMessage, ...]:
    again = Again(step, occasion.clinic, occasion.reach, message.occurrence)
    if since := reminds_since(message.reasons):
        return again.reminder(since, now=LONG_AGO)
    reply, timing = _reply_of(message), step.timing
    if not isinstance(timing, AfterReply) or reply.triage.value not in timing.triage:
        return ()
    return again.after(reply, now=LONG_AGO)


def _reply_of(message: Message) -> Reply:
    """Return the reply that brought a message about, as its reason tells."""
    said = next(dict(it.params) for it in message.reasons if it.code == "after_reply")
    return Reply(said["step"], Triage(said["triage"]), datetime.fromisoformat(said["reply_at"]))
