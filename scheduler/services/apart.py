"""Visits in flight that do not go by the files as they are, and no edit moves: pinned steps, files that are gone."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scheduler.store.database import Tx
from scheduler.store.in_flight import Choice, groups_apart


@dataclass(frozen=True, slots=True)
class PinnedStep:
    """A step that so many visits in flight keep as it was."""

    treatment: str
    step: str
    visits: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A treatment that so many visits in flight go by, and that has no file any more."""

    treatment: str
    visits: int

    def __str__(self) -> str:
        """Say it in a clause."""
        goes = "appointment in flight goes" if self.visits == 1 else "appointments in flight go"
        return f"{self.visits:,} {goes} on by the protocol {self.treatment}, which is no longer in the files"


@dataclass(frozen=True, slots=True)
class Apart:
    """What goes its own way, by treatment and step; only visits with something still to come count."""

    pins: Sequence[PinnedStep] = ()
    withdrawn: Sequence[Withdrawn] = ()


def find_apart(tx: Tx, choice: Choice, treatments: Collection[str]) -> Apart:
    """Find them among the visits that are meant; `treatments` are those of the files."""
    pins, gone = Counter[tuple[str, str]](), Counter[str]()
    for group in groups_apart(tx, choice, treatments):
        if group.treatment not in treatments:
            gone[group.treatment] += group.count
            continue
        for step in group.pins:
            pins[group.treatment, step] += group.count
    return Apart(
        tuple(PinnedStep(*name, count) for name, count in sorted(pins.items())),
        tuple(Withdrawn(name, count) for name, count in sorted(gone.items())),
    )
