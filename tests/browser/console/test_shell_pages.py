"""What the shell does in a real browser: pages that follow by themselves, keys, menus, forms, a session that ends."""

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler.clock import SystemClock
from scheduler.domain.access import Role
from scheduler.services.gate import Gate
from scheduler.services.tokens import digest
from scheduler.store.sessions import end_session
from tests.browser.console.desk_site import DeskSite
from tests.browser.console.visits import PHONE, Visit, visiting
from tests.services.house import House


def happen(house: House) -> None:
    """Let something happen at the clinic that every page may follow."""
    house.register(
        clinic="lumiere",
        treatment="microneedling",
        name="Nora Nueva",
        phone="+14165550177",
        email="nora@patients.example",
        starts_at="2026-03-27T10:00",
    )


def settled(page: Page) -> str:
    """Wait until the page has looked once after it began to listen, as each does; return how often it was made."""
    expect(page.locator("#times")).to_have_text("2")
    return "2"


def test_a_live_region_follows_what_happens_and_keeps_focus_and_what_is_open(
    chromium: Browser, desk: DeskSite
) -> None:
    with visiting(chromium, desk, Role.STAFF) as visit:
        page = visit.open("/gallery")
        before = settled(page)
        page.locator("#now details summary").click()
        page.locator("#now a").nth(1).focus()
        page.evaluate("window.same = true")
        happen(desk.house)
        expect(page.locator("#times")).not_to_have_text(before)
        assert page.evaluate("window.same"), "the page was not loaded anew"
        assert page.evaluate("document.activeElement === document.querySelectorAll('#now a')[1]")
        assert page.locator("#now details").get_attribute("open") is not None
        assert visit.complaints() == []


def test_a_region_in_which_somebody_types_is_left_alone(chromium: Browser, desk: DeskSite) -> None:
    with visiting(chromium, desk, Role.STAFF) as visit:
        page = visit.open("/gallery")
        before = settled(page)
        page.locator("#typed").fill("half a sen")
        happen(desk.house)
        expect(page.locator("#times")).not_to_have_text(before)
        assert page.locator("#typed").input_value() == "half a sen"
        assert page.evaluate("document.activeElement.id") == "typed"


def test_only_what_matters_is_read_out(chromium: Browser, desk: DeskSite) -> None:
    with visiting(chromium, desk, Role.STAFF) as visit:
        page = visit.open("/gallery")
        settled(page)
        assert page.locator("#announce").inner_text() == ""
        happen(desk.house)
        expect(page.locator("#announce")).to_have_text("It was looked at again")


def test_when_the_session_ends_the_page_says_that_it_no_longer_follows(chromium: Browser, desk: DeskSite) -> None:
    with visiting(chromium, desk, Role.STAFF) as visit:
        page = visit.open("/gallery")
        settled(page)
        with desk.house.store.write() as tx:
            end_session(tx, digest(desk.token(Role.STAFF)), now=SystemClock().now())
        assert Gate(desk.house.store, SystemClock()).by_session(desk.token(Role.STAFF)) is None
        happen(desk.house)
        expect(page.locator("#live-state")).to_contain_text("no longer follows")
        page.locator("#live-state a").click()
        page.wait_for_url("**/desk/login?to=%2Fgallery")


def test_the_server_ends_at_once_though_pages_listen(chromium: Browser, desk: DeskSite) -> None:
    with visiting(chromium, desk, Role.STAFF) as visit, visit.page.expect_request("**/desk/live"):
        visit.open("/gallery")
    # The fixture stops the server after this and waits no longer than its own patience.


def press(visit: Visit, *keys: str) -> None:
    for key in keys:
        visit.page.keyboard.press(key)


def test_keys_lead_everywhere_and_never_while_somebody_types(chromium: Browser, shared_desk: DeskSite) -> None:
    with visiting(chromium, shared_desk, Role.ADMIN) as visit:
        page = visit.open("/gallery")
        press(visit, "/")
        assert page.evaluate("document.activeElement.id") == "q"
        press(visit, "g", "d", "?", "/")
        assert page.locator("#q").input_value() == "gd?/"
        assert page.url.endswith("/desk/gallery")
        page.evaluate("document.activeElement.blur()")
        press(visit, "j", "j")
        assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 2
        press(visit, "k")
        assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 1
        press(visit, "g", "d")
        page.wait_for_url("**/desk/deliveries")


def test_keys_are_listed_and_can_be_switched_off_for_good(chromium: Browser, shared_desk: DeskSite) -> None:
    with visiting(chromium, shared_desk, Role.ADMIN) as visit:
        page = visit.open("/gallery")
        press(visit, "?")
        expect(page.locator("dialog#keys")).to_be_visible()
        assert visit.problems() == []
        page.get_by_role("button", name="Switch shortcuts off").click()
        press(visit, "Escape")
        expect(page.locator("dialog#keys")).to_be_hidden()
        page.reload()
        press(visit, "?", "g", "d")
        expect(page.locator("dialog#keys")).to_be_hidden()
        assert page.url.endswith("/desk/gallery")
        page.locator(".who > summary").click()
        page.get_by_role("button", name="Keyboard shortcuts").click()
        expect(page.get_by_role("button", name="Switch shortcuts on")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_a_menu_opens_and_leads_on_with_and_without_scripts(
    chromium: Browser, shared_desk: DeskSite, *, script: bool
) -> None:
    with visiting(chromium, shared_desk, Role.ADMIN, width=PHONE, script=script) as visit:
        page = visit.open("/gallery")
        page.locator(".who > summary").click()
        page.locator(".who .menu").get_by_role("link", name="Schedules").click()
        page.wait_for_url("**/desk/schedules*")


def test_escape_closes_a_menu_and_gives_the_focus_back(chromium: Browser, shared_desk: DeskSite) -> None:
    with visiting(chromium, shared_desk, Role.ADMIN) as visit:
        page = visit.open("/gallery")
        page.locator(".switch > summary").click()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        expect(page.locator(".switch .menu")).to_be_hidden()
        assert page.evaluate("document.activeElement.parentElement.className") == "switch"


@pytest.mark.parametrize("script", [True, False])
def test_what_is_wrong_with_a_form_is_said_first_and_leads_to_where_it_is_mended(
    chromium: Browser, shared_desk: DeskSite, *, script: bool
) -> None:
    with visiting(chromium, shared_desk, Role.STAFF, script=script) as visit:
        page = visit.open("/gallery")
        page.locator("#name").evaluate("it => it.required = false")
        with visit.leading_on():
            page.get_by_role("button", name="Register", exact=True).click()
        assert page.title().startswith("Error: ")
        assert page.evaluate("document.activeElement.id") == "problems"
        assert page.locator("#name").get_attribute("aria-describedby") == "name-problem"
        page.locator("#problems a").click()
        expect(page.locator("#name")).to_be_focused()
        page.keyboard.type("Zoë")
        with visit.leading_on():
            page.keyboard.press("Enter")
        expect(page.locator(".said")).to_have_text("Close")
        page.reload()
        expect(page.locator(".said")).to_have_count(0)


def test_the_first_tab_leads_past_the_navigation(chromium: Browser, shared_desk: DeskSite) -> None:
    with visiting(chromium, shared_desk, Role.STAFF) as visit:
        page = visit.open("/gallery")
        press(visit, "Tab", "Enter")
        expect(page.locator("#main")).to_be_focused()


def test_a_choice_of_dark_or_light_is_stronger_than_the_systems(chromium: Browser, shared_desk: DeskSite) -> None:
    with visiting(chromium, shared_desk, Role.STAFF) as visit:
        page = visit.open("/gallery")
        ground = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(ground)
        visit.look(PHONE, dark=True)
        dark = page.evaluate(ground)
        assert (light, dark) == ("rgb(243, 247, 245)", "rgb(14, 21, 20)")
        page.locator(".who > summary").click()
        with visit.leading_on():
            page.get_by_role("button", name="Light").click()
        assert page.url.endswith("/desk/gallery")
        assert page.evaluate(ground) == light
        page.locator(".who > summary").click()
        assert visit.problems() == []
        with visit.leading_on():
            page.get_by_role("button", name="Device").click()
        expect(page.locator("html")).not_to_have_attribute("data-look", "light")
        assert page.evaluate(ground) == dark


def test_it_can_be_printed_without_its_frame(chromium: Browser, shared_desk: DeskSite) -> None:
    with visiting(chromium, shared_desk, Role.STAFF) as visit:
        page = visit.open("/gallery")
        page.emulate_media(media="print")
        expect(page.locator(".side")).to_be_hidden()
        expect(page.locator("h1")).to_be_visible()
