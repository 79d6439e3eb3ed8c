"""Moments as exports write them. Each form is read in one way only; what may mean two moments is refused in words."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import instant
from scheduler.services.exports.clocks import take_times
from scheduler.services.exports.days import DAY_FIRST, MONTH_FIRST, read_day, split_day
from scheduler.services.exports.zones import instant_in, take_zone
from scheduler.services.moments import EXAMPLE, NoInstantError, check_year, no_instant
from scheduler.services.words import one_line

LENGTH_LIMIT = 120
_WANTED = {DAY_FIRST: "22/03/2026 14:30", MONTH_FIRST: "03/22/2026 2:30 PM", None: "2026-03-02T14:30"}
# 2026-03-02 09:00-10:00 is no ISO here: exports write a beginning and an end so.
_ISO = re.compile(
    r"""
    \d{8}T\d{4}(?:\d\d)?(?:Z|[+-]\d{4})?
  | \d{4}-\d\d-\d\d
    (?: T\d\d:?\d\d.*
      | [ ]\d\d:\d\d(?: :\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)? | Z | \+\d\d:?\d\d )?
    )
    """,
    re.ASCII | re.VERBOSE,
)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?(?:\s+(?:[01](?:[.,]\d+)?|\d\d?:\d\d.*))?", re.ASCII)
_FRACTION = re.compile(r"(?<=:\d\d)[.,]\d{1,9}")
_T = re.compile(r"(?<=\d)T(?=\d)", re.IGNORECASE)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


@dataclass(frozen=True, slots=True)
class Dates:
    """How the files of a clinic write moments: `written` is as `import.dates` has it, `zone` that of bare times."""

    written: str | None
    zone: ZoneInfo
    languages: tuple[str, ...]

    @classmethod
    def of(cls, clinic: Clinic) -> "Dates":
        """Return what a clinic's file says; English names of months are known everywhere."""
        languages = dict.fromkeys(("en", *(code.replace("-", "_") for code in clinic.languages)))
        return cls(clinic.imports.dates, clinic.imports.timezone or clinic.timezone, tuple(languages))

    def read(self, text: str) -> datetime:
        """Return the moment (UTC) of a cell, the beginning where it has an end too. Raises NoInstantError."""
        return _read(self, text)[0]

    def visit(self, text: str) -> datetime:
        """Return a moment of a visit (UTC), as `read`. Raises NoInstantError for midnight too.

        A column of days alone is written so by databases and spreadsheets; nobody is treated then, and what follows
        the visit would go out before it.
        """
        found = self.read(text)
        if found.astimezone(self.zone).time() == time():
            raise NoInstantError(
                "no_time", "is at midnight, which is how a day without a time is written: export the time"
            )
        return found

    def ends(self, text: str) -> tuple[datetime, datetime] | None:
        """Return beginning and end (UTC) of a cell that has both; None for any other."""
        try:
            start, end = _read(self, text)
        except NoInstantError:
            return None
        return (start, end) if end else None

    def day(self, text: str) -> date:
        """Return the day of a cell that has no time of day. Raises NoInstantError."""
        wanted = _WANTED.get(self.written, _WANTED[None])
        plain, _ = one_line(unicodedata.normalize("NFKC", text))
        day, others = _day(self, plain.translate(_DASHES), wanted)
        if others:
            raise NoInstantError("no_instant", f"is not a date and time such as {wanted}")
        return day


@lru_cache(maxsize=4096)
def _read(dates: Dates, text: str) -> tuple[datetime, datetime | None]:
    plain, _ = one_line(unicodedata.normalize("NFKC", text))
    if found := _by_format(dates, plain) or _iso(dates, plain):
        return found, None
    if _SERIAL.fullmatch(plain):
        raise NoInstantError(
            "no_instant",
            "is the number that a spreadsheet keeps for a date: format the column as date and time, export it again",
        )
    if dates.written is not None and dates.written not in _WANTED:
        raise no_instant(plain, EXAMPLE.strftime(dates.written))
    if len(plain) > LENGTH_LIMIT:
        raise no_instant("", _WANTED[dates.written])
    return _in_words(dates, plain.translate(_DASHES))


def _by_format(dates: Dates, text: str) -> datetime | None:
    if dates.written is None or dates.written in _WANTED:
        return None
    try:
        moment = datetime.strptime(text, dates.written)  # noqa: DTZ007  (its zone is given below)
    except ValueError:
        return None
    return _placed(moment, dates.zone)


def _iso(dates: Dates, text: str) -> datetime | None:
    """Read ISO 8601, which says itself what it is: a workbook's own days and times come so, whatever `dates` is."""
    if not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _placed(moment, dates.zone)


def _placed(moment: datetime, zone: ZoneInfo) -> datetime:
    check_year(moment.year)
    if moment.tzinfo is None:
        return instant(moment.date(), moment.time(), zone)
    return moment.astimezone(UTC)


def _in_words(dates: Dates, text: str) -> tuple[datetime, datetime | None]:
    wanted = _WANTED[dates.written]
    said, rest = take_zone(_FRACTION.sub("", _T.sub(" ", text)))
    clocks = take_times(rest)
    day, others = _day(dates, clocks.day, wanted)
    if clocks.start is None:
        raise NoInstantError(
            "no_time", "has no time of day: if that has a column of its own, map both, such as [Date, Time]"
        )
    last_day, last_others = _day(dates, clocks.second_day, wanted) if clocks.second_day else (day, "")
    zone = replace(said, words=" ".join(filter(None, (others, last_others, said.words))))
    start = instant_in(day, clocks.start.at, zone, dates.zone, dates.languages)
    if clocks.end is None:
        return start, None
    return start, instant_in(last_day, clocks.end.at, zone, dates.zone, dates.languages)


def _day(dates: Dates, text: str, wanted: str) -> tuple[date, str]:
    """Return the day and the words that may name a zone. Raises NoInstantError."""
    written = split_day(text, dates.languages)
    day = read_day(written, dates.written) if written else None
    if written is None or day is None:
        raise NoInstantError("no_instant", f"is not a date and time such as {wanted}")
    return day, written.others
