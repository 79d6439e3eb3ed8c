"""The evidence of one patient, a file in a real browser: nothing is asked of another host; light, dark and print."""

import base64
from pathlib import Path

import pytest

from scheduler.content.evidence import evidence_page
from scheduler.services.evidence import evidence
from tests.browser.checker import violations
from tests.browser.chrome import Tab
from tests.browser.site import Site
from tests.browser.test_alert_page import HEARD, alert_of

LOOKS = [(320, False), (390, True), (1200, False)]


@pytest.fixture
def page(site: Site, tmp_path: Path) -> Path:
    """The evidence of a patient who answered, and for whom somebody was rung."""
    alert_of(site)
    with site.house.store.read() as tx:
        data = evidence(tx, site.house.configuration, 1, now=HEARD)
    file = tmp_path / "evidence-1.html"
    file.write_text(evidence_page(data), encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_it_is_accessible_at_every_width_and_asks_nothing_of_anybody(
    page: Path, tab: Tab, axe: str, width: int, dark: bool
) -> None:
    tab.look(width=width, dark=dark)
    tab.open(page.as_uri())
    assert tab.see("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(tab, axe) == []
    assert {url.split(":")[0] for url in tab.requested()} == {"file"}
    assert tab.see("document.querySelector('h1').textContent").startswith("What was sent to")
    assert tab.logged() == []


def test_it_can_be_printed_on_paper(page: Path, tab: Tab) -> None:
    tab.open(page.as_uri())
    printed = base64.b64decode(tab.say("Page.printToPDF", printBackground=False)["data"])
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 12
