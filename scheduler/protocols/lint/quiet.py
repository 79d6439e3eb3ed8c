"""A time of day at which the clinic never sends."""

from collections.abc import Iterator
from datetime import time

from scheduler.domain.clinic import QuietHours
from scheduler.domain.protocol import Step
from scheduler.protocols.lint.sound import Sound
from scheduler.protocols.problems import Problem


def quiet_steps(sound: Sound) -> Iterator[Problem]:
    """Yield times of day inside a clinic's quiet hours: the step always waits until they end."""
    for planned in sound.planned():
        quiet = planned.clinic.quiet_hours
        if quiet is None:
            continue
        for step in planned.protocol.steps:
            for key, at in _times(step):
                if holds(quiet, at):
                    message = (
                        f"{at:%H:%M} lies in the quiet hours of {planned.clinic.id}, {quiet.start:%H:%M} to "
                        f"{quiet.end:%H:%M}: it always waits until {quiet.end:%H:%M}"
                    )
                    hint = f"such as {quiet.end:%H:%M} or later, or let the clinic override it"
                    yield sound.problem(planned, step, *key, code="quiet-step", message=message, hint=hint)


def _times(step: Step) -> Iterator[tuple[tuple[str, ...], time]]:
    if step.timing.at is not None:
        yield ("at",), step.timing.at
    if step.remind is not None and step.remind.at is not None:
        yield ("remind", "at"), step.remind.at


def holds(quiet: QuietHours, at: time) -> bool:
    """Whether quiet hours hold a time of day; their end is free."""
    start, end = quiet.start, quiet.end
    return start <= at < end if start <= end else at >= start or at < end
