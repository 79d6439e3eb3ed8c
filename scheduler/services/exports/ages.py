"""How old a row is, from a column that says when the booking system last changed it: as exactly as it is written."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.localtime import instant
from scheduler.domain.word import WordAge
from scheduler.services.exports.dates import Dates
from scheduler.services.exports.days import DAY_FIRST, MONTH_FIRST
from scheduler.services.moments import NoInstantError

_FRACTION = re.compile(r":\d\d[.,]\d", re.ASCII)
_SECONDS = re.compile(r"\d:\d\d:\d\d|T\d{6}", re.ASCII)
_DAY, _MINUTE, _SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
_LEAST = timedelta(microseconds=1)
_ELSEWHERE = ZoneInfo("UTC")


def read_age(dates: Dates, text: str) -> WordAge:
    """Read when something was changed last. Raises NoInstantError, as for any other date of the file.

    What has no seconds may be any moment of its minute, what has no time of day any of its day. The hour that autumn
    has twice may be either, unless a zone says which.
    """
    if dates.written and "%" in dates.written:  # the format of the visit's own column may be this one's too
        with suppress(NoInstantError):
            return _moment(dates, text)
        dates = replace(dates, written=_order(dates.written))
    try:
        return _moment(dates, text)
    except NoInstantError as error:
        if error.code != "no_time":
            raise
    day = dates.day(text)
    start, end = (instant(it, time(), dates.zone) for it in (day, day + _DAY))
    return WordAge(start, end - _LEAST)


def _moment(dates: Dates, text: str) -> WordAge:
    found = dates.read(text)
    return WordAge(found, _again(dates, text, found) + _open(text, found))


def _order(written: str) -> str | None:
    """Return which of day and month comes first in a format; None where the year does, or it does not say."""
    year, month, day = max(map(written.find, ("%Y", "%y"))), written.find("%m"), written.find("%d")
    if day < 0 or month < 0 or 0 <= year < min(day, month):
        return None
    return DAY_FIRST if day < month else MONTH_FIRST


def _open(text: str, found: datetime) -> timedelta:
    """Return how much of the moment is left open by how it is written."""
    if found.microsecond or _FRACTION.search(text):
        return timedelta()
    return (_SECOND if found.second or _SECONDS.search(text) else _MINUTE) - _LEAST


def _again(dates: Dates, text: str, found: datetime) -> datetime:
    """Return the same moment of the clock once more, where autumn has it twice and no zone says which it is."""
    local = found.astimezone(dates.zone)
    again = instant(local.date(), local.time().replace(fold=0), dates.zone, fold=1)
    if again <= found:
        return found
    try:
        names_zone = replace(dates, zone=_ELSEWHERE).read(text) == found
    except NoInstantError:
        return found  # the name of a zone that is at home here alone
    return found if names_zone else again
