import os
import shutil
from asyncio import AbstractEventLoop, events
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from scheduler.domain.access import Role
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.settings import Settings, read_settings
from scheduler.store.database import open_store
from tests.browser.chrome import program
from tests.browser.console.desk_site import NOW, DeskSite, beside, desk_standing
from tests.browser.console.gallery import add_gallery
from tests.browser.console.story import tell
from tests.browser.console.visits import PATIENCE, Visit, arrive
from tests.postgres import TEST_KEYS
from tests.services.house import APPROVED, House
from tests.store.conftest import migrated_file

__all__ = ["migrated_file"]

FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP clinic.test 127.0.0.1",
)


@pytest.fixture(scope="session")
def running_chromium() -> Iterator[tuple[Browser, AbstractEventLoop]]:
    """The machine's browser, driven by Playwright, and the loop that it leaves in this thread."""
    found = program()
    if found is None:
        reason = "there is no Chromium or Chrome on this machine"
        if "browser" in os.environ.get("AFTERCARE_TEST_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        loop = events.get_running_loop()
        events._set_running_loop(None)
        yield browser, loop
        events._set_running_loop(loop)
        browser.close()


@pytest.fixture
def chromium(running_chromium: tuple[Browser, AbstractEventLoop]) -> Iterator[Browser]:
    """The browser, for one test: between two of them no loop runs here, so that other tests can have their own."""
    browser, loop = running_chromium
    events._set_running_loop(loop)
    yield browser
    events._set_running_loop(None)


@pytest.fixture(scope="session")
def one_window(running_chromium: tuple[Browser, AbstractEventLoop], shared_desk: DeskSite) -> Visit:
    """An administrator's window that stays open: a new one, with nothing in its cache, costs as much as a page."""
    browser, loop = running_chromium
    events._set_running_loop(loop)
    visit = arrive(browser, shared_desk, Role.ADMIN)
    events._set_running_loop(None)
    return visit


@pytest.fixture
def window(chromium: Browser, one_window: Visit) -> Visit:
    """The window, with an empty page: for a look at another one."""
    assert chromium.is_connected()
    one_window.forget()
    return one_window


@pytest.fixture(scope="session")
def told_file(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    """A database with the sample story, told once and copied for each test."""
    folder = tmp_path_factory.mktemp("told")
    shutil.copy(migrated_file, folder / "aftercare.db")
    with open_store(_settings(folder)) as store:
        known = replace(load(shipped("config")), approvals=APPROVED)
        house = House(store, _settings(folder), Path(shipped("templates")), configuration=known)
        beside(lambda: tell(house, NOW))
    return folder / "aftercare.db"


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory, told_file: Path) -> Iterator[DeskSite]:
    """A console to look at: tests that use it change nothing."""
    yield from _standing(tmp_path_factory.mktemp("desk"), told_file)


@pytest.fixture
def desk(tmp_path: Path, told_file: Path) -> Iterator[DeskSite]:
    """A console of one's own, to do something with."""
    yield from _standing(tmp_path, told_file)


def _settings(folder: Path) -> Settings:
    return read_settings({"AFTERCARE_DATA_DIR": str(folder), **TEST_KEYS})


def _standing(folder: Path, told: Path) -> Iterator[DeskSite]:
    shutil.copy(told, folder / "aftercare.db")
    settings = _settings(folder)
    with open_store(settings) as store, desk_standing(store, settings, add_gallery) as site:
        yield site
