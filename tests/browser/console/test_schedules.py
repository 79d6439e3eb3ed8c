"""An edit in the console, in a real browser: planned, followed while it is worked out, carried out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from scheduler.clock import FixedClock
from scheduler.domain.access import Role
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.browser.console import desk_site
from tests.browser.console.desk_site import NOW, DeskSite, desk_standing
from tests.browser.console.visits import visiting
from tests.postgres import TEST_KEYS
from tests.services.editing import edited, moved
from tests.services.house import House

NOON = moved("2d", "12:00")


@pytest.fixture
def edited_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskSite]:
    """A console whose files were edited after a visit was registered."""
    settings = read_settings({"AFTERCARE_DATA_DIR": str(tmp_path), **TEST_KEYS})
    known = load(shipped("config"))
    with open_store(settings) as store:
        texts = Path(shipped("templates"))
        before = House(store, settings, texts, configuration=known, clock=FixedClock(NOW))
        before.register(clinic="lumiere", treatment="microneedling", starts_at="2026-03-24T14:00:00+00:00")
        monkeypatch.setattr(desk_site, "load", lambda _folder: edited(known, "microneedling", redness_check=NOON))
        with desk_standing(store, settings) as site:
            yield site


def test_an_operator_plans_an_edit_sees_it_and_applies_it(chromium: Browser, edited_desk: DeskSite) -> None:
    with visiting(chromium, edited_desk, Role.ADMIN) as visit:
        page = visit.open("/schedules")
        with visit.leading_on():
            page.get_by_role("link", name="See what changes").click()
        page.get_by_role("button", name="Work out what changes").click()
        page.get_by_role("heading", name="What it comes to").wait_for()
        assert "1 moved" in page.locator("#totals").inner_text()
        assert visit.problems() == []
        page.get_by_role("button", name="Apply to appointments in flight").click()
        page.get_by_text("The plan was carried out").wait_for()
        page.get_by_text("Nothing waits to be applied").wait_for()
        history = visit.open("/schedules/apply-history")
        assert "user:admin" in history.locator("main").inner_text()


def test_the_picture_of_a_protocol_leads_to_its_steps_by_keyboard(chromium: Browser, shared_desk: DeskSite) -> None:
    with visiting(chromium, shared_desk, Role.VIEWER) as visit:
        page = visit.open("/schedules/microneedling")
        link = page.locator("svg.picture a").filter(has_text="Redness check")
        link.focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Redness check", level=1).wait_for()
        frame = page.frame_locator("iframe")
        frame.get_by_role("heading").first.wait_for()
        assert frame.locator("script").count() == 0


def test_without_javascript_a_plan_is_made_and_seen(chromium: Browser, edited_desk: DeskSite) -> None:
    with visiting(chromium, edited_desk, Role.ADMIN, script=False) as visit:
        page = visit.open("/schedules/pending-edit")
        page.get_by_role("button", name="Work out what changes").click()
        page.get_by_role("heading", name="What it comes to").wait_for()
