"""The picture of a simulated appointment in a terminal: a row a step, time goes right, a line for the visit."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import copysign, sqrt

from rich.text import Text

from scheduler.cli.simulated_story import Entry, apart
from scheduler.content.picture import Mark

WIDTH = 80
_DAY = timedelta(days=1)
_COLOURS = {Mark.SENT: "green", Mark.WAITS: "cyan", Mark.NOT_SENT: "red", Mark.REPLY: "yellow", Mark.VISIT: "bold"}
_SIGNS = {Mark.SENT: "●", Mark.WAITS: "◌", Mark.NOT_SENT: "×", Mark.REPLY: "◆", Mark.VISIT: "│"}  # noqa: RUF001  (a cross is meant)
_PLAIN = {Mark.SENT: "o", Mark.WAITS: "?", Mark.NOT_SENT: "x", Mark.REPLY: "*", Mark.VISIT: "|"}


class Strip:
    """Draws the entries of a story. Signs differ, so that it reads without colour; `plain` draws in ASCII."""

    def __init__(self, entries: Sequence[Entry], visit: datetime, *, plain: bool) -> None:
        self._rows = [it for it in entries if it.mark is not Mark.VISIT]
        self._visit = visit
        self._plain = plain
        self._names = max((len(_name(it)) for it in self._rows), default=0)
        self._width = WIDTH - min(self._names, 28) - 2
        times = [visit, *(it.at for it in entries), *(it.planned_at for it in entries if it.planned_at)]
        self._first, self._last = self._far(min(times)), self._far(max(times))

    def lines(self) -> list[Text]:
        """Return the rows below a row that says how far from the visit each is."""
        return [self._axis(), *(self._row(it) for it in self._rows), self._key()]

    def _axis(self) -> Text:
        room = [" "] * self._width
        labels = [
            (self._column(self._visit), "start"),
            *((self._column(it.at), self._apart(it)) for it in self._rows),
        ]
        for column, label in labels:
            start = min(max(column - len(label) // 2, 0), self._width - len(label))
            around = room[max(start - 1, 0) : start + len(label) + 1]
            if label and not "".join(around).strip():
                room[start : start + len(label)] = label
        return Text(f"{'':{self._indent}}{''.join(room).rstrip()}", style="dim")

    def _row(self, entry: Entry) -> Text:
        signs = _PLAIN if self._plain else _SIGNS
        room = [" "] * self._width
        room[self._column(self._visit)] = signs[Mark.VISIT]
        column = self._column(entry.at)
        if entry.planned_at:
            start = self._column(entry.planned_at)
            room[start : column + 1] = ("-" if self._plain else "╌") * (column + 1 - start)
        room[column] = signs[entry.mark]
        line = Text(f"{_name(entry)[: self._indent - 2]:<{self._indent}}{''.join(room).rstrip()}")
        place = self._indent + column
        line.stylize(_COLOURS[entry.mark], place, place + 1)
        return line

    def _key(self) -> Text:
        signs = _PLAIN if self._plain else _SIGNS
        there = [mark for mark in Mark if any(it.mark is mark for it in self._rows)]
        return Text("   ".join(f"{signs[mark]} {mark.value}" for mark in there), style="dim")

    def _apart(self, entry: Entry) -> str:
        return apart(entry.at, self._visit)

    def _column(self, at: datetime) -> int:
        span = self._last - self._first
        return round((self._far(at) - self._first) / span * (self._width - 1)) if span else 0

    def _far(self, at: datetime) -> float:
        """Return how far from the visit; the root of the days, so that hours and weeks both have room."""
        days = (at - self._visit) / _DAY
        return copysign(sqrt(abs(days)), days)

    @property
    def _indent(self) -> int:
        return WIDTH - self._width


def _name(entry: Entry) -> str:
    if entry.mark is Mark.REPLY:
        return "reply"
    short = {"SMS and email": "both", "email and SMS": "both"}
    return f"{entry.what} ({short.get(entry.ways, entry.ways)})"
