"""The one place that decides whether a message goes out, and says why. Dispatch and timelines both call it."""

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scheduler.domain.advice import Catalogue
from scheduler.domain.brakes import over_cap
from scheduler.domain.hours import SendingHours
from scheduler.domain.lateness import Fresh, Late, Sent, Settled, Unit, is_late, send_from, settle_late
from scheduler.domain.merging import join, spoken_for
from scheduler.domain.protocol import IfLate
from scheduler.domain.reasons import Reason, because
from scheduler.domain.refusal import refusal
from scheduler.domain.situation import Decision, Kind, Pending, Situation
from scheduler.domain.states import Brake, Status


def decide(message: Pending, situation: Situation, *, now: datetime, late_after: timedelta) -> Decision:
    """Decide one message by itself, as if it went out at `now`; it can't be collapsed or spaced."""
    return decide_together([(message, situation)], now=now, late_after=late_after, late_spacing=timedelta(0))[0]


def decide_together(
    cases: Sequence[tuple[Pending, Situation]],
    *,
    now: datetime,
    late_after: timedelta,
    late_spacing: timedelta,
    sent: Sequence[Sent] = (),
    most_a_day: int | None = None,
    soon: Sequence[tuple[Pending, Situation]] = (),
    catalogue: Catalogue | None = None,
) -> tuple[Decision, ...]:
    """Decide messages of one patient whose due instants have passed, one decision for each, in their order.

    `sent` is what the patient got lately, or may have got: at least since the day began. `soon` is what is due
    within the window in which messages of several visits become one; `catalogue` says which advice contradicts.

    1. What keeps a message from being sent at all, see `refusal`; such a message collapses no other. Of `first_of`
       nothing goes out on a second channel while the first has it, or may have it.
    2. Late ones are settled together by `if_late`; the others wait for allowed hours or are sent.
    3. What goes out of several visits is merged, or held where it contradicts; see `merging.join`.
    4. Of more than `most_a_day` a person decides; so all are decided again with that known.
    """
    decisions = _decide_together(cases, now=now, late_after=late_after, late_spacing=late_spacing, sent=sent)
    joined = [(*case, decision) for case, decision in zip(cases, decisions, strict=True)]
    later = [(*case, decide(*case, now=max(now, case[0].due_at), late_after=late_after)) for case in soon]
    decisions = join(joined, later, now=now, catalogue=catalogue or Catalogue())
    if most_a_day is None:
        return decisions
    sends = [case for case, it in zip(cases, decisions, strict=True) if it.kind is Kind.SEND]
    kept = over_cap(
        [(it.key, there.hours.zone) for it, there in sorted(sends, key=_in_turn) if not it.released],
        sent_at=[*(it.sent_at for it in sent), *(now for message, _ in sends if message.released)],
        most=most_a_day,
        now=now,
    )
    if not kept:
        return decisions
    known = [
        (message, replace(situation, kept=kept.get(message.key, situation.kept))) for message, situation in cases
    ]
    return decide_together(
        known,
        now=now,
        late_after=late_after,
        late_spacing=late_spacing,
        sent=sent,
        most_a_day=most_a_day,
        soon=soon,
        catalogue=catalogue,
    )


def _decide_together(
    cases: Sequence[tuple[Pending, Situation]],
    *,
    now: datetime,
    late_after: timedelta,
    late_spacing: timedelta,
    sent: Sequence[Sent],
) -> tuple[Decision, ...]:
    said = {it.unit for it in sent}
    refused = {
        message.key: _said_already(message, situation, said)
        or spoken_for(message, situation, now)
        or refusal(message, situation, now)
        for message, situation in cases
    }
    # By id: two engines that each hold one of two due at once must not both collapse theirs into the other's.
    going = sorted((case for case in cases if refused[case[0].key] is None), key=lambda case: case[0].key)
    on_time = {message.key: send_from(now, situation.hours, message.useful_until) for message, situation in going}
    late = {message.key for message, _ in going if is_late(message.due_at, now=now, late_after=late_after)}
    settled = settle_late(
        [_late(message, situation.hours) for message, situation in going if message.key in late],
        now=now,
        spacing=late_spacing,
        fresh=[_fresh(it) for it, _ in going if it.key not in late and on_time[it.key].status is Status.SCHEDULED],
        sent=sent,
    )
    return tuple(
        refused[message.key] or _carried_out(settled.get(message.key) or on_time[message.key], now)
        for message, _ in cases
    )


def _said_already(message: Pending, situation: Situation, said: Container[Unit]) -> Decision | None:
    step = situation.step
    if step is None or not step.first_of or message.unit not in said:
        return None
    return Decision(Kind.CANCEL, (because("said_already"),))


def foresee(
    message: Pending, situation: Situation, *, planned_for: datetime, now: datetime, late_after: timedelta
) -> tuple[Reason, ...]:
    """Say what will become of a message that waits for `planned_for`, as far as it is known at `now`.

    The reasons follow those of the plan: "… will be sent at …" or "… will not be sent; …".
    """
    decision = decide(message, situation, now=max(planned_for, now), late_after=late_after)
    if decision.kind is Kind.MEND and decision.at:
        return (*decision.reasons, because("will_look_again", at=planned_for if planned_for > now else decision.at))
    if decision.kind is Kind.WAIT and decision.brake:
        return (*decision.reasons, because("will_wait"))
    if decision.at:
        return (*decision.reasons, because("will_send", at=decision.at))
    outcome = "will_hold" if decision.kind is Kind.HOLD else "will_not_send"
    return (because(outcome), *decision.reasons)


def _in_turn(case: tuple[Pending, Situation]) -> tuple[datetime, int]:
    return case[0].due_at, case[0].key


def _late(message: Pending, hours: SendingHours) -> Late:
    return Late(
        key=message.key,
        unit=message.unit,
        purpose=message.purpose,
        planned_at=message.planned_at,
        due_at=message.due_at,
        useful_until=message.useful_until,
        if_late=IfLate.SEND if message.released and message.if_late is IfLate.HOLD else message.if_late,
        ask=message.ask,
        hours=hours,
        try_at=message.try_at,
    )


def _fresh(message: Pending) -> Fresh:
    return Fresh(message.unit, message.purpose, message.planned_at)


def _carried_out(settled: Settled, now: datetime) -> Decision:
    match settled.status:
        case Status.EXPIRED:
            return Decision(Kind.EXPIRE, settled.reasons)
        case Status.HELD:
            return Decision(Kind.HOLD, settled.reasons, brake=Brake.LATE)
        case _:
            kind = Kind.SEND if settled.at <= now else Kind.WAIT
            return Decision(kind, settled.reasons, settled.at)
