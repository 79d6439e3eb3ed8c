"""Each page as each role at three widths, light and dark, in each language, without scripts, and by keyboard."""

import pytest
from playwright.sync_api import Browser

from scheduler.domain.access import Role
from tests.browser.checker import OF_LOOKS
from tests.browser.console.desk_site import DeskSite
from tests.browser.console.pages import PAGES
from tests.browser.console.visits import DESKTOP, PHONE, TABLET, visiting

ALL = [*PAGES.values(), "/gallery"]
LOOKS = [(width, dark) for width in (PHONE, TABLET, DESKTOP) for dark in (False, True)]
ALL_RULES = {(PHONE, False), (DESKTOP, True)}
"""The other rules are asked twice."""
MOST_STEPS = 250
FOCUSED = """() => {
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  if (it === document.body) return null;
  const own = it.tagName === "IFRAME"; // what has the focus stands in a document of its own
  const seen = own || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return [it.tagName + "#" + it.id + " " + it.textContent.trim().slice(0, 30), seen, box.width * box.height > 0];
}"""

pytestmark = pytest.mark.long


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("role", list(Role))
def test_a_page_is_sound_for_everybody_everywhere(
    chromium: Browser, shared_desk: DeskSite, path: str, role: Role
) -> None:
    language = {Role.VIEWER: "fr", Role.STAFF: "es"}.get(role, "en")
    with visiting(chromium, shared_desk, role, language=language) as visit:
        found = visit.open(path)
        assert visit.status in (200, 403, 404)
        assert path == "/login" or found.locator("html").get_attribute("lang") == language
        for width, dark in LOOKS if visit.status == 200 else ALL_RULES:  # a refusal is one page everywhere
            visit.look(width, dark=dark)
            rules = () if (width, dark) in ALL_RULES else OF_LOOKS
            assert visit.problems(rules) == [], (width, dark)


@pytest.mark.parametrize("path", ALL)
def test_a_page_works_without_scripts(chromium: Browser, shared_desk: DeskSite, path: str) -> None:
    with visiting(chromium, shared_desk, Role.ADMIN, script=False) as visit:
        found = visit.open(path)
        assert visit.status == 200
        assert visit.complaints() == []
        assert found.locator("h1").count() == 1
        assert found.locator("main .scripted-only:visible").count() == 0


@pytest.mark.parametrize("path", ALL)
def test_everything_of_a_page_is_reached_by_keyboard_and_shows_its_focus(
    chromium: Browser, shared_desk: DeskSite, path: str
) -> None:
    with visiting(chromium, shared_desk, Role.ADMIN) as visit:
        page = visit.open(path)
        page.evaluate("document.activeElement.blur()")
        reached, ends, unseen = 0, 0, []
        for _ in range(MOST_STEPS):
            page.keyboard.press("Tab")
            where = page.evaluate(FOCUSED)
            if (
                where is None
            ):  # past the last one; a page that sets the focus itself begins behind what stands above it
                ends += 1
                if ends == 2:
                    break
                continue
            reached += 1
            if not (where[1] and where[2]):
                unseen.append(where[0])
        assert reached >= (2 if path == "/login" else 8)
        assert unseen == []
