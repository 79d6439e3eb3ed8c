"""Draws things in the order of time as one SVG: from top to bottom, so that a phone shows it whole.

Whoever asks for a picture says the words; what may come from outside is escaped here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from textwrap import wrap
from xml.sax.saxutils import escape, quoteattr

WIDTH, LINE, SMALL, GAP = 400, 19, 16, 16
AXIS, TEXT = 132, 152
LETTERS = 36
"""Of the small print that fit beside the axis."""
_TOP = 76

STYLE = """  .paper { fill: #ffffff }
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
"""For a picture that is a file of its own. On a page its stylesheet has rules for the same names."""


class Mark(Enum):
    """What kind of thing it is: each has a sign of its own, so that it reads without colour."""

    VISIT = "visit"
    SENT = "sent"
    WAITS = "waits"
    NOT_SENT = "not sent"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing on the axis: when, in two short lines to the left; what, and the small print below it, to the right.

    `link` leads to where more of it stands; "" for none. `gap` is room above it, beyond the usual.
    """

    mark: Mark
    when: str
    when_more: str
    what: str
    small: str = ""
    link: str = ""
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """What the picture is of: `title` and `told`, the same as the picture in words, are for who does not see it."""

    title: str
    told: str
    lines: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Lines of SVG, and where the next thing goes."""

    lines: tuple[str, ...]
    bottom: int


def as_file(head: Head, rows: Sequence[Row]) -> str:
    """Return the SVG as a file: it needs no other and no script, and follows the reader's light or dark."""
    height, body = _body(rows, _TOP)
    shape = 'role="img" aria-labelledby="title desc" style="max-width: 560px; width: 100%"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {shape}>',
            f'<title id="title">{escape(head.title)}</title>',
            f'<desc id="desc">{escape(head.told)}</desc>',
            f"<style>\n{STYLE}\n</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>',
            f'<text class="head" x="16" y="26">{escape(head.lines[0])}</text>',
            f'<text class="small" x="16" y="43">{escape(head.lines[1])}</text>',
            *body,
            "</svg>",
            "",
        ]
    )


def as_part(head: Head, rows: Sequence[Row]) -> str:
    """Return the SVG as a part of a page, whose stylesheet has its rules; it is safe to be written as it is."""
    height, body = _body(rows, LINE + 2)
    label = quoteattr(head.title)
    return "\n".join(
        [f'<svg class="picture" viewBox="0 0 {WIDTH} {height}" role="group" aria-label={label}>', *body, "</svg>"]
    )


def _body(rows: Sequence[Row], top: int) -> tuple[int, list[str]]:
    """Return how high it is, and the axis with all rows."""
    y, lines, tops = top, list[str](), list[int]()
    for row in rows:
        y += row.gap
        tops.append(y)
        drawn = _row(row, y)
        lines += drawn.lines
        y = drawn.bottom + GAP
    axis = f'<line class="axis" x1="{AXIS}" x2="{AXIS}" y1="{tops[0] - 5}" y2="{tops[-1] - 5}"/>'
    return y + 4, [axis, *lines]


def _row(row: Row, y: int) -> _Drawn:
    lines = [
        f'<text x="{AXIS - 18}" y="{y}" text-anchor="end">{escape(row.when)}</text>',
        f'<text class="small" x="{AXIS - 18}" y="{y + SMALL}" text-anchor="end">{escape(row.when_more)}</text>',
        _sign(row.mark, y - 5),
    ]
    what = wrap(row.what, LETTERS - 9, break_long_words=True)
    head = [f'<text class="what" x="{TEXT}" y="{y + LINE * n}">{escape(it)}</text>' for n, it in enumerate(what)]
    lines += [f"<a href={quoteattr(row.link)}>", *head, "</a>"] if row.link else head
    below = y + LINE * (len(what) - 1)
    small = wrap(row.small, LETTERS)
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
