"""Refuses what a plan can't be made for: a clinic or treatment that is not there, a pin that pins nothing."""

from collections.abc import Sequence
from datetime import datetime

from scheduler.errors import ConflictError, NotFoundError
from scheduler.protocols.configuration import Configuration
from scheduler.services.apart import Apart
from scheduler.services.planner import InFlightEdit, Planner
from scheduler.store.database import Tx
from scheduler.store.versions import kept_versions


class NoSuchStepError(NotFoundError):
    """A pin names a step that is nowhere."""


def refuse_unknown(tx: Tx, configuration: Configuration, clinic: str | None, treatment: str | None) -> None:
    """Raise ConfigError for a clinic that has no file, or a treatment that never had one."""
    if clinic:
        configuration.clinic(clinic)
    if treatment and not any(it.treatment == treatment for it in kept_versions(tx)):
        configuration.protocol_for(clinic or next(iter(configuration.clinics)), treatment)


def refuse_needless_pins(
    tx: Tx, planner: Planner, edits: Sequence[InFlightEdit], apart: Apart, *, now: datetime
) -> None:
    """Raise NotFoundError for a pin of what was not edited, ConflictError for one of a changed duration.

    The first is likely misspelled, unless it is pinned already or nothing is left to follow; one of a step that
    never was raises NoSuchStepError. A duration is the whole protocol's: a moved visit would be planned by the new
    one.
    """
    for treatment, step in sorted(planner.pinned):
        if not planner.has_step(tx, treatment, step, now=now):
            raise NoSuchStepError(f"{treatment}.{step}: there is no such step, now or in what is in flight")
    if lasts := sorted(f"{it.edit.treatment}.{it.edit.step}" for it in edits if it.pinned and it.edit.durations):
        raise ConflictError(
            f"{', '.join(lasts)} can't be pinned: the protocol's duration was edited, from whose end it counts; "
            "apply the duration without a pin first"
        )
    there = {(it.edit.treatment, it.edit.step) for it in edits}
    before = {(it.treatment, it.step) for it in apart.pins}
    for treatment, step in sorted(planner.pinned - there - before if edits else ()):
        known = ", ".join(sorted(f"{one}.{other}" for one, other in there))
        raise NotFoundError(
            f"{treatment}.{step} was not edited for anything in flight, so it can't be pinned; edited: {known}"
        )
