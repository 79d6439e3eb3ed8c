"""A visit goes by a version of its protocol, and by another one where a step is pinned."""

from dataclasses import replace
from datetime import time

from scheduler.domain.protocol import After, Channel, Protocol, Step
from scheduler.domain.spans import Span, Unit
from scheduler.domain.versions import in_force


def step(name: str, hour: int = 10) -> Step:
    return Step(name, After(Span(1, Unit.DAYS), time(hour)), (Channel.SMS,), first_of=False, template=name)


def protocol(*steps: Step, digest: str) -> Protocol:
    return Protocol("peel", {"en": "Peel"}, Span(60, Unit.MINUTES), steps, digest)


OLD = protocol(step("a"), step("b"), step("gone"), digest="old")
NEW = protocol(step("a", 12), step("b", 12), step("added"), digest="new")


def test_without_pins_the_version_is_in_force() -> None:
    assert in_force(NEW, {}) is NEW


def test_a_pinned_step_is_as_the_other_version_has_it() -> None:
    assert in_force(NEW, {"a": OLD}) == replace(NEW, steps=(step("a"), step("b", 12), step("added")))


def test_a_pinned_step_that_the_version_no_longer_has_is_there() -> None:
    assert in_force(NEW, {"gone": OLD}).step("gone") == step("gone")


def test_a_pinned_step_that_the_other_version_did_not_have_is_not_there() -> None:
    assert in_force(NEW, {"added": OLD}).step("added") is None
