import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.settings import Settings
from scheduler.store.database import open_store
from tests.browser.chrome import Browser, Tab, new_tab, program, running
from tests.browser.site import Site, standing
from tests.store.conftest import migrated_file, sqlite_settings

__all__ = ["migrated_file", "sqlite_settings"]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = program()
    if found is None:
        reason = "there is no Chromium or Chrome on this machine"
        if "browser" in os.environ.get("AFTERCARE_TEST_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    with running(found, tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A page at phone width, in light colours, whose scripts are off."""
    opened = new_tab(browser)
    opened.look()
    yield opened
    opened.close()


@pytest.fixture
def site(sqlite_settings: Settings) -> Iterator[Site]:
    """The shipped clinics on a real server, with a patient whose check has just gone out."""
    with open_store(sqlite_settings) as store, standing(store, sqlite_settings) as started:
        yield started


@pytest.fixture(scope="session")
def axe() -> str:
    return (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
