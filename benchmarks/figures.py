"""What was measured, as values: goals, figures of each round, medians and spreads; to JSON and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the table: what is measured and what it must reach. Without `limit` it is there to compare."""

    id: str
    what: str
    before: str = ""
    limit: float | None = None
    at_least: bool = True
    unit: str = "times"

    def met_by(self, value: float) -> bool:
        """Whether a figure is good enough."""
        return self.limit is None or (value >= self.limit if self.at_least else value <= self.limit)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the things that were measured side by side: a figure for each round."""

    name: str
    unit: str
    rounds: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.rounds)


@dataclass(frozen=True, slots=True)
class Measured:
    """A row's figure for each round, and the sides that it was made of. `missing` says why there is none."""

    goal: str
    rounds: tuple[float, ...] = ()
    sides: tuple[Side, ...] = ()
    missing: str = ""

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest."""
        return min(self.rounds), max(self.rounds)


@dataclass(frozen=True, slots=True)
class Results:
    """One run. `facts` are of the machine and its programs, `capacity` of the server that all sent to."""

    made_on: str
    size: str
    facts: Mapping[str, str]
    capacity: float
    measured: tuple[Measured, ...] = field(default_factory=tuple)

    def of(self, goal: str) -> Measured | None:
        """Return the figures of a row."""
        return next((it for it in self.measured if it.goal == goal), None)


def ratio(goal: str, over: Side, under: Side) -> Measured:
    """Return a row that says how many times `over` is `under`, round by round."""
    rounds = tuple(a / b for a, b in zip(over.rounds, under.rounds, strict=True))
    return Measured(goal, rounds, (over, under))


def single(goal: str, side: Side) -> Measured:
    """Return a row of one figure a round."""
    return Measured(goal, side.rounds, (side,))


def write_results(results: Results, file: Path) -> None:
    """Write a run as JSON, rounded to what is worth reading."""
    told = {
        "made_on": results.made_on,
        "size": results.size,
        "facts": dict(results.facts),
        "capacity": round(results.capacity),
        "measured": [_told(it) for it in results.measured],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_results(file: Path) -> Results:
    """Read what `write_results` wrote."""
    told = json.loads(file.read_text(encoding="utf-8"))
    measured = tuple(
        Measured(
            it["goal"],
            tuple(it["rounds"]),
            tuple(Side(side["name"], side["unit"], tuple(side["rounds"])) for side in it["sides"]),
            it["missing"],
        )
        for it in told["measured"]
    )
    return Results(told["made_on"], told["size"], told["facts"], told["capacity"], measured)


def _told(it: Measured) -> dict[str, Any]:
    sides = [{"name": side.name, "unit": side.unit, "rounds": _rounded(side.rounds)} for side in it.sides]
    middle = _rounded([it.middle])[0] if it.rounds else None
    return {"goal": it.goal, "median": middle, "rounds": _rounded(it.rounds), "sides": sides, "missing": it.missing}


def _rounded(figures: Sequence[float]) -> list[float]:
    return [float(f"{figure:.4g}") for figure in figures]
