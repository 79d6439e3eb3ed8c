"""Each page once, in a real browser: nothing wrong by axe, no word from the browser, no other host, not too wide."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.clock import SystemClock
from scheduler.services.gate import Gate
from scheduler.web.console.app import create_console
from scheduler.web.console.live import Live
from tests.browser.console.desk_site import DeskSite, desk_of
from tests.browser.console.pages import NO_PAGES, PAGES
from tests.browser.console.visits import DESKTOP, Visit

GALLERY = ("/gallery", "/nothing-here")


def routes_of(routers: list[Any]) -> Iterator[tuple[str, set[str]]]:
    for route in routers:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router.routes)
        else:
            yield route.path, set(route.methods)


def test_every_page_is_on_the_list_and_nothing_else(shared_desk: DeskSite) -> None:
    house = shared_desk.house
    console = create_console(desk_of(house), Gate(house.store, SystemClock()), live=Live.of(house.store))
    found = {path for path, methods in routes_of(list(console.routes)) if "GET" in methods}
    shown = {path for path in found if not path.startswith("/static/")}
    assert shown - set(PAGES) - set(NO_PAGES) == set(), "add a line to tests/browser/console/pages.py"
    assert (set(PAGES) | set(NO_PAGES)) - shown == set(), "these are gone: take their lines away"


@pytest.mark.parametrize("path", [*GALLERY, *PAGES.values()])
def test_a_page_is_sound(window: Visit, path: str) -> None:
    window.look(DESKTOP, dark=True)
    found = window.open(path)
    assert found.url.startswith(f"{window.site.url}/desk"), found.url
    missing = path == "/nothing-here"
    assert window.status == (404 if missing else 200)
    assert window.problems() == []
    title = found.title()
    assert title.endswith(" · Aftercare"), title
    assert not re.search(r"{\w+}|\bNone\b", found.locator("body").inner_text()), "a hole in a sentence"
