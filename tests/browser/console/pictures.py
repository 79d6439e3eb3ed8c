"""Makes the pictures of the console in docs/images/console: `python -m tests.browser.console.pictures`.

They are looks of the sample story, small on purpose; tests check the pages, these show them.
"""

import base64
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from scheduler.domain.access import Role
from scheduler.settings import Settings, read_settings
from scheduler.store.database import open_store
from tests.acceptance.playing import playing
from tests.browser.chrome import program
from tests.browser.console.desk_site import NOW, DeskSite, beside, desk_standing
from tests.browser.console.first_visit import walk
from tests.browser.console.story import tell
from tests.browser.console.visits import DESKTOP, PHONE, TABLET, visiting
from tests.postgres import TEST_KEYS

FOLDER = Path(__file__).parents[3] / "docs" / "images" / "console"
NAMES = {DESKTOP: "desktop", TABLET: "tablet", PHONE: "phone"}
EVERYWHERE = tuple((width, dark) for width in NAMES for dark in (False, True))
TWO = ((DESKTOP, False), (PHONE, True))
PICTURES = {
    "today": ("/", EVERYWHERE),
    "patient": ("/patients/{patient}", EVERYWHERE),
    "inbox": ("/inbox/alerts/1", TWO),
    "appointments": ("/appointments", TWO),
    "register": ("/appointments/new", TWO),
    "schedule": ("/schedules/microneedling", TWO),
    "deliveries": ("/deliveries", TWO),
}
"""A page by the name of its pictures: its address, and the widths it is shown at, light or dark."""
QUALITY = 70


def make(browser: Browser, site: DeskSite, folder: Path) -> None:
    """Make the pictures of the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    with visiting(browser, site, Role.ADMIN) as visit:
        for name, (path, looks) in PICTURES.items():
            visit.open(path)
            if visit.status != 200:
                raise SystemExit(f"{path} answers {visit.status}: no picture of it")
            for width, dark in looks:
                visit.look(width, dark=dark)
                take(visit.page, folder / f"{name}-{NAMES[width]}{'-dark' if dark else ''}.webp")


def make_tutorial(browser: Browser, folder: Path, pictures: Path) -> None:
    """Play the demo in a folder, do what the tutorial says, and make its pictures."""

    def shot(page: Page, name: str) -> None:
        take(page, pictures / f"first-visit-{name}.webp")

    with playing(folder, "--seconds", "30", "--port", "8000") as demo:
        walk(browser, demo, shot)


def take(page: Page, file: Path) -> None:
    """Keep what the window shows."""
    kind = {"format": "webp", "quality": QUALITY}
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", kind)
    file.write_bytes(base64.b64decode(taken["data"]))


def main() -> None:
    """Tell the story in a folder that is thrown away, and make the pictures of it."""
    found = program()
    if found is None:
        sys.stderr.write("There is no Chromium or Chrome on this machine: the pictures stay as they are.\n")
        return
    folder = Path(tempfile.mkdtemp())
    settings: Settings = read_settings({"AFTERCARE_DATA_DIR": str(folder), **TEST_KEYS})
    try:
        with open_store(settings) as store, desk_standing(store, settings) as site, sync_playwright() as playwright:
            beside(lambda: tell(site.house, NOW))
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
            make(browser, site, FOLDER)
            make_tutorial(browser, folder, FOLDER)
            browser.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
