"""Makes the page of the documentation and its chart from the figures of a run."""

from collections.abc import Sequence
from string import Template

from benchmarks.chart import chart
from benchmarks.figures import Measured, Results, read_results
from benchmarks.findings import Finding, by_goal
from benchmarks.goals import BY_ID, GOALS
from benchmarks.paths import CHART, LATEST, PAGE, ROOT
from benchmarks.words import figure, goal_words, measured_words, verdict
from scheduler.services.exports.importing import BATCH

SHOWN = 8
"""So many sides of a row stand on the page: of the pages of the desk, the slowest."""

_SIZE_WORDS = {
    "quick": "**This run was a quick one**: fewer messages, and a tenth of those that wait. ",
    "tiny": "**This run only tries whether everything works**: its figures mean nothing. ",
}


def performance_page() -> str:
    """Return the page of the run that is kept."""
    return _page(read_results(LATEST))


def performance_chart() -> str:
    """Return the chart of the run that is kept."""
    return chart(read_results(LATEST))


def write_pages(results: Results) -> None:
    """Write both."""
    PAGE.write_text(_page(results), encoding="utf-8")
    CHART.write_text(chart(results), encoding="utf-8")


def _page(results: Results) -> str:
    rounds = max((len(row.rounds) for row in results.measured), default=0)
    return Template((ROOT / "benchmarks" / "page.md").read_text(encoding="utf-8")).substitute(
        made_on=results.made_on,
        size=_SIZE_WORDS.get(results.size, ""),
        facts=", ".join(f"{name} {value}" for name, value in results.facts.items()),
        rounds=rounds,
        goals=_goals(results),
        missed=_missed(results),
        sides=_sides(results),
        capacity=figure(results.capacity),
        batch=BATCH,
        shown=SHOWN,
    )


def _goals(results: Results) -> str:
    rows = []
    for goal in GOALS:
        row = results.of(goal.id)
        rows.append((goal.what, goal.before or "-", goal_words(goal), measured_words(goal, row), verdict(goal, row)))
    return _table(("measure", "before", "goal", "measured", ""), rows)


def _missed(results: Results) -> str:
    """Say of the goals that were missed what costs it, those together that have one cause."""
    missed = [row for row in results.measured if verdict(BY_ID[row.goal], row) == "missed"]
    causes: dict[Finding | None, list[Measured]] = {}
    for row in missed:
        causes.setdefault(by_goal().get(row.goal), []).append(row)
    return "\n\n".join(_said_of(rows, finding) for finding, rows in causes.items()) or "None."


def _said_of(rows: Sequence[Measured], finding: Finding | None) -> str:
    lines = [
        f"- **{_sentence(BY_ID[row.goal].what)}**: {measured_words(BY_ID[row.goal], row)}, the goal is "
        f"{goal_words(BY_ID[row.goal])}."
        for row in rows
    ]
    return "\n".join([*lines, *(["", finding.costs, "", finding.mends] if finding else [])])


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _sides(results: Results) -> str:
    rows = [
        (BY_ID[row.goal].what, side.name, f"{figure(side.middle)} {side.unit}", _spread(side.rounds))
        for row in results.measured
        for side in row.sides[:SHOWN]
    ]
    return _table(("measure", "side", "median", "smallest to largest"), rows)


def _spread(rounds: tuple[float, ...]) -> str:
    return f"{figure(min(rounds))} to {figure(max(rounds))}"


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
