"""The way of docs/tutorial/first-visit.md through the console, by the names that the page has in bold.

Whoever walks it may have a picture taken at each of its moments; `python -m tests.browser.console.pictures` does.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize

from tests.acceptance.playing import Playing
from tests.browser.console.visits import PATIENCE

TUTORIAL = Path(__file__).parents[3] / "docs" / "tutorial" / "first-visit.md"
WINDOW: ViewportSize = {"width": 1100, "height": 740}
SHOTS = ("sign-in", "weeks", "form", "plan", "patient", "answer", "outbox")

SOME_DAYS_ON = re.compile(r"March (1[1-9]|2\d|3\d)")

Shot = Callable[[Page, str], None]


def names() -> set[str]:
    """Return what the page has in bold: the names of what is pressed and filled in."""
    return set(re.findall(r"\*\*(.+?)\*\*", TUTORIAL.read_text(encoding="utf-8")))


@dataclass
class Reader:
    """Somebody who does what the page says; `used` are the names that were found in the console."""

    page: Page
    shot: Shot
    used: set[str] = field(default_factory=set)

    def press(self, name: str, kind: Literal["button", "link"] = "button") -> None:
        """Press a button, or follow a link, of exactly that name."""
        with self.page.expect_navigation():
            self.page.get_by_role(kind, name=name, exact=True).first.click()
        self.used.add(name)

    def go(self, place: str) -> None:
        """Go to a place of the navigation."""
        with self.page.expect_navigation():
            self.page.get_by_role("navigation").get_by_role("link", name=re.compile(rf"^{place}")).click()
        self.used.add(place)

    def fill(self, **typed: str) -> None:
        """Type into fields, by their labels."""
        for label, text in typed.items():
            name = label.replace("_", " ")
            self.page.get_by_label(re.compile(rf"^{name}( optional)?$")).fill(text)
            self.used.add(name)

    def choose(self, **chosen: str) -> None:
        """Choose from lists, by their labels."""
        for label, option in chosen.items():
            self.page.get_by_label(label, exact=True).select_option(label=option)
            self.used.add(label)

    def see(self, text: str) -> None:
        """Wait until something stands there."""
        self.page.get_by_text(text).first.wait_for()


def walk(browser: Browser, demo: Playing, shot: Shot) -> Reader:
    """Do all of it with a demo that waits or plays."""
    context = browser.new_context(viewport=WINDOW, locale="en-CA", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    reader = Reader(context.new_page(), shot)
    try:
        _watch(reader, demo)
        _register(reader)
        _find(reader)
        _answer(reader)
    finally:
        context.close()
    return reader


def _watch(reader: Reader, demo: Playing) -> None:
    reader.page.goto(demo.link())
    reader.shot(reader.page, "sign-in")
    reader.press("Sign in")
    reader.page.locator("#now").filter(has_text=SOME_DAYS_ON).wait_for()
    reader.shot(reader.page, "weeks")
    reader.used.add(reader.page.locator("h1").inner_text())
    demo.until("Six weeks are over")
    demo.until("that waits in the inbox")


def _register(reader: Reader) -> None:
    reader.see("Monday, April 13, 2026")
    reader.press("New appointment", "link")
    reader.fill(Name="Zoë Sample", Phone="514 555 0199", Email="zoe@patients.example")
    reader.choose(Clinic="Clinique Lumière", Treatment="Microneedling")
    reader.fill(Day="2026-04-16", Time="14:00")
    reader.shot(reader.page, "form")
    reader.press("Show the plan")
    reader.see("Nothing is saved yet")
    reader.shot(reader.page, "plan")
    reader.press("Register")
    reader.see("The appointment is registered.")
    reader.page.get_by_role("button", name="Undo", exact=True).wait_for()
    reader.used.add("Undo")
    reader.shot(reader.page, "patient")


def _find(reader: Reader) -> None:
    reader.go("Appointments")
    reader.page.get_by_role("searchbox").fill("zoe")
    reader.press("Search")
    reader.press("Zoë Sample", "link")
    reader.see("Still to come")


def _answer(reader: Reader) -> None:
    reader.go("Inbox")
    reader.press("Alice Sample", "link")
    reader.see("Can I go swimming tomorrow?")
    reader.fill(Your_text="Please wait two days before you swim.")
    reader.press("Look at it first")
    reader.shot(reader.page, "answer")
    reader.press("Send and close")
    reader.go("Outbox")
    reader.see("Please wait two days before you swim.")
    reader.shot(reader.page, "outbox")
