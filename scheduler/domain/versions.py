"""By which protocol a visit goes: one version of it, with single steps pinned to what they were before."""

from collections.abc import Mapping
from dataclasses import replace

from scheduler.domain.protocol import Protocol


def in_force(protocol: Protocol, pinned: Mapping[str, Protocol]) -> Protocol:
    """Return the protocol with each pinned step as that other version has it; where that has none, there is none.

    A pinned step that the protocol no longer has stands at the end. The digest stays the protocol's.
    """
    if not pinned:
        return protocol
    steps = [pinned[step.id].step(step.id) if step.id in pinned else step for step in protocol.steps]
    gone = [version.step(step_id) for step_id, version in pinned.items() if protocol.step(step_id) is None]
    return replace(protocol, steps=tuple(step for step in (*steps, *gone) if step))
