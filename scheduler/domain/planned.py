"""What planning makes: one message of one step on one channel, with its times and its reason."""

from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.reasons import Reason
from scheduler.domain.states import Status


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """One message to be. All instants are aware UTC.

    `planned_at` is the nominal instant, before quiet hours, closures and grace moved it to `due_at`.
    `useful_until` counts from `planned_at`. `fallback` are the channels still to try, in order, for `first_of`.
    `status` is scheduled, or already expired or held where the registration came late.
    """

    step: str
    channel: Channel
    occurrence: int
    purpose: Purpose
    planned_at: datetime
    due_at: datetime
    useful_until: datetime
    if_late: IfLate
    ask: str | None
    fallback: tuple[Channel, ...]
    status: Status
    reasons: tuple[Reason, ...]
