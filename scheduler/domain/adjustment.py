"""One patient, one exception: a step of one visit that is skipped, put at another instant, or noted upon."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from scheduler.domain.appointment import Appointment, Reach
from scheduler.domain.clinic import Clinic
from scheduler.domain.followup import is_reminder
from scheduler.domain.hours import sending_hours
from scheduler.domain.lateness import Settled, send_from
from scheduler.domain.localtime import move
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.planning import plan
from scheduler.domain.protocol import AfterReply, Before, Protocol, Step
from scheduler.domain.reasons import Reason, because, counted_part
from scheduler.domain.states import Status


class AdjustmentKind(StrEnum):
    """What a person decided otherwise about one step of one visit."""

    SKIP = "skip"
    """It is not sent."""
    MOVE = "move"
    """It goes out at another instant."""
    NOTE = "note"
    """It stays as it is, and something is to be known about it."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A person's word on one step of a visit, in force. `at` is aware UTC, and there for a move only."""

    step: str
    kind: AdjustmentKind
    by: str
    at: datetime | None = None


Adjustments = Mapping[str, Adjustment]
"""What is in force for one visit, by step."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the plan of one visit is made from: the protocol that it goes by, and for whom."""

    protocol: Protocol
    clinic: Clinic
    appointment: Appointment
    reach: Reach


def plan_adjusted(
    occasion: Occasion, adjustments: Adjustments, *, now: datetime, late_after: timedelta, late_spacing: timedelta
) -> tuple[PlannedMessage, ...]:
    """Plan as `planning.plan` does, with what a person decided otherwise; in the order in which they are due.

    A step that does not go out, or not then, takes no other's place: it is planned apart from the rest.
    """
    protocol, clinic, appointment, reach = occasion.protocol, occasion.clinic, occasion.appointment, occasion.reach

    def planned(protocol: Protocol) -> tuple[PlannedMessage, ...]:
        return plan(protocol, clinic, appointment, reach, now=now, late_after=late_after, late_spacing=late_spacing)

    apart = {step for step, it in adjustments.items() if it.kind is not AdjustmentKind.NOTE}
    if not apart:
        return planned(protocol)
    usual = planned(replace(protocol, steps=tuple(step for step in protocol.steps if step.id not in apart)))
    others = planned(replace(protocol, steps=tuple(step for step in protocol.steps if step.id in apart)))
    both = (*usual, *adjusted(others, adjustments, occasion, now=now))
    return tuple(sorted(both, key=attrgetter("due_at")))


def adjusted(
    planned: Iterable[PlannedMessage], adjustments: Adjustments, occasion: Occasion, *, now: datetime
) -> tuple[PlannedMessage, ...]:
    """Return planned messages as a person wants those of adjusted steps; the others, and all others' order, stay.

    What is skipped is planned as cancelled, so that its place says why it stays empty. What is put elsewhere keeps
    the length of its usefulness, quiet hours hold for it, and it goes out at once where the instant has passed.
    Where a reply brings a step about only after that instant, the step comes as the protocol says.
    """

    def one(item: PlannedMessage) -> PlannedMessage:
        wish, step = adjustments.get(item.step), occasion.protocol.step(item.step)
        if wish is None or step is None:
            return item
        if wish.kind is AdjustmentKind.SKIP:
            return _skipped(item, wish)
        if wish.at is None or is_reminder(item.reasons) or (isinstance(step.timing, AfterReply) and wish.at < now):
            return item
        put = replace(item, planned_at=wish.at, useful_until=_useful_until(item, step, wish.at, occasion))
        why = (*counted_part(item.reasons), because("put", by=wish.by, from_at=item.planned_at, to_at=wish.at))
        hours = sending_hours(step, occasion.clinic, occasion.reach.timezone)
        return _settled(put, why, send_from(max(wish.at, now), hours, put.useful_until), now)

    return tuple(map(one, planned)) if adjustments else tuple(planned)


def _skipped(item: PlannedMessage, wish: Adjustment) -> PlannedMessage:
    why = (*counted_part(item.reasons), because("skipped", by=wish.by))
    return replace(item, status=Status.CANCELLED, due_at=item.planned_at, reasons=why)


def _settled(item: PlannedMessage, why: tuple[Reason, ...], going: Settled, now: datetime) -> PlannedMessage:
    late = (because("registered_late", due_at=item.planned_at),) if item.planned_at < now else ()
    # What does not go out keeps the instant that it was due at: that is what its reasons speak of.
    due_at = going.at if going.status is Status.SCHEDULED else item.planned_at
    return replace(item, due_at=due_at, status=going.status, reasons=(*why, *late, *going.reasons))


def _useful_until(item: PlannedMessage, step: Step, at: datetime, occasion: Occasion) -> datetime:
    """Let usefulness move along; what comes before a visit never is useful once that has begun."""
    zone = occasion.reach.timezone or occasion.clinic.timezone
    along = move(at, step.useful_for, zone) if step.useful_for else at + (item.useful_until - item.planned_at)
    if not isinstance(step.timing, Before):
        return along
    starts_at = occasion.appointment.starts_at
    return min(along, starts_at) if step.useful_for else starts_at
