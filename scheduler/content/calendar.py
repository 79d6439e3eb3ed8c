"""A calendar file (RFC 5545) with one entry over whole days: nothing of a patient or a treatment is in it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_LINE_BYTES = 75
"""RFC 5545, 3.1: a line has at most 75 octets without its end; what goes on begins with a space."""
_ESCAPED = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


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
    lines = [
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
        f"SUMMARY:{_text(days.title)}",
        f"DESCRIPTION:{_text(days.text)}",
        *([f"URL:{_visible(days.url)}"] if days.url else []),
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _text(text: str) -> str:
    """Escape a text (RFC 5545, 3.3.11)."""
    return "".join(_ESCAPED.get(char, char) for char in text if char == "\n" or char.isprintable())


def _visible(address: str) -> str:
    return "".join(char for char in address if char.isprintable())


def _folded(line: str) -> bytes:
    """Fold a line; no character is split over two."""
    pieces, size = [b""], _LINE_BYTES
    for char in line:
        encoded = char.encode()
        if len(pieces[-1]) + len(encoded) > size:
            pieces.append(b"")
            size = _LINE_BYTES - 1  # the space counts
        pieces[-1] += encoded
    return b"\r\n ".join(pieces) + b"\r\n"
