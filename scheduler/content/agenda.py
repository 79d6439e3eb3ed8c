"""A calendar file (RFC 5545) to subscribe to: entries of an hour each, which leave the time free.

Instants are written in UTC, which every program shows on its reader's clock: no zone has to be described.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduler.content.ical import escaped, file_of

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """An hour from `at` on (aware). `uid` is the same each time that it is made."""

    uid: str
    at: datetime
    title: str
    text: str


def agenda_file(name: str, entries: Iterable[Entry], *, now: datetime) -> bytes:
    """Return the file, which calendars show as `name`; within an hour (of `now`, aware) the same makes the same."""
    made = _instant(now.replace(minute=0, second=0, microsecond=0))
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Aftercare//What goes out//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{escaped(name)}",
        f"X-WR-CALNAME:{escaped(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{entry.uid}",
            f"DTSTAMP:{made}",
            f"DTSTART:{_instant(entry.at)}",
            f"DTEND:{_instant(entry.at + _HOUR)}",
            f"SUMMARY:{escaped(entry.title)}",
            f"DESCRIPTION:{escaped(entry.text)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return file_of([*lines, "END:VCALENDAR"])


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
