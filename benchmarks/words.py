"""Figures and goals as people read them, on the terminal and on the page."""

from benchmarks.figures import Goal, Measured

_UNITS = {"times": "×"}


def figure(value: float) -> str:
    """Return a figure with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  (no digits after the point from there on)


def goal_words(goal: Goal) -> str:
    """Return what is to be reached."""
    if goal.limit is None:
        return "-"
    return f"{'at least' if goal.at_least else 'at most'} {figure(goal.limit)}{_unit(goal)}"


def measured_words(goal: Goal, row: Measured | None) -> str:
    """Return the median and the spread, or why there is none."""
    if row is None:
        return "not in this run"
    if not row.rounds:
        return row.missing
    low, high = row.spread
    return f"{figure(row.middle)}{_unit(goal)} ({figure(low)} to {figure(high)})"


def verdict(goal: Goal, row: Measured | None) -> str:
    """Return whether the goal is met."""
    if goal.limit is None or row is None or not row.rounds:
        return "-"
    return "met" if goal.met_by(row.middle) else "missed"


def _unit(goal: Goal) -> str:
    unit = _UNITS.get(goal.unit, goal.unit)
    return unit if unit == "×" else f" {unit}"
