"""Advice of two treatments that can't both be followed: a patient who has both is held for a person."""

from collections.abc import Iterator
from itertools import combinations

from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Step
from scheduler.protocols.lint.sound import Planned, Sound
from scheduler.protocols.problems import Problem

Advising = tuple[Planned, Step]


def contradicting_advice(sound: Sound) -> Iterator[Problem]:
    """Yield the first pair of each two tags that contradict each other, of two treatments that one clinic has.

    A clinic whose export is mapped to treatments has those, and no other. Within one protocol a later step may well
    allow what an earlier one forbids.
    """
    for clinic in sound.configuration.clinics.values():
        told: set[frozenset[str]] = set()
        for one, other in combinations(_advising(sound, clinic), 2):
            if one[0].protocol.treatment == other[0].protocol.treatment:
                continue
            for pair in _clashes(sound, one[1], other[1]):
                if frozenset(pair) not in told:
                    told.add(frozenset(pair))
                    yield _problem(sound, one, other, pair)


def _advising(sound: Sound, clinic: Clinic) -> list[Advising]:
    offered = set(clinic.imports.treatments.values()) or sound.configuration.protocols.keys()
    return [
        (planned, step)
        for planned in sound.planned()
        if planned.clinic is clinic and planned.protocol.treatment in offered
        for step in planned.protocol.steps
        if step.advice
    ]


def _clashes(sound: Sound, one: Step, other: Step) -> tuple[tuple[str, str], ...]:
    tags = [[advice.tag for advice in step.advice] for step in (one, other)]
    return sound.configuration.advice.clashes(*tags)


def _problem(sound: Sound, one: Advising, other: Advising, pair: tuple[str, str]) -> Problem:
    (first, earlier), (planned, step) = one, other
    message = (
        f"contradicts {pair[0]} in {earlier.id} of {first.protocol.treatment}: messages of a patient who gets both "
        "are held for a person"
    )
    hint = "make sure that this is meant, or agree on one advice"
    return sound.problem(planned, step, "advice", pair[1], code="contradicting-advice", message=message, hint=hint)
