"""calendar pull: what it prints, as text and as JSON, and its exit code."""

import shutil
from datetime import timedelta
from pathlib import Path

from scheduler.clock import SystemClock
from tests.cli.command import SECRETS, Command
from tests.servers.calendar import CalendarServer
from tests.services.calendars import calendar, entry
from tests.services.house import CONFIG

BLOCK = """
bookings:
  - id: desk
    kind: calendar
    url: NORTH_CALENDAR_URL
    summary: "{treatment} - {name}"
    description: ["Phone: {phone}", "Email: {email}"]
"""
COMING, TOO_FAR = (f"DTSTART:{SystemClock().now() + timedelta(days=days):%Y%m%dT140000Z}" for days in (30, 900))


def follow(aftercare: Command) -> None:
    """Let the clinic north read a calendar."""
    config = Path(shutil.copytree(CONFIG, aftercare.folder / "config"))
    with (config / "clinics" / "north.yaml").open("a", encoding="utf-8") as file:
        file.write(BLOCK)
    aftercare.set(AFTERCARE_CONFIG_DIR=str(config))


def test_a_calendar_is_read_and_what_was_refused_is_said(aftercare: Command) -> None:
    follow(aftercare)
    with CalendarServer(
        calendar(entry(start=COMING), entry("B-2", title="Lunch"), entry("B-4", start=TOO_FAR))
    ) as server:
        aftercare.set(NORTH_CALENDAR_URL=server.url)
        dry = aftercare.done("calendar", "pull", "--dry-run")
        assert dry == (
            "Dry run, nothing was registered: north/desk: 1 registered; 1 left alone, over or too far ahead; "
            "1 other entries.\n"
        )
        assert aftercare.json("calendar", "pull", "--clinic", "north", "--source", "desk") == {
            "calendars": [
                {
                    "clinic": "north",
                    "source": "desk",
                    "error": None,
                    "unchanged": False,
                    "totals": {"registered": 1, "unchanged": 0, "rescheduled": 0, "cancelled": 0, "refused": 0},
                    "refused": [],
                    "missing": 0,
                    "held": 0,
                    "left": 1,
                    "others": 1,
                }
            ]
        }
        assert "nothing changed" in aftercare.done("calendar", "pull")
        server.content = calendar(entry("B-3", title="Botox - Ann Roy", start=COMING))
        ended = aftercare.run("calendar", "pull")
        assert (ended.code, "treatment: “Botox” is not known" in ended.out) == (1, True)
        server.status = 500
        told = aftercare.refused("calendar", "pull")
        assert told.startswith("north/desk: can't be read (500)")
        assert not any(secret in ended.out + ended.err + told for secret in (*SECRETS, server.url))


def test_what_is_no_calendar_is_said(aftercare: Command) -> None:
    assert "no calendar is in" in aftercare.refused("calendar", "pull")
    follow(aftercare)
    assert aftercare.refused("calendar", "pull", "--source", "other") == "there is no calendar other: there are desk"
    assert "(no-address)" in aftercare.refused("calendar", "pull")
