"""What becomes of late messages: those whose due instant passed before they could go out (design: "Never stale")."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from scheduler.domain.hours import SendingHours
from scheduler.domain.protocol import IfLate, Purpose
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Status


class Unit(NamedTuple):
    """One step of one visit, once: its messages on several channels neither replace each other nor are spaced."""

    visit: Hashable
    step: str
    occurrence: int = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the patient was sent, or may have been, at `sent_at`. Instants are aware UTC."""

    unit: Unit
    purpose: Purpose
    planned_at: datetime
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Fresh:
    """A message that is due without being late, and goes out."""

    unit: Unit
    purpose: Purpose
    planned_at: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """One late message of a patient. All instants are aware UTC.

    `key` names it in the answer. `planned_at` says which of two is the later word: a deferral does not change it.
    It does not go out before `try_at`, when it is one that waits for another try.
    """

    key: Hashable
    unit: Unit
    purpose: Purpose
    planned_at: datetime
    due_at: datetime
    useful_until: datetime
    if_late: IfLate
    ask: str | None
    hours: SendingHours
    try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of it: `scheduled` goes out at `at`; `expired` and `held` do not. `reasons` say what moved it."""

    status: Status
    at: datetime
    reasons: tuple[Reason, ...]


def is_late(due_at: datetime, *, now: datetime, late_after: timedelta) -> bool:
    """Whether a message going out now would be late: more than `late_after` past its due instant."""
    return now - due_at > late_after


def settle_late(
    late: Sequence[Late],
    *,
    now: datetime,
    spacing: timedelta,
    fresh: Sequence[Fresh] = (),
    sent: Sequence[Sent] = (),
) -> Mapping[Hashable, Settled]:
    """Settle all late messages of one patient that nothing else keeps from being sent; a verdict for each key.

    1. What can't go out while it is useful expires; `drop` expires, `hold` waits for a person.
    2. A `collapse` message gives way to the latest of its visit and purpose that goes out, late or `fresh`, or was
       `sent`; one that asks never does.
    3. The rest go out in the order in which they were due, `spacing` apart and after what was sent last, within
       their hours.

    Of equal instants the one given later is the later.
    """
    verdicts = {message.key: _alone(message, now) for message in late}
    going = [message for message in late if verdicts[message.key].status is Status.SCHEDULED]
    latest = _latest([*sent, *fresh, *going])
    collapsed = {it.key: heir for it in going if _gives_way(it, heir := latest[_theme(it)])}
    for key, heir in collapsed.items():
        verdicts[key] = Settled(Status.EXPIRED, now, (because("collapsed", step=heir.unit.step),))
    return verdicts | _spaced([it for it in going if it.key not in collapsed], now, spacing, sent)


def _alone(message: Late, now: datetime) -> Settled:
    going = send_from(_earliest(message, now), message.hours, message.useful_until)
    if going.status is not Status.SCHEDULED:
        return going
    match message.if_late:
        case IfLate.DROP:
            return Settled(Status.EXPIRED, now, (because("late_dropped"),))
        case IfLate.HOLD:
            return Settled(Status.HELD, now, (because("late_held"),))
        case IfLate.SEND | IfLate.COLLAPSE:
            return going


def _earliest(message: Late, now: datetime) -> datetime:
    return max(now, message.try_at or now)


def _theme(message: Sent | Fresh | Late) -> tuple[Hashable, Purpose]:
    """Return what messages share of which the later one says what counts now."""
    return message.unit.visit, message.purpose


def _latest(messages: Sequence[Sent | Fresh | Late]) -> Mapping[tuple[Hashable, Purpose], Sent | Fresh | Late]:
    return {_theme(message): message for message in sorted(messages, key=lambda message: message.planned_at)}


def _gives_way(message: Late, latest: Sent | Fresh | Late) -> bool:
    return message.if_late is IfLate.COLLAPSE and not message.ask and latest.unit != message.unit


def _spaced(
    going: Sequence[Late], now: datetime, spacing: timedelta, sent: Sequence[Sent]
) -> dict[Hashable, Settled]:
    slots: dict[Hashable, datetime] = {}
    verdicts: dict[Hashable, Settled] = {}
    busy = [(it.unit, it.sent_at) for it in sent]
    for message in sorted(going, key=lambda message: (_earliest(message, now), message.due_at)):
        slot = slots.setdefault(message.unit, _free(message, now, spacing, busy))
        settled = send_from(slot, message.hours, message.useful_until)
        if slot > now:
            settled = replace(settled, reasons=(because("spaced", until_at=slot), *settled.reasons))
        if settled.status is Status.SCHEDULED:
            busy.append((message.unit, settled.at))
        verdicts[message.key] = settled
    return verdicts


def _free(message: Late, now: datetime, spacing: timedelta, busy: Sequence[tuple[Unit, datetime]]) -> datetime:
    """Return when a message may go out so that it is apart from what the patient gets of other steps."""
    return max([_earliest(message, now), *(at + spacing for unit, at in busy if unit != message.unit)])


def send_from(moment: datetime, hours: SendingHours, useful_until: datetime) -> Settled:
    """Settle a message that may go out from `moment` on: at the first allowed instant, or not at all if too late."""
    at, moved = hours.defer(moment, useful_until)
    if at < useful_until:
        return Settled(Status.SCHEDULED, at, moved)
    return Settled(Status.EXPIRED, at, (*moved, because("not_useful", until_at=useful_until)))
