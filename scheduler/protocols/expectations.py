"""Reads config/tests: what protocols are expected to do. Only `aftercare check` needs it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.expected import NotSent, ProtocolTest, Sent
from scheduler.domain.simulated import Answered, Booked, CalledOff, Case, Completed, Event, Handled, Moved, Outage
from scheduler.protocols.building import build_closures
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.expectations_file import EventBlock, TestBlock
from scheduler.protocols.faults import Fault
from scheduler.protocols.folder import find_tests
from scheduler.protocols.hints import suggest
from scheduler.protocols.nodes import Node
from scheduler.protocols.problems import Problem
from scheduler.protocols.reading import read_tests
from scheduler.protocols.wording import problem_at


@dataclass(frozen=True, slots=True)
class WrittenTest:
    """A test and where it stands: the `index`-th of its file. `events` of its case are in the order of the file."""

    test: ProtocolTest
    tree: Node
    index: int

    def problem(self, path: tuple[str | int, ...], message: str, hint: str = "") -> Problem:
        """Return what was found otherwise than expected, at its place in the file."""
        fault = Fault(("tests", self.index, *path), "failed-expectation", f"{message} ({self.test.name})", hint)
        return problem_at(self.tree, fault)


def find_written_tests(config_dir: Path, configuration: Configuration) -> tuple[list[WrittenTest], list[Problem]]:
    """Return the tests of a folder that can be played, and every problem of their files.

    A test of a clinic or a treatment that is not there is left out with a warning: whoever takes a sample clinic away
    need not take away what tests it.
    """
    files, problems = find_tests(config_dir)
    found: list[WrittenTest] = []
    for file in files:
        read = read_tests(file)
        problems += read.problems
        if read.tree is None or read.value is None:
            continue
        for index, block in enumerate(read.value.tests):
            faults = list(_faults(block, ("tests", index), configuration))
            problems += [problem_at(read.tree, fault) for fault in faults]
            if skipped := _skipped(block, ("tests", index), configuration):
                problems.append(replace(problem_at(read.tree, skipped), severity="warning"))
            elif not faults:
                found.append(WrittenTest(_test(block), read.tree, index))
    return found, problems


def _skipped(block: TestBlock, path: tuple[str | int, ...], configuration: Configuration) -> Fault | None:
    for key, name, known in (
        ("clinic", block.clinic, configuration.clinics),
        ("treatment", block.treatment, configuration.protocols),
    ):
        if name not in known:
            message = f"there is no {key} {name}, so this test is not played ({block.name})"
            return Fault((*path, key), "skipped-test", message, suggest(name, sorted(known)))
    return None


def _faults(block: TestBlock, path: tuple[str | int, ...], configuration: Configuration) -> Iterator[Fault]:
    if block.clinic not in configuration.clinics or block.treatment not in configuration.protocols:
        return
    known = [step.id for step in configuration.protocol_for(block.clinic, block.treatment).steps]
    named = [
        *((("expect", place, "step"), it.step) for place, it in enumerate(block.expect)),
        *((("not_sent", place, "step"), it.step) for place, it in enumerate(block.not_sent)),
        *((("events", place, "to"), it.to) for place, it in enumerate(block.events) if it.to),
    ]
    for where, step in named:
        if step not in known:
            message = f"{block.treatment} has no such step"
            yield Fault((*path, *where), "unknown-step", message, suggest(step, known))


def _test(block: TestBlock) -> ProtocolTest:
    return ProtocolTest(
        name=block.name,
        case=Case(
            clinic=block.clinic,
            treatment=block.treatment,
            starts_at=block.starts_at,
            ends_at=block.ends_at,
            registered_at=block.registered_at,
            language=block.language,
            timezone=block.timezone,
            has_phone=block.phone,
            has_email=block.email,
            closures=None if block.closures is None else build_closures(block.closures),
            events=tuple(_event(event) for event in block.events),
        ),
        expect=tuple(Sent(it.step, it.at, it.channel, it.because, it.says) for it in block.expect),
        not_sent=tuple(NotSent(it.step, it.channel, it.because) for it in block.not_sent),
        nothing_else=block.nothing_else,
        alerts=None if block.alerts is None else frozenset(block.alerts),
    )


def _event(block: EventBlock) -> Event:
    match block:
        case EventBlock(reply=str() as text, to=str() as step):
            return Answered(block.at, step, text)
        case EventBlock(moved_to=moment) if moment:
            return Moved(block.at, moment)
        case EventBlock(books=moment) if moment:
            return Booked(block.at, moment, block.treatment)
        case EventBlock(down_until=moment) if moment:
            return Outage(block.at, moment)
        case EventBlock(becomes=status) if status:
            done = status is AppointmentStatus.COMPLETED
            return Completed(block.at) if done else CalledOff(block.at, status)
        case _:
            return Handled(block.at)
