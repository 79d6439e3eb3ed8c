"""What the keys of one step must be together. Each rule yields faults; none stops at the first."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scheduler.domain.protocol import Weekday
from scheduler.domain.spans import Span, Unit
from scheduler.protocols.blocks import repeated
from scheduler.protocols.faults import Fault

if TYPE_CHECKING:
    from scheduler.protocols.protocol_file import BetweenBlock, StepBlock

WHEN = ("before", "after", "between", "after_reply")
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


# The same as far as a JSON Schema can say it: one of four, and what belongs together.
STEP_SHAPE: dict[str, Any] = {
    "oneOf": [{"required": [key]} for key in WHEN],
    "dependentRequired": {"between": ["at"], "on": ["between"], "remind": ["ask"]},
    "allOf": [
        {
            "if": {"properties": {key: {"pattern": "[mh]$"}}, "required": [key]},
            "then": {"not": {"required": ["at"]}},
        }
        for key in ("before", "after")
    ],
}


def step_faults(step: "StepBlock") -> Iterator[Fault]:
    """Yield everything in a step that can't be as it is."""
    said = [key for key in WHEN if getattr(step, key) is not None]
    if not said:
        yield Fault((), "missing-key", "does not say when", f"add one of {', '.join(WHEN)}")
    for key in said[1:]:
        yield Fault((key,), "conflicting-keys", f"can't stand beside {said[0]}", "a step says once when it is sent")
    if len(said) == 1:
        yield from _timing_faults(step)
    yield from _usefulness_faults(step)
    yield from _reminder_faults(step)
    yield from _list_faults(step)


def _timing_faults(step: "StepBlock") -> Iterator[Fault]:
    if step.before is not None and step.before.amount == 0:
        yield Fault(("before",), "bad-span", f"is no time before the appointment: {step.before}", "such as 1d")
    for key, span in (("before", step.before), ("after", step.after)):
        if span is not None:
            yield from _clock_faults(step, key, span)
    if step.after_reply is not None:
        yield from _clock_faults(step, "wait", step.after_reply.wait)
    if step.between is not None:
        yield from _between_faults(step, step.between)
    elif step.on is not None:
        yield Fault(("on",), "conflicting-keys", "goes only with between", "take it out, or use between")


def _clock_faults(step: "StepBlock", key: str, span: Span) -> Iterator[Fault]:
    """Minutes and hours elapse from an instant: a time of day beside them says two things."""
    if step.at is not None and span.on_clock:
        message = f"can't stand beside {key}: {span}, which counts on the clock"
        yield Fault(("at",), "conflicting-keys", message, f"take it out, or count {key} in days")


def _between_faults(step: "StepBlock", between: "BetweenBlock") -> Iterator[Fault]:
    if step.at is None:
        yield Fault(("at",), "missing-key", "is missing: between needs a time of day", 'such as at: "11:00"')
    on_clock = [key for key, span in _spans(between) if span.on_clock]
    for key in on_clock:
        message = "counts on the clock; a range is in days"
        yield Fault(("between", key), "bad-span", message, "use d, w or mo")
    if on_clock:
        return
    if not _surely_by(between.from_, between.to):
        message = f"ends at {between.to}, but begins at {between.from_}"
        yield Fault(("between", "to"), "impossible-range", message, "from comes first")
        return
    prefer = between.prefer or between.from_
    if not (_surely_by(between.from_, prefer) and _surely_by(prefer, between.to)):
        message = f"{prefer} lies outside {between.from_} to {between.to}"
        yield Fault(("between", "prefer"), "impossible-range", message)
    yield from _weekday_faults(step, between)


def _spans(between: "BetweenBlock") -> Iterator[tuple[str, Span]]:
    yield "from", between.from_
    yield "to", between.to
    if between.prefer is not None:
        yield "prefer", between.prefer


def _weekday_faults(step: "StepBlock", between: "BetweenBlock") -> Iterator[Fault]:
    """A range shorter than the longest gap between its weekdays holds none of them for some appointments."""
    if step.on is None:
        return
    days = _days(between.to)[0] - _days(between.from_)[1] + 1
    allowed = sorted(set(step.on))
    gap = max(
        (after - day - 1) % len(Weekday) + 1 for day, after in zip(allowed, allowed[1:] + allowed[:1], strict=True)
    )
    if days < gap:
        names = ", ".join(day.name.lower() for day in allowed)
        message = f"{between.from_} to {between.to} has no {names} for some appointments"
        yield Fault(("on",), "impossible-range", message, f"allow more days, or a range of {gap} days")


def _usefulness_faults(step: "StepBlock") -> Iterator[Fault]:
    useful = step.useful_for
    if useful is None:
        return
    if useful.amount == 0:
        yield Fault(("useful_for",), "bad-span", f"is never useful: {useful}", "such as 24h")
    if step.before is not None and step.before.amount and useful.elapsed > step.before.elapsed:
        message = f"{useful} reaches past the appointment, which is {step.before} after this step"
        yield Fault(("useful_for",), "impossible-range", message, "take it out: it is useful until the appointment")


def _reminder_faults(step: "StepBlock") -> Iterator[Fault]:
    """A reminder asks what was asked before, later: at another instant, or on another day."""
    remind = step.remind
    if remind is None:
        return
    if step.ask is None:
        yield Fault(("remind",), "conflicting-keys", "goes only with ask", "take it out, or say what the step asks")
    if remind.after.amount == 0:
        yield Fault(("remind", "after"), "bad-span", f"is no time after the question: {remind.after}", "such as 1d")
    if remind.at is not None and remind.after.on_clock:
        message = f"can't stand beside after: {remind.after}, which counts on the clock"
        yield Fault(("remind", "at"), "conflicting-keys", message, "take it out, or count after in days")


def _list_faults(step: "StepBlock") -> Iterator[Fault]:
    channels = step.channels
    if isinstance(channels, list):
        yield from repeated(("channels",), channels)
    else:
        yield from repeated(("channels", "first_of"), channels.first_of)
    yield from repeated(("on",), [day.name.lower() for day in step.on or ()])
    yield from repeated(("unless",), step.unless)
    if step.after_reply is not None:
        yield from repeated(("after_reply", "triage"), step.after_reply.triage)


def _surely_by(earlier: Span, later: Span) -> bool:
    """Whether one span never ends after the other, whatever months they fall into."""
    if earlier.unit is later.unit:
        return earlier.amount <= later.amount
    return _days(earlier)[1] <= _days(later)[0]


def _days(span: Span) -> tuple[int, int]:
    """Return the fewest and the most days that a calendar span can have."""
    if span.unit is not Unit.MONTHS:
        return span.elapsed.days, span.elapsed.days
    years, months = divmod(span.amount, 12)
    runs = [sum((_MONTHS * 2)[start : start + months]) for start in range(12)]
    return 365 * years + min(runs), 366 * years + max(runs)
