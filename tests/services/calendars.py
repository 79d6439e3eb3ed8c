"""Calendars as booking systems publish them, line by line, and a clinic that reads one."""

from dataclasses import replace

from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Calendar
from tests.services.house import House

DESK = Calendar(
    "desk",
    "NORTH_CALENDAR_URL",
    summary=("{treatment} - {name}",),
    description=("Phone: {phone}", "Email: {email}"),
)


def calendar(*parts: str) -> bytes:
    """Return a calendar of these entries and zones."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Bookings//EN", *parts, "END:VCALENDAR", ""]
    return "\r\n".join(lines).replace("\n", "\r\n").replace("\r\r\n", "\r\n").encode()


def entry(uid: str = "B-1", *more: str, title: str = "Face peel - Zoë Lachance", start: str = "") -> str:
    """Return an entry of Zoë's visit; `start` is the line with its beginning, `more` are further lines."""
    begin = start or "DTSTART:20260318T140000Z"
    said = r"DESCRIPTION:Phone: 416-555-0123\nEmail: zoe@patients.example"
    lines = ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260301T000000Z", f"SUMMARY:{title}", begin, said, *more)
    return "\n".join([*lines, "END:VEVENT"])


def entries(count: int, *, first: int = 1) -> list[str]:
    """Return visits of so many people, one a day from the 18th on, at ten in Toronto."""
    numbers = range(first, first + count)
    return [
        entry(
            f"B-{it}",
            title=f"Face peel - Person {chr(64 + it)}",
            start=f"DTSTART:202603{17 + it:02}T140000Z",
        )
        for it in numbers
    ]


def follow(house: House, source: Calendar = DESK) -> Clinic:
    """Let the clinic north read a calendar; return it."""
    clinic = replace(house.configuration.clinic("north"), bookings=(source,))
    house.configuration = replace(house.configuration, clinics={**house.configuration.clinics, "north": clinic})
    return clinic
