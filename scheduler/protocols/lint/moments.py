"""Rules over the order of steps: two at one moment, an invitation in the middle of the aftercare."""

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations

from scheduler.domain.protocol import After, AfterReply, Before, Purpose, Timing
from scheduler.protocols.lint.sample import moment_of
from scheduler.protocols.lint.sound import Planned, Sound
from scheduler.protocols.problems import Problem


def same_moments(sound: Sound) -> Iterator[Problem]:
    """Yield steps that go out with an earlier one of the list: at its moment, on its channel, for its purpose."""
    for planned in sound.planned():
        for first, second in combinations(planned.protocol.steps, 2):
            shared = [channel for channel in first.channels if channel in second.channels]
            if shared and first.purpose is second.purpose and _together(first.timing, second.timing):
                message = f"goes out at the same moment as {first.id}, by {shared[0]} too"
                hint = "make it one step, or give it another time"
                yield sound.problem(planned, second, "id", code="same-moment", message=message, hint=hint)


def _together(one: Timing, other: Timing) -> bool:
    if isinstance(one, AfterReply) and isinstance(other, AfterReply):
        here, there = (one.to, one.wait, one.at), (other.to, other.wait, other.at)
        return here == there and bool(one.triage & other.triage)
    return one == other


def recalls_before_care(sound: Sound) -> Iterator[Problem]:
    """Yield invitations to the next session that go out before the last aftercare of this one."""
    for planned in sound.planned():
        last, ends = _last_care(planned)
        for step in planned.protocol.steps:
            moment = moment_of(step, planned)
            if (
                ends
                and moment
                and step.purpose is Purpose.RECALL
                and not isinstance(step.timing, Before)
                and moment < ends
            ):
                message = f"invites to the next session before {last}, which is still aftercare of this one"
                hint = f"send it after {last}"
                yield sound.problem(planned, step, "id", code="recall-before-care", message=message, hint=hint)


def _last_care(planned: Planned) -> tuple[str, datetime | None]:
    cares = [
        (moment, step.id)
        for step in planned.protocol.steps
        if step.purpose is Purpose.CARE and isinstance(step.timing, After) and (moment := moment_of(step, planned))
    ]
    moment, name = max(cares, default=(None, ""))
    return name, moment
