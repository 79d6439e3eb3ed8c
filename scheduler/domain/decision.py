"""The one place that decides whether a message goes out, and says why. Dispatch and timelines both call it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scheduler.domain.appointment import Appointment, AppointmentStatus
from scheduler.domain.consent import Consent, address_of
from scheduler.domain.hours import SendingHours
from scheduler.domain.lateness import Fresh, Late, Sent, Settled, Unit, is_late, send_from, settle_late
from scheduler.domain.protocol import Before, Channel, IfLate, Purpose, Step
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Status


class Kind(StrEnum):
    """What is to be done with a message now."""

    SEND = "send"
    WAIT = "wait"
    """Not yet: it goes out later, at the instant that the decision names."""
    MEND = "mend"
    """It would go out, but somebody has to mend something first; it is looked at again soon, while it is useful."""
    EXPIRE = "expire"
    SUPPRESS = "suppress"
    CANCEL = "cancel"
    HOLD = "hold"


STATUS_AFTER: Mapping[Kind, Status] = {
    Kind.WAIT: Status.SCHEDULED,
    Kind.MEND: Status.SCHEDULED,
    Kind.EXPIRE: Status.EXPIRED,
    Kind.SUPPRESS: Status.SUPPRESSED,
    Kind.CANCEL: Status.CANCELLED,
    Kind.HOLD: Status.HELD,
}
"""The status that a decision moves a message to; one that is sent goes on to `sending`."""

LOOK_AGAIN = timedelta(minutes=10)
"""How long what has to be mended gets: an edit of a text or a clinic's file, a key."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that is still to go out, as the store has it; `key` is its id, instants are aware UTC.

    `try_at`: it waits until then, when it was tried before or put off.
    """

    key: int
    appointment: Hashable
    step: str
    occurrence: int
    channel: Channel
    purpose: Purpose
    planned_at: datetime
    due_at: datetime
    try_at: datetime
    useful_until: datetime
    if_late: IfLate
    ask: str | None = None
    fallback: tuple[Channel, ...] = ()

    @property
    def unit(self) -> Unit:
        """What it shares with the same step's messages on other channels."""
        return Unit(self.appointment, self.step, self.occurrence)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is bound late: looked up at the moment of deciding, never at registration.

    `step` is the message's step, None when the protocol that this process read does not have it. `consents` are for
    the message's purpose, for every channel of `addresses`, stops included. `rebooked`: the same patient has a later
    appointment for the same treatment, booked or over. `template_error` is why the text can't be rendered.
    """

    appointment: Appointment
    step: Step | None
    hours: SendingHours
    addresses: frozenset[Channel]
    consents: Mapping[Channel, Consent]
    rebooked: bool = False
    template_error: str | None = None

    def bars(self, channel: Channel) -> Reason | None:
        """Return why that channel can't be used for this patient, None where it can."""
        if channel not in self.addresses:
            return because("no_address", address=address_of(channel))
        return self.consents[channel].refused

    def open_channel(self, among: Sequence[Channel]) -> Channel | None:
        """Return the first of these channels that can be used; also where a hand-over failed for good."""
        return next((channel for channel in among if self.bars(channel) is None), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a message, and why, in order.

    `at` is when it goes out: now for SEND, later for WAIT; for MEND when it is looked at again; else None.
    `fallback`, on SUPPRESS only, is the channel that takes its place: whoever carries the decision out adds it.
    """

    kind: Kind
    reasons: tuple[Reason, ...] = ()
    at: datetime | None = None
    fallback: Channel | None = None


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
) -> tuple[Decision, ...]:
    """Decide messages of one patient whose due instants have passed, one decision for each, in their order.

    `sent` is what the patient got lately, or may have got.

    1. What keeps a message from being sent at all, see `_refusal`; such a message collapses no other.
    2. Late ones are settled together by `if_late`; the others wait for allowed hours or are sent.
    """
    refused = {message.key: _refusal(message, situation, now) for message, situation in cases}
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


def foresee(
    message: Pending, situation: Situation, *, planned_for: datetime, now: datetime, late_after: timedelta
) -> tuple[Reason, ...]:
    """Say what will become of a message that waits for `planned_for`, as far as it is known at `now`.

    The reasons follow those of the plan: "… will be sent at …" or "… will not be sent; …".
    """
    decision = decide(message, situation, now=max(planned_for, now), late_after=late_after)
    if decision.kind is Kind.MEND and decision.at:
        return (*decision.reasons, because("will_look_again", at=decision.at))
    if decision.at:
        return (*decision.reasons, because("will_send", at=decision.at))
    outcome = "will_hold" if decision.kind is Kind.HOLD else "will_not_send"
    return (because(outcome), *decision.reasons)


def until_mended(reason: Reason, *, now: datetime, useful_until: datetime) -> Decision:
    """Return the decision on a message that a fault of ours keeps back: looked at again while it is useful."""
    if now >= useful_until:
        return Decision(Kind.EXPIRE, (reason, because("not_useful", until_at=useful_until)))
    return Decision(Kind.MEND, (reason,), min(now + LOOK_AGAIN, useful_until))


def _refusal(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    """Return what keeps a message from going out at all; the first that applies, gravest first.

    Cancelled, no-show, past its usefulness or (for `before`) past the start, the step unknown here, not attended yet,
    rebooked, no address or no consent, no text.
    """
    return (
        _visit_refuses(situation.appointment)
        or _time_refuses(message, situation, now)
        or _step_refuses(message, situation, now)
        or _channel_refuses(message, situation)
        or _text_refuses(message, situation, now)
    )


def _visit_refuses(appointment: Appointment) -> Decision | None:
    match appointment.status:
        case AppointmentStatus.CANCELLED:
            return Decision(Kind.CANCEL, (because("appointment_cancelled"),))
        case AppointmentStatus.NO_SHOW:
            return Decision(Kind.CANCEL, (because("no_show"),))
        case AppointmentStatus.BOOKED | AppointmentStatus.COMPLETED:
            return None


def _time_refuses(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    until = message.useful_until
    if situation.step and isinstance(situation.step.timing, Before):
        until = min(until, situation.appointment.starts_at)
    return Decision(Kind.EXPIRE, (because("not_useful", until_at=until),)) if now >= until else None


def _step_refuses(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    step, appointment = situation.step, situation.appointment
    if step is None:  # A process that read older files must not throw away what newer ones planned.
        return until_mended(because("step_gone"), now=now, useful_until=message.useful_until)
    begun = now >= appointment.starts_at or appointment.status is AppointmentStatus.COMPLETED
    if not begun and not isinstance(step.timing, Before):
        return Decision(Kind.WAIT, (because("not_attended", until_at=appointment.starts_at),), appointment.starts_at)
    if situation.rebooked and "next_appointment" in step.unless:
        return Decision(Kind.SUPPRESS, (because("next_appointment"),))
    return None


def _channel_refuses(message: Pending, situation: Situation) -> Decision | None:
    barred = situation.bars(message.channel)
    if barred is None:
        return None
    return Decision(Kind.SUPPRESS, (barred,), fallback=situation.open_channel(message.fallback))


def _text_refuses(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    if situation.template_error is None:
        return None
    reason = because("no_template", error=situation.template_error)
    return until_mended(reason, now=now, useful_until=message.useful_until)


def _late(message: Pending, hours: SendingHours) -> Late:
    return Late(
        key=message.key,
        unit=message.unit,
        purpose=message.purpose,
        planned_at=message.planned_at,
        due_at=message.due_at,
        useful_until=message.useful_until,
        if_late=message.if_late,
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
            return Decision(Kind.HOLD, settled.reasons)
        case _:
            kind = Kind.SEND if settled.at <= now else Kind.WAIT
            return Decision(kind, settled.reasons, settled.at)
