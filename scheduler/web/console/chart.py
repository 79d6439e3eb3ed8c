"""Draws deliveries by day as bars: geometry only, for a template to write as SVG; colours are classes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scheduler.services.deliveries import DayCount

WIDTH, HEIGHT = 480, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 4, 10, 24
_GAP = 0.22
_STEPS = (1, 2, 5)
SERIES = ("delivered", "unheard", "failed", "expired")
"""From the bottom up. What is late is a mark beside the bar: it is in one of these too."""
LATE = "late"


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of a bar; `series` is its class."""

    series: str
    x: float
    y: float
    width: float
    height: float

    @property
    def outline(self) -> str:
        """What the `d` of an SVG path says of it."""
        return f"M{self.x} {self.y}h{self.width}v{self.height}h-{self.width}z"


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of a day; `late_y` is where the mark of what was late stands, None for none."""

    day: DayCount
    middle: float
    parts: tuple[Rect, ...]
    late_y: float | None
    is_labelled: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of WIDTH by HEIGHT: bars, and lines at round numbers.

    `shapes` draws all bars, a path for each series: a quarter of a year has too many parts for elements of their own.
    """

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    shapes: tuple[tuple[str, str], ...]
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    base: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def draw(days: Sequence[DayCount]) -> Chart:
    """Draw days in their order."""
    top = _round_up(max((_stack(it) for it in days), default=0))
    scale = (HEIGHT - _TOP - _BOTTOM) / top
    every = (WIDTH - _LEFT - _RIGHT) / max(1, len(days))
    apart = max(1, -(-len(days) // 6))
    base = HEIGHT - _BOTTOM
    bars = tuple(
        Bar(
            day,
            _at(_LEFT + (place + 0.5) * every),
            tuple(_parts(day, _LEFT + place * every + every * _GAP / 2, every * (1 - _GAP), base, scale)),
            _at(base - day.late * scale) if day.late else None,
            (len(days) - 1 - place) % apart == 0,
        )
        for place, day in enumerate(days)
    )
    marks = (0, top // 2, top) if top % 2 == 0 else (0, top)
    return Chart(bars, tuple((_at(base - it * scale), it) for it in marks), tuple(_shapes(bars)))


def _shapes(bars: Sequence[Bar]) -> Iterator[tuple[str, str]]:
    for series in SERIES:
        if outline := "".join(part.outline for bar in bars for part in bar.parts if part.series == series):
            yield series, outline
    if late := "".join(f"M{bar.middle} {_at(bar.late_y - 4)}l4 4-4 4-4-4z" for bar in bars if bar.late_y is not None):
        yield LATE, late


def _stack(day: DayCount) -> int:
    return sum(getattr(day, name) for name in SERIES)


def _parts(day: DayCount, x: float, width: float, base: float, scale: float) -> Iterator[Rect]:
    y = base
    for name in SERIES:
        if number := getattr(day, name):
            height = number * scale
            y -= height
            yield Rect(name, _at(x), _at(y), _at(width), max(_at(height), 0.5))


def _round_up(most: int) -> int:
    """Return the next 1, 2 or 5 with zeros."""
    unit = 1
    while True:
        for step in _STEPS:
            if step * unit >= max(most, 1):
                return step * unit
        unit *= 10


def _at(number: float) -> float:
    return round(number, 1)
