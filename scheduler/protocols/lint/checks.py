"""Rules over questions: what is asked has to be asked in time, and is never left out for being late."""

from collections.abc import Iterator

from scheduler.domain.protocol import After, IfLate, Step
from scheduler.protocols.lint.sample import moment_of, reminder_of
from scheduler.protocols.lint.sound import Planned, Sound
from scheduler.protocols.problems import Problem


def late_checks(sound: Sound) -> Iterator[Problem]:
    """Yield steps with `ask` whose `if_late` says nothing (collapse), or leaves a patient unasked (drop)."""
    for planned in sound.planned():
        for step in planned.protocol.steps:
            if step.ask is None or sound.writes(planned, step, "if_late") is None:
                continue
            if step.if_late is IfLate.COLLAPSE:
                message = "has no effect: a step that asks is never left out for a newer message"
                hint = "take it out, or write send"
                yield sound.problem(planned, step, "if_late", code="collapsed-check", message=message, hint=hint)
            elif step.if_late is IfLate.DROP:
                message = "after an outage nobody is asked, and whoever is unwell is not heard of"
                hint = "write send: it is asked as long as useful_for lasts"
                yield sound.problem(planned, step, "if_late", code="dropped-check", message=message, hint=hint)


def late_reminders(sound: Sound) -> Iterator[Problem]:
    """Yield reminders that go out when a later step has asked already: the patient would be asked backwards."""
    for planned in sound.planned():
        for step in planned.protocol.steps:
            overtaken = _overtaken_by(planned, step)
            if overtaken:
                message = f"the reminder goes out no earlier than {overtaken}, which asks again"
                hint = f"remind before {overtaken}, or leave the reminder out"
                yield sound.problem(
                    planned, step, "remind", "after", code="late-reminder", message=message, hint=hint
                )


def _overtaken_by(planned: Planned, step: Step) -> str:
    asked, reminded = moment_of(step, planned), reminder_of(step, planned)
    if asked is None or reminded is None:
        return ""
    for other in planned.protocol.steps:
        moment = moment_of(other, planned)
        if other.ask and isinstance(other.timing, After) and moment and asked < moment <= reminded:
            return other.id
    return ""
