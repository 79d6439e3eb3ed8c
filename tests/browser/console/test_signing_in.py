"""Signing in with a real browser: by keyboard, without scripts, and over plain http in a clinic's own network."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler.domain.access import Role, Scope
from scheduler.services.identity import Identity, identity_of
from scheduler.services.users import Manager
from tests.browser.console.desk_site import CLINIC, DeskSite

OPERATOR = Manager("operator:test", Scope(None))
PASSWORD = "nettle copper window seven"


@pytest.fixture
def identity(desk: DeskSite) -> Identity:
    return identity_of(desk.house.store, desk.house.configuration)


@pytest.fixture
def anna(identity: Identity) -> int:
    return identity.users.add("anna", "Anna Berg", Role.STAFF, CLINIC, OPERATOR, password=PASSWORD)


@pytest.fixture(params=[True, pytest.param(False, marks=pytest.mark.long)], ids=["scripts", "no scripts"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-CA", java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def enter(page: Page) -> None:
    """Press Enter, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.usefixtures("anna")
def test_one_signs_in_by_keyboard_alone_and_comes_to_what_one_wanted(desk: DeskSite, page: Page) -> None:
    page.goto(f"{desk.url}/desk/account")
    expect(page.locator("#login")).to_be_focused()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong wrong wrong")
    enter(page)
    assert page.get_by_role("alert").inner_text() == "Login and password do not fit."
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    enter(page)
    assert page.url == f"{desk.url}/desk/account"
    (cookie,) = [it for it in page.context.cookies() if it["name"] == "aftercare_session"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert cookie["expires"] == -1


@pytest.mark.usefixtures("anna")
def test_over_plain_http_in_a_network_of_ones_own_the_origin_says_whose_form_it_is(
    desk: DeskSite, page: Page
) -> None:
    port = desk.url.rpartition(":")[2]
    page.goto(f"http://clinic.test:{port}/desk/login")
    page.fill("#login", "anna")
    page.fill("#password", PASSWORD)
    enter(page)
    assert page.url == f"http://clinic.test:{port}/desk/"


def test_the_second_factor_is_set_up_and_asked_for(desk: DeskSite, page: Page, identity: Identity, anna: int) -> None:
    page.goto(f"{desk.url}/desk/login/link/{identity.users.link(anna, OPERATOR)}")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    assert page.url == f"{desk.url}/desk/account/password"
    page.goto(f"{desk.url}/desk/account/second-factor")
    with page.expect_navigation():
        page.get_by_role("button", name="Turn on second factor").click()
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 100
    waiting = identity.accounts.waiting_address(anna)
    assert waiting
    page.fill("#code", pyotp.TOTP(waiting[0]).now())
    enter(page)
    codes = re.findall(r"\b[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\b", page.locator(".codes").inner_text())
    assert len(codes) == 10
    page.context.clear_cookies()
    page.goto(f"{desk.url}/desk/login")
    page.fill("#login", "anna")
    page.fill("#password", PASSWORD)
    enter(page)
    assert page.url == f"{desk.url}/desk/login/code"
    with page.expect_navigation():
        page.get_by_role("link", name="Use a recovery code").click()
    page.keyboard.type(codes[0])
    enter(page)
    assert page.url == f"{desk.url}/desk/"
