"""The picture of a simulated appointment as one SVG file: from top to bottom, so that a phone shows it whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from xml.sax.saxutils import escape

from scheduler.cli.simulated_story import Entry, Mark, apart
from scheduler.domain.reasons import OF_THE_PLAN, sentence
from scheduler.domain.simulated import clock_words
from scheduler.services.played import Played

WIDTH, LINE, SMALL, GAP = 400, 19, 16, 16
AXIS, TEXT = 132, 152
LETTERS = 36
"""Of the small print that fit beside the axis."""

_A11Y = 'role="img" aria-labelledby="title desc" style="max-width: 560px; width: 100%"'
_STYLE = """  .paper { fill: #ffffff }
  text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
  .head { font-weight: 600 }
  .what { font-weight: 600 }
  .small { font-size: 12px; fill: #57606a }
  .axis { stroke: #8c959f; stroke-width: 2 }
  .sent { fill: #1a7f37 }
  .waits { fill: #ffffff; stroke: #0969da; stroke-width: 2 }
  .off { stroke: #cf222e; stroke-width: 2.5; fill: none }
  .reply { fill: #9a6700 }
  .visit { fill: #1f2328 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #161b22 }
    text { fill: #e6edf3 }
    .small { fill: #9da7b3 }
    .axis { stroke: #6e7681 }
    .sent { fill: #3fb950 }
    .waits { fill: #161b22; stroke: #58a6ff }
    .off { stroke: #f85149 }
    .reply { fill: #d29922 }
    .visit { fill: #e6edf3 }
  }"""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Lines of SVG, and where the next thing goes."""

    lines: tuple[str, ...]
    bottom: int


def draw(played: Played, entries: Sequence[Entry]) -> str:
    """Return the SVG: it needs no other file and no script, and follows the reader's light or dark."""
    told = played.timeline
    title = f"{told.treatment} at {told.clinic}, {clock_words(told.starts_at, played.zone)}"
    y, body = 76, list[str]()
    tops: list[int] = []
    for entry in entries:
        tops.append(y)
        drawn = _entry(entry, played, y)
        body += drawn.lines
        y = drawn.bottom + GAP
    height = y + 4
    axis = f'<line class="axis" x1="{AXIS}" x2="{AXIS}" y1="{tops[0] - 5}" y2="{tops[-1] - 5}"/>'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {_A11Y}>',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="desc">{escape(" ".join(_said(entry, played) for entry in entries))}</desc>',
            f"<style>\n{_STYLE}\n</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>',
            f'<text class="head" x="16" y="26">{escape(told.treatment)} at {escape(told.clinic)}</text>',
            f'<text class="small" x="16" y="43">All times: {escape(played.zone.key)}</text>',
            axis,
            *body,
            "</svg>",
            "",
        ]
    )


def _entry(entry: Entry, played: Played, y: int) -> _Drawn:
    zone, visit = played.zone, played.timeline.starts_at
    local = entry.at.astimezone(zone)
    clock = " · ".join(it for it in (f"{local:%H:%M}", apart(entry.at, visit)) if it)
    lines = [
        f'<text x="{AXIS - 18}" y="{y}" text-anchor="end">{local:%a %d %b}</text>',
        f'<text class="small" x="{AXIS - 18}" y="{y + SMALL}" text-anchor="end">{clock}</text>',
        _sign(entry.mark, y - 5),
    ]
    what = wrap(entry.what, LETTERS - 9, break_long_words=True)
    lines += [f'<text class="what" x="{TEXT}" y="{y + LINE * n}">{escape(it)}</text>' for n, it in enumerate(what)]
    below = y + LINE * (len(what) - 1)
    small = wrap(_small(entry, played), LETTERS)
    lines += [
        f'<text class="small" x="{TEXT}" y="{below + SMALL * n}">{escape(it)}</text>'
        for n, it in enumerate(small, start=1)
    ]
    return _Drawn(tuple(lines), max(y + SMALL, below + SMALL * len(small)) + LINE - 6)


def _sign(mark: Mark, y: int) -> str:
    match mark:
        case Mark.SENT:
            return f'<circle class="sent" cx="{AXIS}" cy="{y}" r="7"/>'
        case Mark.WAITS:
            return f'<circle class="waits" cx="{AXIS}" cy="{y}" r="6"/>'
        case Mark.NOT_SENT:
            return f'<path class="off" d="M{AXIS - 6} {y - 6}l12 12m0-12l-12 12"/>'
        case Mark.REPLY:
            return f'<path class="reply" d="M{AXIS} {y - 9}l9 9-9 9-9-9z"/>'
        case Mark.VISIT:
            return f'<rect class="visit" x="{AXIS - 11}" y="{y - 4}" width="22" height="8" rx="3"/>'


def _small(entry: Entry, played: Played) -> str:
    """Return what stands below the head: how it goes, and what put it off or kept it back."""
    if entry.mark is Mark.SENT:
        parts = [entry.ways]
        if entry.planned_at:
            parts.append(f"put off from {clock_words(entry.planned_at, played.zone)}: {put_off_by(entry)}")
        return "; ".join(parts)
    if entry.mark in (Mark.NOT_SENT, Mark.WAITS):
        since = [it for it in entry.messages[0].reasons if it.code not in OF_THE_PLAN]
        return f"{entry.mark.value}, {entry.ways}: {sentence(since, played.zone) or entry.why}"
    return entry.why


def _said(entry: Entry, played: Played) -> str:
    """Return the entry as a sentence, for who does not see the picture."""
    small = _small(entry, played)
    return f"{clock_words(entry.at, played.zone)}: {entry.what}{f' ({small})' if small else ''}.".replace("..", ".")


WORDS = {
    "quiet_hours": "quiet hours",
    "closure": "closed",
    "weekday": "weekday",
    "visit_end": "the visit went on",
    "undo_grace": "registered just then",
    "registered_late": "registered late",
    "spaced": "apart from another late one",
}
"""What moves a message, in a word or two."""


def put_off_by(entry: Entry) -> str:
    """Return what moved the messages of an entry, in few words."""
    codes = dict.fromkeys(reason.code for message in entry.messages for reason in message.reasons)
    return ", ".join(WORDS[code] for code in codes if code in WORDS) or "late"
