"""What keeps a message from going out, by itself: the first thing that applies, gravest first, the brakes last."""

from datetime import datetime, timedelta

from scheduler.domain.appointment import Appointment, AppointmentStatus
from scheduler.domain.circuit import look_again
from scheduler.domain.protocol import AfterReply, Before, Purpose
from scheduler.domain.reasons import Reason, because
from scheduler.domain.situation import Decision, Kind, Pending, Situation
from scheduler.domain.states import Brake

LOOK_AGAIN = timedelta(minutes=10)
"""How long what has to be mended gets: an edit of a text or a clinic's file, a key."""


def refusal(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    """Return what keeps a message from going out at all; the first that applies, gravest first.

    Cancelled, no-show, past its usefulness or (for `before`) past the start, the step unknown here, not attended yet,
    answered, rebooked, no address or no consent, not approved, no text. Then the brakes, for what would go out else.
    """
    return (
        _visit_refuses(situation.appointment)
        or _time_refuses(message, situation, now)
        or _step_refuses(message, situation, now)
        or _channel_refuses(message, situation)
        or _approval_refuses(message, situation, now)
        or _text_refuses(message, situation, now)
        or _alarm_keeps(message, situation, now)
        or _pause_keeps(message, situation, now)
        or _circuit_keeps(message, situation, now)
        or _person_decides(message, situation)
    )


def until_mended(reason: Reason, *, now: datetime, useful_until: datetime) -> Decision:
    """Return the decision on a message that a fault of ours keeps back: looked at again while it is useful."""
    if now >= useful_until:
        return Decision(Kind.EXPIRE, (reason, because("not_useful", until_at=useful_until)))
    return Decision(Kind.MEND, (reason,), min(now + LOOK_AGAIN, useful_until))


def _visit_refuses(appointment: Appointment) -> Decision | None:
    match appointment.status:
        case AppointmentStatus.CANCELLED:
            return Decision(Kind.CANCEL, (because("appointment_cancelled"),))
        case AppointmentStatus.NO_SHOW:
            return Decision(Kind.CANCEL, (because("no_show"),))
        case AppointmentStatus.BOOKED | AppointmentStatus.COMPLETED:
            return None


def _time_refuses(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    until = _useful_until(message, situation)
    if now < until:
        return None
    return Decision(Kind.EXPIRE, (*message.kept_by, because("not_useful", until_at=until)))


def _useful_until(message: Pending, situation: Situation) -> datetime:
    """Return when it stops helping: what prepares for a visit does so at the visit's start, wherever that is now."""
    if situation.step and isinstance(situation.step.timing, Before):
        return min(message.useful_until, situation.appointment.starts_at)
    return message.useful_until


def _step_refuses(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    step, appointment = situation.step, situation.appointment
    if step is None:  # A process that read older files must not throw away what newer ones planned.
        return until_mended(because("step_gone"), now=now, useful_until=message.useful_until)
    begun = now >= appointment.starts_at or appointment.status is AppointmentStatus.COMPLETED
    if not begun and not isinstance(step.timing, Before | AfterReply):  # who answered was there
        return Decision(Kind.WAIT, (because("not_attended", until_at=appointment.starts_at),), appointment.starts_at)
    if situation.answered:
        return Decision(Kind.CANCEL, (because("answered"),))
    if situation.rebooked and "next_appointment" in step.unless:
        return Decision(Kind.SUPPRESS, (because("next_appointment"),))
    return None


def _channel_refuses(message: Pending, situation: Situation) -> Decision | None:
    barred = situation.bars(message.channel)
    if barred is None:
        return None
    return Decision(Kind.SUPPRESS, (barred,), fallback=situation.open_channel(message.fallback))


def _approval_refuses(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    if situation.unapproved is None:
        return None
    return until_mended(situation.unapproved, now=now, useful_until=_useful_until(message, situation))


def _text_refuses(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    if situation.template_error is None:
        return None
    reason = because("no_template", error=situation.template_error)
    return until_mended(reason, now=now, useful_until=message.useful_until)


def _alarm_keeps(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    """Let what is no care wait while a person has to see to this patient; whoever closes the alert wakes it."""
    if not situation.alarmed or message.purpose is Purpose.CARE:
        return None
    at = look_again(now, useful_until=_useful_until(message, situation))
    return Decision(Kind.WAIT, (because("alarm"),), at, brake=Brake.ALARM)


def _pause_keeps(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    """Let it wait while it is useful; whoever lifts the pause wakes it.

    Where another channel of `first_of` is not paused, that takes over when half of the usefulness has gone.
    """
    paused = situation.paused or {}
    pause = paused.get(message.channel)
    if pause is None:
        return None
    shut = {*paused, *(situation.refusing or {})}
    other = situation.open_channel([channel for channel in message.fallback if channel not in shut])
    if other and now >= message.half_over_at:
        return Decision(Kind.SUPPRESS, (pause.reason,), fallback=other)
    until = _useful_until(message, situation)
    wait_until = min(until, message.half_over_at) if other else until
    return Decision(Kind.WAIT, (pause.reason,), wait_until, brake=Brake.PAUSE)


def _circuit_keeps(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    """Let it wait while it is useful; it is woken when the provider takes messages again.

    Where another channel of `first_of` works, that takes over when half of the usefulness has gone.
    """
    refusing = situation.refusing or {}
    if message.channel not in refusing:
        return None
    reason = because("circuit", error=refusing[message.channel])
    shut = {*refusing, *(situation.paused or {})}
    other = situation.open_channel([channel for channel in message.fallback if channel not in shut])
    if other and now >= message.half_over_at:
        return Decision(Kind.SUPPRESS, (reason,), fallback=other)
    until = _useful_until(message, situation)
    at = look_again(now, useful_until=until, gives_way_at=message.half_over_at if other else None)
    return Decision(Kind.WAIT, (reason,), at, brake=Brake.CIRCUIT)


def _person_decides(message: Pending, situation: Situation) -> Decision | None:
    if situation.kept is None or message.released:
        return None
    return Decision(Kind.HOLD, (situation.kept.reason,), brake=situation.kept.brake)
