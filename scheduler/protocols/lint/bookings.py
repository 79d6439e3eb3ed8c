"""Rules over `unless: [next_appointment]`: it is for invitations, and invitations need it."""

from collections.abc import Iterator

from scheduler.domain.protocol import Purpose
from scheduler.protocols.lint.sound import Sound
from scheduler.protocols.problems import Problem

BOOKED = "next_appointment"


def care_withheld(sound: Sound) -> Iterator[Problem]:
    """Yield care steps that a patient who has booked again would not get."""
    for planned in sound.planned():
        for step in planned.protocol.steps:
            if step.purpose is Purpose.CARE and BOOKED in step.unless:
                message = "this is aftercare, and a patient who has booked again does not get it"
                hint = "take it out, or set purpose: recall if it invites"
                yield sound.problem(planned, step, "unless", code="care-withheld", message=message, hint=hint)


def recall_to_booked(sound: Sound) -> Iterator[Problem]:
    """Yield invitations that go out to patients who have booked already."""
    for planned in sound.planned():
        for step in planned.protocol.steps:
            if step.purpose is Purpose.RECALL and BOOKED not in step.unless:
                message = "invites patients who have booked again already"
                hint = "add unless: [next_appointment]"
                yield sound.problem(planned, step, "purpose", code="recall-to-booked", message=message, hint=hint)
