"""A step that an edit renamed: what was told, or taken away by a person, under its old name holds for the new one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from scheduler.domain.adjustment import Adjustments
from scheduler.domain.followup import is_beside_plan
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Protocol
from scheduler.domain.reasons import because, counted_part
from scheduler.domain.states import IN_HAND, REPLANNABLE, UNSENT, Status
from scheduler.store.messages import Message

BY_PERSON = frozenset({"operator", "said_already"})
"""Why a message was taken away for good, whatever its step is called."""

Renamed = Mapping[str, str]
"""The old names of steps by their new ones."""


def as_renamed(messages: Iterable[Message], renamed: Renamed) -> tuple[Message, ...]:
    """Return what stands under an old name as messages of the new one: what a provider has, had or may have.

    What a person dropped counts as that too: it is not sent under another name.
    """
    new_name = {old: new for new, old in renamed.items()}
    mine = [it for it in messages if it.step in new_name and _stands(it)]
    return tuple(
        replace(it, step=new_name[it.step], status=Status.UNKNOWN if it.status in REPLANNABLE else it.status)
        for it in mine
    )


def exceptions_renamed(exceptions: Adjustments, renamed: Renamed) -> Adjustments:
    """Return a visit's exceptions with those on old names under the new ones as well."""
    moved = {new: old for new, old in renamed.items() if old in exceptions and new not in exceptions}
    return {**exceptions, **{new: replace(exceptions[old], step=new) for new, old in moved.items()}}


def is_told(item: PlannedMessage, stood: Iterable[Message], messages: Iterable[Message], renamed: Renamed) -> bool:
    """Whether a planned message was told under the old name on another channel; not where it waits on its own."""
    same = [it for it in stood if (it.step, it.occurrence) == (item.step, item.occurrence)]
    if not any(it.status in IN_HAND for it in same):
        return False
    old = renamed[item.step]
    return not any(it.step == old and it.channel is item.channel and it.status in UNSENT for it in messages)


def told_before(
    stood: Iterable[Message], messages: Sequence[Message], renamed: Renamed
) -> Iterator[tuple[Message | None, PlannedMessage]]:
    """Yield what of new names is to be kept as told already, so that no later plan sends it.

    With each, the message that is there under that name; None where there is none. What is in hand there is left out.
    """
    there = {(it.step, it.channel, it.occurrence): it for it in messages}
    for it in stood:
        known = there.get((it.step, it.channel, it.occurrence))
        if it.status in IN_HAND and not is_beside_plan(it.reasons) and (known is None or known.status in REPLANNABLE):
            kept = PlannedMessage(
                step=it.step,
                channel=it.channel,
                occurrence=it.occurrence,
                purpose=it.purpose,
                planned_at=it.planned_at,
                due_at=it.due_at,
                useful_until=it.useful_until,
                if_late=it.if_late,
                ask=None,  # the answer is that to the message of the old name
                fallback=(),
                status=Status.SUPPRESSED,
                reasons=(*counted_part(it.reasons), because("renamed", step=renamed[it.step])),
            )
            yield known, kept


def name_now(protocol: Protocol, step: str, messages: Iterable[Message]) -> str:
    """Return how the step of a message that was sent is called now, as the visit's messages tell; else as then."""
    if protocol.step(step):
        return step
    for it in messages:
        last = it.reasons[-1]
        if last.code == "renamed" and dict(last.params)["step"] == step:
            return name_now(protocol, it.step, ())
    return step


def _stands(message: Message) -> bool:
    by_person = message.status not in UNSENT and message.reasons[-1].code in BY_PERSON
    return message.status not in REPLANNABLE or by_person
