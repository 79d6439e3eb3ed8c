"""A visit to nobody, to plan steps by: on a Wednesday far from any change of the clocks, at eleven in the morning."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from scheduler.domain.localtime import instant
from scheduler.domain.protocol import After, AfterReply, Step
from scheduler.domain.timing import Visit, nominal
from scheduler.protocols.lint.sound import Planned

WEDNESDAY = date(2026, 2, 4)
"""For 42 days before and 31 after it no zone of a clinic with summer time changes its clocks in winter."""
ELEVEN = time(11)


def visit_at(planned: Planned, day: date = WEDNESDAY, at: time = ELEVEN) -> Visit:
    """Return a visit that begins then on the clinic's clocks and takes as long as the protocol says."""
    zone = planned.clinic.timezone
    starts = instant(day, at, zone)
    return Visit(starts, starts + planned.protocol.duration.elapsed, day, zone, zone)


def moment_of(step: Step, planned: Planned) -> datetime | None:
    """Return when the step of the sample visit is meant to go out, None where a reply decides."""
    found = nominal(step, visit_at(planned))
    return found.planned_at if found else None


def reminder_of(step: Step, planned: Planned) -> datetime | None:
    """Return when its reminder is meant to go out, if it has one: counted from the day on which it was asked."""
    asked = moment_of(step, planned)
    if asked is None or step.remind is None:
        return None
    if step.remind.after.on_clock:
        return asked + step.remind.after.elapsed
    local = asked.astimezone(planned.clinic.timezone)
    day = local.date() + timedelta(days=step.remind.after.elapsed.days)
    return instant(day, step.remind.at or local.time(), planned.clinic.timezone)


def as_if_replied(step: Step) -> Step:
    """Return a step that waits for a reply as one that counts from a visit: the reply stands for its end."""
    timing = step.timing
    return replace(step, timing=After(timing.wait, timing.at)) if isinstance(timing, AfterReply) else step
