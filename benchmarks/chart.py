"""The chart: how far each figure lies from its goal. Colours follow the reader's light or dark theme."""

import math
from html import escape

from benchmarks.figures import Goal, Measured, Results
from benchmarks.goals import GOALS
from benchmarks.words import goal_words, measured_words

_STYLE = """\
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .goal { stroke: #57606a; stroke-width: 1.5; }
  .axis { font-size: 11px; fill: #57606a; }
  .met { fill: #1a7f37; }
  .missed { fill: #cf222e; }
  .spread { stroke: #1f2328; stroke-width: 1.2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .goal { stroke: #9198a1; }
    .axis { fill: #9198a1; }
    .met { fill: #3fb950; }
    .missed { fill: #f85149; }
    .spread { stroke: #e6edf3; }
  }"""
_ROW, _TOP, _WIDTH = 24, 46, 1080
_MIDDLE, _OCTAVE, _OCTAVES = 620, 55, 2
_MARKS = {0.25: "¼ of the goal", 0.5: "½", 1.0: "goal", 2.0: "2 ×", 4.0: "4 × better"}


def chart(results: Results) -> str:
    """Return the chart as SVG."""
    # A goal of nothing at all has no half and no double to be drawn.
    found = [(goal, results.of(goal.id)) for goal in GOALS if goal.limit]
    rows = [(goal, row) for goal, row in found if row and row.rounds]
    height = _TOP + _ROW * len(rows) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>How far each measured figure lies from its goal</title>",
        f"<style>\n{_STYLE}\n</style>",
        *_axis(height),
        *(line for place, (goal, row) in enumerate(rows) for line in _bar(goal, row, _TOP + _ROW * place)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axis(height: int) -> list[str]:
    marks = [
        f'<text class="axis" x="{_x(times):.0f}" y="20" text-anchor="middle">{words}</text>'
        for times, words in _MARKS.items()
    ]
    return [*marks, f'<line class="goal" x1="{_MIDDLE}" x2="{_MIDDLE}" y1="28" y2="{height - 8}"/>']


def _bar(goal: Goal, row: Measured, top: int) -> list[str]:
    middle, (low, high) = _reached(goal, row.middle), row.spread
    ends = sorted((_x(_reached(goal, low)), _x(_reached(goal, high))))
    left, right = sorted((float(_MIDDLE), _x(middle)))
    baseline, centre, width = top + 14, top + 9, max(right - left, 1.5)
    word = "met" if goal.met_by(row.middle) else "missed"
    return [
        f'<text x="{_MIDDLE - _OCTAVE * _OCTAVES - 20}" y="{baseline}" text-anchor="end">{escape(goal.what)}</text>',
        f'<rect class="{word}" x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="12" rx="2"/>',
        f'<line class="spread" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{centre}" y2="{centre}"/>',
        f'<text x="{_MIDDLE + _OCTAVE * _OCTAVES + 20}" y="{baseline}">{escape(_said(goal, row))}</text>',
    ]


def _said(goal: Goal, row: Measured) -> str:
    return f"{measured_words(goal, row).partition(' (')[0]}; {goal_words(goal)}"


def _reached(goal: Goal, value: float) -> float:
    """Return how many times as good as its goal a figure is."""
    assert goal.limit
    if goal.at_least:
        return value / goal.limit
    return goal.limit / value if value > 0 else math.inf


def _x(times: float) -> float:
    """Return where that stands: each doubling is as far; what is further than the axis stands at its end."""
    octaves = math.log2(times) if 0 < times < math.inf else (math.inf if times else -math.inf)
    return _MIDDLE + _OCTAVE * max(-_OCTAVES, min(_OCTAVES, octaves))
