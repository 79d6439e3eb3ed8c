"""A service reads the calendar of a booking system by itself."""

import shutil
from datetime import timedelta

import sqlalchemy as sa

from scheduler.clock import SystemClock
from tests.acceptance.conftest import ROOT, Aftercare
from tests.acceptance.test_killed_import import appointments, wait_until
from tests.servers.calendar import CalendarServer
from tests.services.calendars import calendar, entry

BLOCK = '\nbookings: [{id: desk, kind: calendar, url: LUMIERE_CALENDAR, summary: "{treatment} - {name}"}]\n'


def test_a_service_registers_what_a_calendar_says(aftercare: Aftercare) -> None:
    config = shutil.copytree(ROOT / "config", aftercare.folder / "config")
    with (config / "clinics" / "lumiere.yaml").open("a", encoding="utf-8") as file:
        file.write(BLOCK)
    coming = SystemClock().now() + timedelta(days=30)
    guest = "ATTENDEE;CN=Zoë Lachance:mailto:zoe@patients.example"
    visit = entry("B-1", guest, title="microneedling - Zoë Lachance", start=f"DTSTART:{coming:%Y%m%dT150000Z}")
    aftercare.done("db", "upgrade")
    database = sa.create_engine(f"sqlite:///{aftercare.folder / 'var' / 'aftercare.db'}")
    with CalendarServer(calendar(visit)) as server:
        aftercare.environ |= {"LUMIERE_CALENDAR": server.url}
        with aftercare.start("serve", "--port", "0") as service:
            wait_until(lambda: service.poll() is not None or appointments(database) == 1, seconds=30)
            service.terminate()
            _, said = service.communicate(timeout=30)
    assert appointments(database) == 1
    database.dispose()
    assert server.url not in said
    assert "Zo" not in said
