import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.browser.chrome import program
from tests.browser.console.desk_site import DeskSite, desk_standing
from tests.browser.console.gallery import add_gallery
from tests.postgres import TEST_KEYS
from tests.store.conftest import migrated_file

__all__ = ["migrated_file"]

FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's browser, driven by Playwright."""
    found = program()
    if found is None:
        reason = "there is no Chromium or Chrome on this machine"
        if "browser" in os.environ.get("AFTERCARE_TEST_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[DeskSite]:
    """A console to look at: tests that use it change nothing."""
    yield from _standing(tmp_path_factory.mktemp("desk"), migrated_file)


@pytest.fixture
def desk(tmp_path: Path, migrated_file: Path) -> Iterator[DeskSite]:
    """A console of one's own, to do something with."""
    yield from _standing(tmp_path, migrated_file)


def _standing(folder: Path, migrated: Path) -> Iterator[DeskSite]:
    shutil.copy(migrated, folder / "aftercare.db")
    settings = read_settings({"AFTERCARE_DATA_DIR": str(folder), **TEST_KEYS})
    with open_store(settings) as store, desk_standing(store, settings, add_gallery) as site:
        yield site
