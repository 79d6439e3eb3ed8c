"""A clinic's changes to a protocol: laid over the file's tree before it is read, so that faults point at them."""

from collections.abc import Iterator
from dataclasses import replace

from scheduler.domain.protocol import Protocol
from scheduler.protocols.building import build_protocol
from scheduler.protocols.faults import Fault
from scheduler.protocols.hints import suggest
from scheduler.protocols.nodes import Entry, Node, Place
from scheduler.protocols.problems import Problem
from scheduler.protocols.protocol_file import ProtocolFile
from scheduler.protocols.protocol_rules import protocol_faults, step_ids
from scheduler.protocols.step_rules import WHEN
from scheduler.protocols.wording import problem_at, read_block


def override_protocol(clinic: Node, treatment: str, protocol: Node) -> tuple[Protocol | None, list[Problem]]:
    """Return the protocol as the clinic's `overrides` change it, or None and what is wrong with the change.

    `protocol` is a tree without faults, so every fault of the changed one is the clinic's.
    """
    problems = [problem_at(clinic, fault) for fault in _misplaced(clinic, treatment, protocol)]
    if problems:
        return None, problems
    changed = _lay_over(clinic, treatment, protocol)
    file, problems = read_block(changed, ProtocolFile)
    problems += [problem_at(changed, fault) for fault in protocol_faults(changed)]
    if file is None or problems:
        return None, [_renamed(problem, treatment) for problem in problems]
    return build_protocol(file), []


def _renamed(problem: Problem, treatment: str) -> Problem:
    return replace(problem, key=f"overrides.{treatment}.{problem.key.removeprefix('steps.')}")


def _misplaced(clinic: Node, treatment: str, protocol: Node) -> Iterator[Fault]:
    known = [step_id for step_id in step_ids(protocol) if step_id]
    for step_id, _ in clinic.entries("overrides", treatment):
        path = ("overrides", treatment, step_id)
        if step_id not in known:
            message = f"{treatment} has no such step"
            yield Fault(path, "unknown-step", message, suggest(step_id, known))
        elif clinic.find((*path, "id")) is not None:
            yield Fault((*path, "id"), "unknown-key", "a step's id can't be changed", "write a protocol of its own")


def _lay_over(clinic: Node, treatment: str, protocol: Node) -> Node:
    """Return the protocol's tree with the clinic's changes. What is unchanged stands where the override begins."""
    base = _moved(protocol, clinic.place_of(("overrides", treatment), key=True))
    assert isinstance(base.value, dict)
    changes = dict(clinic.entries("overrides", treatment))
    steps = [
        _changed(step, changes[step_id]) if step_id in changes else step
        for step, step_id in zip(base.items("steps"), step_ids(base), strict=True)
    ]
    entry = base.value["steps"]
    return Node(base.at, {**base.value, "steps": Entry(entry.key_at, Node(entry.node.at, list(steps)))})


def _changed(step: Node, change: Entry) -> Node:
    changes = dict(change.node.entries())
    dropped = {key for key, entry in changes.items() if entry.node.said_null}
    if changes.keys() - dropped & set(WHEN):
        dropped |= set(WHEN) - changes.keys()
        if "between" not in changes:
            dropped |= {"on"} - changes.keys()
    merged = {**dict(_moved(step, change.key_at).entries()), **changes}
    return Node(change.key_at, {key: entry for key, entry in merged.items() if key not in dropped})


def _moved(node: Node, place: Place) -> Node:
    """Return the same tree with everything in it at one place."""
    match node.value:
        case dict() as block:
            return Node(place, {key: Entry(place, _moved(entry.node, place)) for key, entry in block.items()})
        case list() as items:
            return Node(place, [_moved(item, place) for item in items])
        case text:
            return Node(place, text)
