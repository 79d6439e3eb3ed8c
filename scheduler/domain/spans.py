"""Lengths of time as protocols write them: `30m`, `2h`, `1d`, `4w`, `1mo`."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache


class Unit(StrEnum):
    """Minutes and hours elapse; days, weeks and months are counted on the calendar."""

    MINUTES = "m"
    HOURS = "h"
    DAYS = "d"
    WEEKS = "w"
    MONTHS = "mo"


@dataclass(frozen=True, slots=True)
class Span:
    """So many of a unit. `amount` is never negative."""

    amount: int
    unit: Unit

    @property
    def on_clock(self) -> bool:
        """Whether it elapses (minutes, hours) rather than being counted in calendar days."""
        return self.unit in (Unit.MINUTES, Unit.HOURS)

    @property
    def elapsed(self) -> timedelta:
        """The span as elapsed time; a day counts 24 hours, a month 30 days."""
        match self.unit:
            case Unit.MINUTES:
                return timedelta(minutes=self.amount)
            case Unit.HOURS:
                return timedelta(hours=self.amount)
            case Unit.DAYS:
                return timedelta(days=self.amount)
            case Unit.WEEKS:
                return timedelta(weeks=self.amount)
            case Unit.MONTHS:
                return timedelta(days=30 * self.amount)

    @property
    def phrase(self) -> str:
        """The span in English words: `2 days`, `1 month`."""
        return f"{self.amount} {_WORDS[self.unit]}{'' if self.amount == 1 else 's'}"

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


_WORDS = {
    Unit.MINUTES: "minute",
    Unit.HOURS: "hour",
    Unit.DAYS: "day",
    Unit.WEEKS: "week",
    Unit.MONTHS: "month",
}
_SPAN = re.compile(r"(\d{1,4})\s*(mo|m|h|d|w)", re.ASCII)


@lru_cache
def parse_span(text: str) -> Span:
    """Read `2h`, `1 d`, `1mo`. Raises ValueError with what is allowed."""
    match = _SPAN.fullmatch(text.strip())
    if not match:
        raise ValueError("a length of time is a whole number and m, h, d, w or mo, such as 30m, 2h, 1d, 4w, 1mo")
    return Span(int(match[1]), Unit(match[2]))
