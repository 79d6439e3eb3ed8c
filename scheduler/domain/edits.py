"""What an edit of a protocol is: the steps that two versions of it have differently. Wording is no part of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from scheduler.domain.protocol import After, AfterReply, Before, Between, Protocol, Step
from scheduler.domain.spans import Span, Unit

_SLACK = timedelta(days=2)
"""For visits that last long, and for zones far apart."""
_ANSWERED_WITHIN = timedelta(days=30)
_ROUNDS = 3
"""How often a reply may bring a step about: `followup.MOST_TIMES`."""
_LONGEST_MONTH = 31 / 30
_A_LIFE = timedelta(days=36_500)


class EditKind(StrEnum):
    """What became of a step between two versions."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Edit:
    """One step that two versions of a treatment's protocol have differently; None where a version has no such step.

    `durations`: the protocol's own duration before and after, where it was changed and the step counts from it.
    `renamed`: the other name of a step that is there under another: its new one where it is gone, else its old one.
    """

    treatment: str
    step: str
    before: Step | None
    after: Step | None
    durations: tuple[Span, Span] | None = None
    renamed: str | None = None

    @property
    def kind(self) -> EditKind:
        """What became of the step."""
        if self.before is None:
            return EditKind.ADDED
        return EditKind.REMOVED if self.after is None else EditKind.CHANGED

    @property
    def changes_more_than_times(self) -> bool:
        """Whether the step differs in anything but when it is sent and how long it helps."""
        if self.before is None or self.after is None:
            return True
        return replace(self.before, timing=self.after.timing, useful_for=self.after.useful_for) != self.after


def edits(old: Protocol, new: Protocol) -> tuple[Edit, ...]:
    """Return the steps in which `new` differs from `old`: in its order, then those that it no longer has.

    The order of steps, titles and texts are no edits: they change nothing of what is planned. A changed duration is
    one of each step whose time may depend on a visit's end. A step that is gone and one that is new with the same
    text or question are one that was renamed.
    """
    found = (*_kept_and_added(old, new), *_removed(old, new))
    names = _renamed(found)
    return tuple(replace(it, renamed=names[it.step]) if it.step in names else it for it in found)


def _renamed(found: Iterable[Edit]) -> Mapping[str, str]:
    """Pair what is gone with what is new, the likest first; return each one's other name."""
    gone = [it.before for it in found if it.after is None and it.before]
    new = [it.after for it in found if it.before is None and it.after]
    pairs = sorted(
        ((_likeness(old, it), old.id, it.id) for old in gone for it in new), key=lambda it: it[0], reverse=True
    )
    names: dict[str, str] = {}
    for likeness, old_name, new_name in pairs:
        if any(likeness) and old_name not in names and new_name not in names:
            names |= {old_name: new_name, new_name: old_name}
    return names


def _likeness(old: Step, new: Step) -> tuple[bool, ...]:
    """Return how much one is the other: nothing where a reply brings about only one of them."""
    if isinstance(old.timing, AfterReply) != isinstance(new.timing, AfterReply):
        return ()
    text, question = old.template == new.template, old.ask is not None and old.ask == new.ask
    return (text and question, text, question, (text or question) and old.timing == new.timing)


def _kept_and_added(old: Protocol, new: Protocol) -> Iterator[Edit]:
    lasts = (old.duration, new.duration) if old.duration != new.duration else None
    for step in new.steps:
        before = old.step(step.id)
        durations = lasts if before and (_counts_from_end(before) or _counts_from_end(step)) else None
        if before != step or durations:
            yield Edit(new.treatment, step.id, before, step, durations)


def _removed(old: Protocol, new: Protocol) -> Iterator[Edit]:
    for step in old.steps:
        if new.step(step.id) is None:
            yield Edit(new.treatment, step.id, step, None)


def _counts_from_end(step: Step) -> bool:
    """Whether it counts from the visit's end, or is so soon that the end may hold it back."""
    timing = step.timing
    return isinstance(timing, After) and (timing.span.on_clock or timing.span.elapsed <= timedelta(days=1))


def longest_reach(protocols: Iterable[Protocol]) -> timedelta:
    """Return how long after a visit's start the last of these protocols' messages may still be useful, generously.

    What an edit adds or moves can reach no visit that is older.
    """
    steps = [step for protocol in protocols for step in protocol.steps]
    planned = max((_reach(step) for step in steps), default=timedelta(0))
    replies = max((_after_reply(step) for step in steps), default=timedelta(0))
    return min(planned + _ROUNDS * replies + _ANSWERED_WITHIN + _SLACK, _A_LIFE)


def _reach(step: Step) -> timedelta:
    match step.timing:
        case After(span):
            return _longest(span) + _useful(step)
        case Between(_, end):
            return _longest(end) + _useful(step)
        case Before() | AfterReply():
            return timedelta(0)


def _after_reply(step: Step) -> timedelta:
    waits = _longest(step.timing.wait) + _useful(step) if isinstance(step.timing, AfterReply) else timedelta(0)
    reminds = _longest(step.remind.after) + _useful(step) if step.remind else timedelta(0)
    return waits + reminds


def _useful(step: Step) -> timedelta:
    return _longest(step.useful_for) if step.useful_for else timedelta(days=1)


def _longest(span: Span) -> timedelta:
    return span.elapsed * _LONGEST_MONTH if span.unit is Unit.MONTHS else span.elapsed
