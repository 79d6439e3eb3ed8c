"""A calendar file (RFC 5545) with one entry over whole days: nothing of a patient or a treatment is in it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from scheduler.content.ical import escaped, file_of, visible


@dataclass(frozen=True, slots=True)
class Days:
    """An entry from the first to the last day, both included. `uid` is the same each time that it is made."""

    uid: str
    first: date
    last: date
    title: str
    text: str
    url: str | None = None


def calendar_file(days: Days, *, now: datetime) -> bytes:
    """Return the file. `now` (aware) is when it was made; the entry leaves the days free for other things."""
    return file_of(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Aftercare//Next session//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            f"UID:{days.uid}",
            f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{days.first:%Y%m%d}",
            f"DTEND;VALUE=DATE:{days.last + timedelta(days=1):%Y%m%d}",  # the end is the day after
            f"SUMMARY:{escaped(days.title)}",
            f"DESCRIPTION:{escaped(days.text)}",
            *([f"URL:{visible(days.url)}"] if days.url else []),
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    )
