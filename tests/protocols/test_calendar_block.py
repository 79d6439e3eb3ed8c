"""What a clinic's file says of a calendar: read as a value, and refused at its place with what to do."""

from datetime import timedelta
from pathlib import Path

from scheduler.domain.sources import Calendar
from tests.protocols.test_bookings_file import read

ALL = """
  - id: desk
    kind: calendar
    url: NORTH_CALENDAR_URL
    every: 30m
    summary: ["Cancelled {}: {treatment} - {name}", "{treatment} - {name}"]
    description: "Phone: {phone}"
    location: "{language} room"
"""
WRONG = {
    "kind: calendar, url: A_URL": ("missing-key", "does not say which treatment"),
    'kind: calendar, url: A_URL, summary: "Booking"': ("bad-text", "has no place"),
    'kind: calendar, url: A_URL, summary: "{treatment}{name}"': ("bad-text", "nothing between"),
    'kind: calendar, url: A_URL, summary: "{treatmnt} - {name}"': ("unknown-key", "no such field"),
    'kind: calendar, url: A_URL, summary: "{starts_at} - {treatment}"': ("unknown-key", "no such field"),
    'kind: calendar, url: A_URL, summary: "{treatment} - {name}", treatment: peel': ("conflicting-keys", "already"),
    "kind: calendar, url: A_URL, treatment: peel, every: 1m": ("impossible-range", "too often"),
    "kind: calendar, url: 'https://calendar.example/x.ics', treatment: peel": ("bad-text", "environment variable"),
    "kind: calendar, treatment: peel": ("missing-key", ""),
    "kind: calendar, url: A_URL, treatment: tattoo": ("unknown-treatment", "tattoo"),
}


def test_a_calendar_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, f"{ALL}  - {{id: room, kind: calendar, url: ROOM_URL, treatment: peel}}\n")
    assert not found.problems
    assert found.value
    assert found.value.bookings == (
        Calendar(
            "desk",
            "NORTH_CALENDAR_URL",
            every=timedelta(minutes=30),
            summary=("Cancelled {}: {treatment} - {name}", "{treatment} - {name}"),
            description=("Phone: {phone}",),
            location=("{language} room",),
        ),
        Calendar("room", "ROOM_URL", treatment="peel"),
    )


def test_what_is_wrong_is_refused_where_it_stands(tmp_path: Path) -> None:
    for block, (code, said) in WRONG.items():
        problems = read(tmp_path, f"  - {{id: desk, {block}}}\n").problems
        assert [it.code for it in problems] == [code], (block, problems)
        assert said in problems[0].message, block
        assert "calendar.example" not in str(problems[0])
