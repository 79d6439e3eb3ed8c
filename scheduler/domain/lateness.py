"""What becomes of late messages: those whose due instant passed before they could go out (design: "Never stale")."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.domain.hours import SendingHours
from scheduler.domain.protocol import IfLate, Purpose
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Status


@dataclass(frozen=True, slots=True)
class Late:
    """One late message of a patient. All instants are aware UTC.

    `key` names it in the answer. `unit` is what the messages of one step on several channels share: they do not
    take each other's place and are not spaced apart.
    """

    key: Hashable
    unit: Hashable
    step: str
    purpose: Purpose
    due_at: datetime
    useful_until: datetime
    if_late: IfLate
    ask: str | None
    hours: SendingHours


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of it: `scheduled` goes out at `at`; `expired` and `held` do not. `reasons` say what moved it."""

    status: Status
    at: datetime
    reasons: tuple[Reason, ...]


def is_late(due_at: datetime, *, now: datetime, late_after: timedelta) -> bool:
    """Whether a message going out now would be late: more than `late_after` past its due instant."""
    return now - due_at > late_after


def settle_late(late: Sequence[Late], *, now: datetime, spacing: timedelta) -> Mapping[Hashable, Settled]:
    """Settle all late messages of one patient that nothing else keeps from being sent; a verdict for each key.

    1. What can't go out while it is useful expires; `drop` expires, `hold` waits for a person.
    2. A `collapse` message gives way to the latest of its purpose that still goes out; one that asks never does.
    3. The rest go out in the order in which they were due, `spacing` apart, within their hours.

    Of equal due instants the one given later is the later.
    """
    ordered = sorted(late, key=lambda message: message.due_at)
    verdicts = {message.key: _alone(message, now) for message in ordered}
    going = [message for message in ordered if verdicts[message.key].status is Status.SCHEDULED]
    latest = {message.purpose: message for message in going}
    collapsed = {m.key: m for m in going if _gives_way(m, latest[m.purpose])}
    for message in collapsed.values():
        why = because("collapsed", step=latest[message.purpose].step)
        verdicts[message.key] = Settled(Status.EXPIRED, now, (why,))
    verdicts |= _spaced([message for message in going if message.key not in collapsed], now, spacing)
    return verdicts


def _alone(message: Late, now: datetime) -> Settled:
    going = send_from(now, message.hours, message.useful_until)
    if going.status is not Status.SCHEDULED:
        return going
    match message.if_late:
        case IfLate.DROP:
            return Settled(Status.EXPIRED, now, (because("late_dropped"),))
        case IfLate.HOLD:
            return Settled(Status.HELD, now, (because("late_held"),))
        case IfLate.SEND | IfLate.COLLAPSE:
            return going


def _gives_way(message: Late, latest: Late) -> bool:
    return message.if_late is IfLate.COLLAPSE and not message.ask and latest.unit != message.unit


def _spaced(going: Sequence[Late], now: datetime, spacing: timedelta) -> dict[Hashable, Settled]:
    slots: dict[Hashable, datetime] = {}
    free, verdicts = now, {}
    for message in going:
        slot = slots.setdefault(message.unit, free)
        settled = send_from(slot, message.hours, message.useful_until)
        if slot > now:
            settled = replace(settled, reasons=(because("spaced", until_at=slot), *settled.reasons))
        if settled.status is Status.SCHEDULED:
            free = max(free, settled.at + spacing)
        verdicts[message.key] = settled
    return verdicts


def send_from(moment: datetime, hours: SendingHours, useful_until: datetime) -> Settled:
    """Settle a message that may go out from `moment` on: at the first allowed instant, or not at all if too late."""
    at, moved = hours.defer(moment, useful_until)
    if at < useful_until:
        return Settled(Status.SCHEDULED, at, moved)
    return Settled(Status.EXPIRED, at, (*moved, because("not_useful", until_at=useful_until)))
