"""What a version of a protocol means for messages that no plan of a visit has: follow-ups of replies, reminders."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

from scheduler.domain.adjustment import Adjustments, Occasion, adjusted
from scheduler.domain.edits import EditKind
from scheduler.domain.followup import (
    MOST_TIMES,
    Again,
    Reply,
    follow_ups,
    is_beside_plan,
    is_reminder,
    next_occurrence,
    reminds_since,
    reply_of,
    times_asked,
)
from scheduler.domain.followup import Round as Asked
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import AfterReply, Step
from scheduler.domain.states import UNSENT, Status
from scheduler.services.changes import InFlight
from scheduler.services.schedule import Key, key_of, what_is_left
from scheduler.services.switching import Switch
from scheduler.store.latest_answers import LatestAnswer
from scheduler.store.messages import Message

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""A present in which nothing is late: planned then, a step has the times that its protocol means."""

GIVEN_UP = frozenset({Status.EXPIRED, Status.SUPPRESSED, Status.CANCELLED})

Round = Sequence[Message]
"""What a step was wanted for beside the plan, once: a message for each channel."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Finds what no plan of a visit has by another version. `messages`: with what stood under old names."""

    visit: InFlight
    switch: Switch
    occasion: Occasion
    renamed: Mapping[str, str]
    messages: Sequence[Message]

    def meant(self, planned: Container[Key]) -> Iterator[PlannedMessage]:
        """Yield it, but for what is planned: rounds that are there, and what the latest answer brings about anew."""
        known: set[Key] = set()
        for asked in self._rounds():
            step, keys = self.switch.edited.step(asked[0].step), {key_of(it) for it in asked}
            if step and keys.isdisjoint(known) and not any(it in planned for it in keys):
                found = list(meant_for(asked, step, self.occasion, self.visit.adjustments, self.messages))
                known |= {key_of(it) for it in found}
                yield from found
        answer = self.visit.answer
        for step in self._brought_about(answer) if answer and answer.is_open else ():
            if answer and not any(name == step.id for name, _, _ in known):
                yield from wanted_by(answer, step, self.occasion, self.visit.adjustments, self.messages)

    def _rounds(self) -> Iterator[Round]:
        """Yield what was wanted beside the plan and may be still, under the names that steps have from now on."""
        new_name, there = _new_names(self.renamed), self.visit.messages
        for asked in (*rounds_beside(there), *rounds_dropped(there, self.visit.answer)):
            name = new_name.get(asked[0].step, asked[0].step)
            yield tuple(replace(it, step=name) for it in asked)

    def _brought_about(self, answer: LatestAnswer) -> Iterator[Step]:
        """Yield the steps that are new and that an answer asks for; not those whose rounds were moved over."""
        question = _new_names(self.renamed).get(answer.step, answer.step)
        for step in follow_ups(self.switch.after, question, answer.triage):
            edit, old = self.switch.follows.get(step.id), self.renamed.get(step.id)
            moved_over = any(it.step == old for it in self.visit.messages)
            if edit and edit.kind is EditKind.ADDED and not moved_over:
                yield step


def _new_names(renamed: Mapping[str, str]) -> Mapping[str, str]:
    return {old: new for new, old in renamed.items()}


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


def rounds_dropped(messages: Iterable[Message], answer: LatestAnswer | None) -> Iterator[Round]:
    """Yield the follow-ups that an earlier edit took away, where their reply still asks for them.

    It does while it is the latest answer about the visit, nobody dealt with it, and nothing was asked since.
    """
    mine = sorted((it for it in messages if is_beside_plan(it.reasons)), key=lambda it: (it.step, it.occurrence))
    for _, group in groupby(mine, key=lambda it: it.step):
        rounds = list(group)
        asked = tuple(it for it in rounds if it.occurrence == rounds[-1].occurrence)
        reply = reply_of(asked[0].reasons)
        gone = all(it.status in GIVEN_UP for it in asked) and any(was_dropped(it) for it in asked)
        if reply and gone and (answer is None or (answer.is_open and answer.at <= reply.at)):
            yield asked


def was_dropped(message: Message) -> bool:
    """Whether an edit took a follow-up of a reply away."""
    dropped = any(it.code == "step_dropped" for it in message.reasons)
    return message.status is Status.CANCELLED and dropped and reply_of(message.reasons) is not None


def wanted_by(
    answer: LatestAnswer, step: Step, occasion: Occasion, adjustments: Adjustments, messages: Iterable[Message]
) -> tuple[PlannedMessage, ...]:
    """Return what an answer brings about of a step that was not there when it came; counted from the answer."""
    rounds = [Asked(it.occurrence, it.status, is_reminder(it.reasons)) for it in messages if it.step == step.id]
    occurrence = next_occurrence(rounds)
    if occurrence is None or times_asked(rounds) >= MOST_TIMES:
        return ()
    reply = Reply(answer.step, answer.triage, answer.at)
    planned = Again(step, occasion.clinic, occasion.reach, occurrence).after(reply, now=LONG_AGO)
    return adjusted(planned, adjustments, occasion, now=answer.at)


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
    reply, timing = reply_of(message.reasons), step.timing
    if reply is None or not isinstance(timing, AfterReply) or reply.triage.value not in timing.triage:
        return ()
    return again.after(reply, now=LONG_AGO)
