"""Finds the preset whose export a header is."""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.protocols.preset_file import Preset

ENOUGH = 0.6
"""Of a preset's whole header so many columns have to be there, beside all that it reads: others may have some."""


@dataclass(frozen=True, slots=True)
class Found:
    """A preset and what says that it is the one."""

    preset: Preset
    why: str


def nearest_preset(presets: Sequence[Preset], columns: Sequence[str]) -> Found | None:
    """Return the preset of which the header has all columns that are read and most of the others; None for no one."""
    there = frozenset(columns)
    fitting = [preset for preset in presets if preset.mapped <= there and _share(preset, there) >= ENOUGH]
    if not fitting:
        return None
    best = max(fitting, key=lambda preset: (_share(preset, there), len(preset.header)))
    known, every = len(there.intersection(best.header)), len(best.header)
    which = f"all {every}" if known == every else f"{known} of the {every}"
    return Found(best, f"{which} columns of {best.system} are there")


def _share(preset: Preset, there: frozenset[str]) -> float:
    return len(there.intersection(preset.header)) / len(preset.header)
