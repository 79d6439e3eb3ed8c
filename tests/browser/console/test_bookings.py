"""Setup > Booking systems in a browser: every state at a glance, and a calendar that lost its bookings."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from scheduler.domain.access import Role
from scheduler.domain.sources import Acuity, Calcom, Calendar, Calendly, Cliniko
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.receiving import BookingCall, BookingHooks
from scheduler.services.feeds.by_hand import read_by_hand
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from scheduler.store.refused_calls import RefusedCall, keep_refused
from tests.browser.console.desk_site import CLINIC, NOW, DeskSite, beside, desk_of, desk_standing
from tests.browser.console.visits import PHONE, visiting
from tests.postgres import TEST_KEYS
from tests.servers.calendar import CalendarServer
from tests.services.calendars import calendar, entries, entry
from tests.services.telling import SECRETS, calcom, calcom_booking

pytestmark = pytest.mark.long
CALENDAR = Calendar("front_desk", "DESK_CALENDAR", summary=("{treatment} - {name}",), description=("Phone: {phone}",))
SYSTEMS = (
    Calcom("online", "CALCOM_KEY"),
    Calendly("calendly", "CALENDLY_KEY"),
    Cliniko("cliniko", "CLINIKO_KEY", "desk@clinic.example"),
    Acuity("acuity", "NOT_SET", "NOT_SET_EITHER"),
    CALENDAR,
)


def with_booking_systems(known: Configuration) -> Configuration:
    clinic = known.clinics[CLINIC]
    treatments = {**clinic.imports.treatments, "60min": "microneedling", "Face peel": "chemical_peel"}
    edited = replace(clinic, bookings=SYSTEMS, imports=replace(clinic.imports, treatments=treatments))
    return replace(known, clinics={**known.clinics, CLINIC: edited})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskSite]:
    settings = read_settings({"AFTERCARE_DATA_DIR": str(tmp_path), **TEST_KEYS})
    for name in ("CALCOM_KEY", "CALENDLY_KEY", "CLINIKO_KEY"):
        monkeypatch.setenv(name, SECRETS[name])
    with (
        CalendarServer() as server,
        open_store(settings) as store,
        desk_standing(store, settings, edit=with_booking_systems) as standing,
    ):
        monkeypatch.setenv("DESK_CALENDAR", server.url)
        beside(lambda: happen(standing, server))
        yield standing


def happen(site: DeskSite, server: CalendarServer) -> None:
    """Let bookings come that can't be taken, a call that was forged, and a calendar lose eight of its bookings."""
    house = site.house
    hooks = BookingHooks(house.store, house.configuration, house.clock, SECRETS.get)
    told_of: dict[str, dict[str, Any]] = {
        "a": {},
        "b": {"type": "Hair", "eventTitle": "", "title": ""},
        "c": {"seatsPerTimeSlot": 3},
    }
    for uid, more in told_of.items():
        told = calcom(calcom_booking("BOOKING_CREATED", uid, NOW + timedelta(days=9), NOW, **more))
        call = hooks.check(CLINIC, "online", told.headers, told.body)
        assert isinstance(call, BookingCall)
        hooks.keep(call)
    hooks.work()
    with house.store.write() as tx:
        keep_refused(tx, RefusedCall(f"bookings/{CLINIC}/calendly", NOW, "the signature is wrong", ""))
    last = entry("L", title="Haircut - Sample Person", start="DTSTART:20260429T140000Z")
    for content in ([*(it.replace("202603", "202604") for it in entries(8)), last], [last]):
        server.content = calendar(*content)
        read_by_hand(desk_of(house), CLINIC, CALENDAR.id)


@pytest.mark.parametrize(
    ("language", "dark", "width"), [("en", False, 1280), ("fr", True, PHONE), ("es", False, 820)]
)
def test_every_state_is_seen_at_a_glance(
    chromium: Browser, site: DeskSite, language: str, dark: bool, width: int
) -> None:
    with visiting(chromium, site, Role.ADMIN, language=language, dark=dark, width=width) as visit:
        visit.open("/setup/bookings")
        assert visit.problems() == []
        expect(visit.page.locator("#bookings-known tbody tr")).to_have_count(len(SYSTEMS))
        expect(visit.page.locator("#bookings-open tbody tr")).to_have_count(2)
        visit.open(f"/setup/calendars/{CLINIC}/{CALENDAR.id}")
        assert visit.problems() == []


def test_what_is_missing_is_called_off_by_a_persons_word(chromium: Browser, site: DeskSite) -> None:
    with visiting(chromium, site, Role.ADMIN) as visit:
        page = visit.open("/setup/bookings")
        expect(page.get_by_text("Needs your word")).to_be_visible()
        with visit.leading_on():
            page.get_by_role("link", name="Look at the calendar").click()
        with visit.leading_on():
            page.get_by_role("button", name="Call all 8 off").click()
        expect(page.get_by_text("The calendar was read. Something in it is still open.")).to_be_visible()
        expect(page.get_by_text("Needs your word")).to_have_count(0)
        with visit.leading_on():
            page.get_by_role("button", name="Set aside").first.click()
        expect(page.locator("#bookings-open tbody tr")).to_have_count(1)
        assert visit.problems() == []
