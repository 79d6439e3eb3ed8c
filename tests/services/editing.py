"""Edits of the protocols of these tests' installation, and what they would change for what is in flight."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import time
from typing import Any

from scheduler.domain.protocol import After, Channel, Step
from scheduler.domain.spans import parse_span
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.digest import digest_of
from scheduler.services.changes import VisitChanges
from scheduler.services.planner import Planner
from tests.services.house import SMS, House

Change = Callable[[Step], Step | None]


def removed(_step: Step) -> None:
    """Take a step out."""


def changed(**values: Any) -> Change:
    """Give a step other values."""
    return lambda step: replace(step, **values)


def after(span: str, at: str | None = None) -> After:
    """Return when a step is, as its file says it."""
    return After(parse_span(span), time.fromisoformat(at) if at else None)


def moved(span: str, at: str | None = None) -> Change:
    """Plan a step at another time."""
    return changed(timing=after(span, at))


def new_step(name: str, timing: After, channels: tuple[Channel, ...] = (SMS,), **values: Any) -> Step:
    """Return a step that is written with the text of another."""
    return Step(name, timing, channels, first_of=False, **{"template": "tips", **values})


def edited(
    configuration: Configuration, treatment: str = "peel", added: Iterable[Step] = (), **changes: Change
) -> Configuration:
    """Return the configuration with some steps of a protocol changed, by their ids; no clinic has its own of it."""
    protocol = configuration.protocols[treatment]
    assert changes.keys() <= {step.id for step in protocol.steps}
    assert not any(named == treatment for _, named in configuration.overridden)
    steps = [changes[step.id](step) if step.id in changes else step for step in protocol.steps]
    left = tuple(step for step in (*steps, *added) if step)
    new = replace(protocol, steps=left, digest="")
    new = replace(new, digest=digest_of(new))
    return replace(configuration, protocols={**configuration.protocols, treatment: new})


def planned(house: House, configuration: Configuration, *pins: tuple[str, str]) -> dict[int, VisitChanges]:
    """Return what the edit changes for each visit in flight, by visit."""
    planner = Planner(configuration, frozenset(pins))
    with house.store.read() as tx:
        return {
            visit.appointment.id: visit for page in planner.pages(tx, now=house.clock.now()) for visit in page.visits
        }


Row = tuple[str, str, str, str, str]


def rows(house: House, appointment: int, configuration: Configuration, *pins: tuple[str, str]) -> list[Row]:
    """Return the changes of a visit, at its clinic's wall clock."""
    zone = house.configuration.clinic("north").timezone
    found = planned(house, configuration, *pins).get(appointment)
    return [
        (
            it.kind.value,
            it.step,
            it.channel.value,
            f"{it.from_at.astimezone(zone):%m-%d %H:%M}" if it.from_at else "",
            f"{it.to_at.astimezone(zone):%m-%d %H:%M}" if it.to_at else "",
        )
        for it in (found.changes if found else ())
    ]
