"""The zones that exports write behind a time, where they are certain; a guess would move a visit by hours."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache, lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name

from scheduler.domain.localtime import instant
from scheduler.services.exports.day_words import FILLERS, folded
from scheduler.services.moments import NoInstantError
from scheduler.services.words import zone_names

_PLACE = re.compile(r"\[?\b([a-z_]+(?:/[a-z_+-]+\d*)+)\b\]?", re.IGNORECASE)
_OFFSET = r"([+-])\s?(\d{1,2})(?::?([0-5]\d))?(?!\d)"
_LABEL = re.compile(rf"\(\s*(?:gmt|utc)\s?{_OFFSET}\s*\)", re.IGNORECASE)
_NAMED_OFFSET = re.compile(rf"\b(?:gmt|utc)\s?{_OFFSET}", re.IGNORECASE)
# Behind a time: with a +, with four digits in a row, or after seconds. 09:00-10:00 is a time and its end.
_BARE_OFFSET = re.compile(
    r"(?:(?<=:\d\d)|(?<=:\d\d\s)|(?<=m\s)|(?<=m\.\s)|(?<=\ds\s)|(?<=\d\ss\s))(?:(?=\+)|(?=-\d{4}(?!\d))|(?<=:\d\d:\d\d)|(?<=:\d\d:\d\d\s))"
    r"([+-])(\d{2})(?::?([0-5]\d))?(?![\d:])",
    re.IGNORECASE,
)
_ATLANTIC = re.compile(r"\bat\s*$", re.IGNORECASE)
_ASIDE = re.compile(r"\(([^()]*)\)")
_FARTHEST = timedelta(hours=14)
_UNIVERSAL = frozenset({"z", "utc", "gmt", "zulu"})
_OF_NORTH_AMERICA = frozenset({"us canada", "us and canada", "u s canada"})
_WIDTHS: tuple[Literal["long", "short"], ...] = ("long", "short")
_WINTER, _SUMMER = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ZoneText:
    """What a cell says of its zone: an offset, the offset of a label such as (GMT-05:00), an IANA name, other words.

    A label's offset is that of winter, whatever the day. `words` are what was left of the cell.
    """

    offset: timedelta | None = None
    label: timedelta | None = None
    place: str = ""
    words: str = ""


def take_zone(text: str) -> tuple[ZoneText, str]:
    """Take what names a zone by a sign out of a cell; return it and the rest. Raises NoInstantError."""
    place = offset = label = None
    if found := _PLACE.search(text):
        place = _places().get(found[1].casefold())
        text = _without(text, found) if place else text
    if found := _LABEL.search(text):
        label, text = _offset(found), _without(text, found)
    if found := _BARE_OFFSET.search(text) or _NAMED_OFFSET.search(text):
        # What stands in parentheses behind an offset names the zone once more.
        offset, text = _offset(found), _ASIDE.sub(" ", _without(text, found))
    words = "at" if _ATLANTIC.search(text) else ""  # at the end it is no “at 2:30” but a zone: 2:30 PM AT
    return ZoneText(offset, label, place or "", words), _ASIDE.sub(r" \1 ", text)


def instant_in(day: date, at: time, said: ZoneText, zone: ZoneInfo, languages: tuple[str, ...]) -> datetime:
    """Return the instant (UTC) of a wall clock in the zone that a cell names, else in `zone`.

    Raises NoInstantError where what it names is not certain.
    """
    found = _by_words(day, at, said.words, zone, languages) if said.words else None
    if said.place:
        found = instant(day, at, ZoneInfo(said.place))
    if said.offset is not None:
        by_offset = datetime.combine(day, at, timezone(said.offset)).astimezone(UTC)
        if (said.words or said.place) and found != by_offset:
            raise _uncertain(zone)
        return by_offset
    if found is None and said.label is not None:
        found = datetime.combine(day, at, timezone(said.label)).astimezone(UTC)
        # Winter's offset beside a name that is not known: right only where the clinic's own clock agrees.
        if said.words and found != instant(day, at, zone):
            raise _uncertain(zone)
    if found is None and said.words:
        raise _uncertain(zone)
    return found or instant(day, at, zone)


def _by_words(day: date, at: time, words: str, zone: ZoneInfo, languages: tuple[str, ...]) -> datetime | None:
    """Return the instant that a zone's name makes certain, None for a name that is not known."""
    always, in_force = _own_names(zone, languages)
    if words in in_force:
        # EST in summer: whoever wrote it may mean what clocks show, or what it stands for.
        both = (instant(day, at, zone, fold=fold) for fold in (0, 1))
        return next((found for found in both if words in _names_at(found, zone, languages)), None)
    if words in _UNIVERSAL:
        return datetime.combine(day, at, UTC)
    named = _named_zone(words, always, zone)
    return instant(day, at, named) if named else None


def _named_zone(words: str, always: frozenset[str], zone: ZoneInfo) -> ZoneInfo | None:
    """Return the zone that a name of the clinic's own, a city, or the one before the other stands for."""
    for name in ("", *always):
        city = words.removeprefix(name).strip()
        if name and words.startswith(name) and city in {"", *_OF_NORTH_AMERICA}:
            return zone
        if words.startswith(name) and city in _cities():
            return ZoneInfo(_cities()[city])
    return None


@cache
def _own_names(zone: ZoneInfo, languages: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return what a zone is called all year, and what in its summer or winter only."""
    always = {get_timezone_name(zone, width=width, locale=code) for code in languages for width in _WIDTHS}
    in_force = _names_at(_WINTER, zone, languages) | _names_at(_SUMMER, zone, languages)
    return frozenset(map(_plain, always)) - in_force, in_force


@lru_cache(maxsize=1024)
def _names_at(moment: datetime, zone: ZoneInfo, languages: tuple[str, ...]) -> frozenset[str]:
    local = moment.astimezone(zone)
    names = {get_timezone_name(local, width=width, locale=code) for code in languages for width in _WIDTHS}
    return frozenset(map(_plain, {*names, local.tzname() or ""}))


@cache
def _places() -> dict[str, str]:
    return {name.casefold(): name for name in zone_names() if "/" in name}


@cache
def _cities() -> dict[str, str]:
    """Return the cities that exactly one zone is named after."""
    cities: dict[str, set[str]] = {}
    for name in zone_names():
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/", "US/", "Canada/", "Mexico/")):
            cities.setdefault(_plain(name.rpartition("/")[2]), set()).add(name)
    return {city: min(names) for city, names in cities.items() if len(names) == 1}


def _plain(name: str) -> str:
    """Return a name as a cell's words are left: a name of nothing but fillers, AT, stays."""
    words = re.findall(r"[^\W\d_]+", folded(name))
    return " ".join([word for word in words if word not in FILLERS] or words)


def _offset(found: re.Match[str]) -> timedelta:
    amount = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if amount > _FARTHEST:
        raise NoInstantError("no_instant", "names an offset from UTC that no clock has")
    return -amount if found[1] == "-" else amount


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _uncertain(zone: ZoneInfo) -> NoInstantError:
    return NoInstantError(
        "no_zone",
        f"has a word that is no month or weekday, or a time zone that is not certain for that day in {zone}: "
        "export times without a zone, or with an offset such as -05:00",
    )
