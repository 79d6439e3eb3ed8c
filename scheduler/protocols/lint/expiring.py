"""Usefulness that quiet hours or closed days eat up: found by planning visits, as the product itself plans them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduler.domain.clinic import Closure
from scheduler.domain.hours import sending_hours
from scheduler.domain.protocol import AfterReply, Before, Between, Step
from scheduler.domain.timing import Visit, counts_from_day, nominal
from scheduler.protocols.lint.quiet import holds
from scheduler.protocols.lint.sample import ELEVEN, as_if_replied, visit_at
from scheduler.protocols.lint.sound import Planned, Sound
from scheduler.protocols.problems import Problem

QUARTERS = tuple(time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45))
FAR = timedelta(days=400)
"""No clinic closes for longer; the product itself stops looking where the message is no longer useful."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Lost:
    """A visit whose message would expire unsent: planned for `at`, held up until `until`."""

    visit: Visit
    at: datetime
    until: datetime


def expiring_steps(sound: Sound) -> Iterator[Problem]:
    """Yield steps that wait longer than they are useful: always, or for some visits, with an example."""
    for planned in sound.planned():
        for step in planned.protocol.steps:
            yield from _by_night(sound, planned, step)
            yield from _by_closures(sound, planned, step)


def _by_night(sound: Sound, planned: Planned, step: Step) -> Iterator[Problem]:
    if planned.clinic.quiet_hours is None:
        return
    visits = [visit_at(planned)] if counts_from_day(step) else list(_visits_of_a_day(planned, step))
    lost = [_lost(step, planned, visit, closed=False) for visit in visits]
    found = [it for it in lost if it is not None]
    if not found:
        return
    always = len(found) == len(lost)
    example = found[0]
    when = "always" if always else f"where it is due at {_clock(example.at, planned)}"
    message = (
        f"{when} it waits out the quiet hours of {planned.clinic.id} until {_clock(example.until, planned)}, when it "
        "is no longer useful, and is never sent"
    )
    yield sound.problem(
        planned,
        step,
        "useful_for",
        code="always-expires" if always else "may-expire",
        message=message,
        hint="give it longer, or another time",
        severity="error" if always else "warning",
    )


def _by_closures(sound: Sound, planned: Planned, step: Step) -> Iterator[Problem]:
    if not step.defer_on_closures or isinstance(step.timing, Before):
        return
    for closure in planned.clinic.closures:
        found = next((lost for day in _days_planned_into(step, closure) if (lost := _on(day, step, planned))), None)
        if found is not None:
            message = (
                f"due on {_day(found.at, planned)}, it waits for the next open day of {planned.clinic.id}, "
                f"{_day(found.until, planned)}, when it is no longer useful, and is never sent"
            )
            hint = "give it longer, or closures: send"
            yield sound.problem(planned, step, "useful_for", code="may-expire", message=message, hint=hint)
            return


def _visits_of_a_day(planned: Planned, step: Step) -> Iterator[Visit]:
    """Yield a visit for each quarter of an hour at which one may begin: by day, but a reply comes at any time."""
    quiet = planned.clinic.quiet_hours
    for at in QUARTERS:
        if step is not as_if_replied(step) or quiet is None or not holds(quiet, at):
            yield visit_at(planned, at=at)


def _days_planned_into(step: Step, closure: Closure) -> Iterator[date]:
    """Yield the days of visits whose step may be planned for a closed day."""
    timing = as_if_replied(step).timing
    assert not isinstance(timing, AfterReply), "it counts from an appointment"
    spans = (timing.start, timing.end) if isinstance(timing, Between) else (timing.span, timing.span)
    slack = 5 * _DAY + spans[1].elapsed / 50  # weekdays, and months that are longer than 30 days
    day = closure.first - spans[1].elapsed - slack
    while day <= closure.last - spans[0].elapsed + slack:
        yield day
        day += _DAY


def _on(day: date, step: Step, planned: Planned) -> _Lost | None:
    return _lost(step, planned, visit_at(planned, day, ELEVEN), closed=True)


def _lost(step: Step, planned: Planned, visit: Visit, *, closed: bool) -> _Lost | None:
    """Return what is lost of this visit. With `closed` only what a closed day holds up, else without closures."""
    counted = as_if_replied(step)
    found = nominal(counted, visit)
    assert found is not None, "a step that waits for a reply counts from its appointment here"
    hours = sending_hours(counted, planned.clinic, None)
    open_from, reasons = hours.defer(found.planned_at, found.planned_at + FAR)
    by_closure = any(reason.code == "closure" for reason in reasons)
    if open_from < found.useful_until or by_closure is not closed:
        return None
    return _Lost(visit, found.planned_at, open_from)


def _clock(moment: datetime, planned: Planned) -> str:
    return f"{moment.astimezone(planned.clinic.timezone):%H:%M}"


def _day(moment: datetime, planned: Planned) -> str:
    return f"{moment.astimezone(planned.clinic.timezone):%Y-%m-%d}"
