"""What the steps of a protocol must be to each other; looked at in the tree, so that one bad step hides no other."""

from collections.abc import Iterator

from scheduler.protocols.faults import Fault
from scheduler.protocols.fields import is_id
from scheduler.protocols.hints import suggest
from scheduler.protocols.nodes import Node


def step_ids(protocol: Node) -> list[str | None]:
    """Return the ids of a protocol's steps, None for a step without a readable one."""
    return [(step.text("id") or "").strip() or None for step in protocol.items("steps")]


def protocol_faults(protocol: Node) -> Iterator[Fault]:
    """Yield steps of the same id, and replies waited for that can't come."""
    ids = step_ids(protocol)
    for index, step_id in enumerate(ids):
        if step_id is not None and step_id in ids[:index]:
            message = f"another step is called {step_id}"
            yield Fault(("steps", index, "id"), "duplicate-step", message, "an id stands once in a protocol")
    for index, step in enumerate(protocol.items("steps")):
        to = step.text("after_reply", "to")
        if to is not None and is_id(to.strip()):
            yield from _reply_faults(protocol, index, to.strip())


def _reply_faults(protocol: Node, index: int, to: str) -> Iterator[Fault]:
    path = ("steps", index, "after_reply", "to")
    ids, steps = step_ids(protocol), protocol.items("steps")
    asking = [name for name, step in zip(ids[:index], steps, strict=False) if name and step.find(["ask"])]
    hint = suggest(to, asking) or "it names an earlier step that has ask"
    if to not in ids:
        yield Fault(path, "unknown-step", f"there is no step {to}", hint)
    elif to not in ids[:index]:
        message = "is this step itself" if ids[index] == to else f"{to} comes later in the list"
        yield Fault(path, "unreachable-step", message, "it names an earlier step that has ask")
    elif to not in asking:
        yield Fault(path, "unreachable-step", f"{to} asks nothing, so no reply is expected", "add ask to that step")
