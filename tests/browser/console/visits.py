"""Looks at pages of the console with a real browser, and keeps what it complained about."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from scheduler.domain.access import Role
from scheduler.web.cookies import session_cookie
from tests.browser.checker import asked_for
from tests.browser.console.desk_site import DeskSite

AXE = (Path(__file__).parents[1] / "axe.min.js").read_text(encoding="utf-8")
PATIENCE = 30_000
"""Milliseconds, for a machine that does much else."""
PHONE, TABLET, DESKTOP = 390, 820, 1280
HEIGHTS = {PHONE: 844, TABLET: 1180, DESKTOP: 860}
LOCALES = {"en": "en-CA", "fr": "fr-CA", "es": "es-ES"}


@dataclass
class Visit:
    """Somebody of a role with a window of a width; `said` is what the browser complained about."""

    site: DeskSite
    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    status: int = 0

    def open(self, path: str) -> Page:
        """Open a page of the console ("/appointments")."""
        answer = self.page.goto(f"{self.site.url}/desk{path.format(**vars(self.site))}")
        self.status = answer.status if answer else 0
        return self.page

    def forget(self) -> None:
        """Forget what was said and asked: what comes now is of the next page."""
        self.page.goto("about:blank")
        self.said.clear()
        self.asked.clear()

    @contextmanager
    def leading_on(self) -> Iterator[None]:
        """Do what leads to another page, or to the same one anew, and wait until it is there.

        A browser goes on doing as it is told while the answer to a form is on its way, with the old page.
        """
        with self.page.expect_navigation():
            yield

    def look(self, width: int, *, dark: bool = False) -> None:
        """Look at the page as it stands with another window."""
        self.page.set_viewport_size({"width": width, "height": HEIGHTS.get(width, 860)})
        self.page.emulate_media(color_scheme="dark" if dark else "light")

    def problems(self, rules: Sequence[str] = ()) -> list[str]:
        """Return what is wrong with the page as it stands, by all rules of axe or some, and by ours."""
        if self.page.evaluate("typeof axe") == "undefined":
            self.page.evaluate(AXE)
        found = self.page.evaluate("asked => axe.run(asked).then(it => it.violations)", asked_for(rules))
        wrong = [f"{it['id']}: {node['target']} {node['failureSummary']}" for it in found for node in it["nodes"]]
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return [*wrong, *([f"{wide} px wider than the window"] if wide > 0 else []), *self.complaints()]

    def complaints(self) -> list[str]:
        """Return what the browser said, and which other hosts were asked."""
        host = urlsplit(self.site.url).netloc
        foreign = [it for it in self.asked if urlsplit(it).netloc not in (host, "")]
        # The browser says of a page that was refused or is not there that it is so, sooner or later.
        said = [it for it in self.said if self.status < 400 or f"status of {self.status}" not in it]
        return [*said, *(f"asked {it}" for it in foreign)]

    def tab_to(self, selector: str, most: int = 80) -> None:
        """Go on with the Tab key until what is wanted has the focus."""
        for _ in range(most):
            if self.page.evaluate("it => document.activeElement.matches(it)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key never comes to {selector}")

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """Keep what it looks like."""
        self.page.screenshot(path=file, full_page=whole, animations="disabled")


@contextmanager
def visiting(
    browser: Browser,
    site: DeskSite,
    role: Role | None,
    *,
    width: int = DESKTOP,
    dark: bool = False,
    script: bool = True,
    language: str = "en",
) -> Iterator[Visit]:
    """Give somebody a fresh window; None: nobody signed in."""
    visit = arrive(browser, site, role, width=width, dark=dark, script=script, language=language)
    try:
        yield visit
    finally:
        visit.page.context.close()


def arrive(
    browser: Browser,
    site: DeskSite,
    role: Role | None,
    *,
    width: int = DESKTOP,
    dark: bool = False,
    script: bool = True,
    language: str = "en",
) -> Visit:
    """As `visiting`, until the browser ends."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS.get(width, 860)},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        locale=LOCALES[language],
        reduced_motion="reduce",
        bypass_csp=False,
    )
    context.set_default_timeout(PATIENCE)
    if role:
        cookie = session_cookie(site.url)
        context.add_cookies([{"name": cookie.name, "value": site.token(role), "url": site.url}])
    visit = Visit(site, context.new_page())
    visit.page.on("console", lambda it: visit.said.append(it.text) if it.type in ("error", "warning") else None)
    visit.page.on("pageerror", lambda it: visit.said.append(str(it)))
    visit.page.on("request", lambda it: visit.asked.append(it.url))
    return visit
