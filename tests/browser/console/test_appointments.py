"""Appointments in a real browser: registered by keyboard, found, taken back, and a file imported."""

from playwright.sync_api import Browser

from scheduler.domain.access import Role
from tests.browser.console.desk_site import DeskSite
from tests.browser.console.visits import DESKTOP, PHONE, TABLET, Visit, visiting

FILE = (
    "Booking,Start,Client,Mobile,E-mail,Service,Status,Texts OK,Emails OK,Offers OK\n"
    "7,2026-03-24 10:00,Ana Exemplo,416 555 0142,ana@patients.example,microneedling,Confirmed,yes,yes,\n"
    "8,2026-03-24 11:00,<b>Bo</b>,12,,microneedling,Confirmed,yes,yes,\n"
)


def look_at_all(visit: Visit) -> None:
    """Look at a page at each width, light and dark."""
    for width in (PHONE, TABLET, DESKTOP):
        for dark in (False, True):
            visit.look(width, dark=dark)
            assert visit.problems() == [], (width, dark)


def test_a_visit_is_registered_by_keyboard_found_and_taken_back(chromium: Browser, desk: DeskSite) -> None:
    with visiting(chromium, desk, Role.STAFF) as visit:
        page = visit.open("/appointments")
        page.keyboard.press("n")
        page.wait_for_url("**/appointments/new")
        page.keyboard.type("Zoë O'Hara")
        page.keyboard.press("Tab")
        page.keyboard.type("416 555 0123")
        page.select_option("#treatment", "microneedling")
        page.fill("#day", "2026-03-26")
        page.fill("#time", "14:30")
        visit.tab_to("form.form button.primary")
        with visit.leading_on():
            page.keyboard.press("Enter")
        page.get_by_text("Nothing is saved yet").wait_for()
        look_at_all(visit)
        page.get_by_role("button", name="Register").click()
        page.get_by_text("The appointment is registered.").wait_for()

        visit.open("/appointments")
        page.keyboard.press("/")
        page.keyboard.type("o'ha")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Zoë O'Hara").wait_for()
        assert "ha" not in page.url.partition("?q=")[0].rpartition("/")[2]
        page.get_by_role("link", name="Zoë O'Hara").click()
        page.get_by_role("link", name="Cancel").first.click()
        page.get_by_role("button", name="Cancel the appointment").click()
        page.get_by_text("The appointment is cancelled.").wait_for()
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("It is taken back.").wait_for()
        assert visit.complaints() == []


def test_a_file_is_looked_at_registered_and_taken_back_without_scripts(chromium: Browser, desk: DeskSite) -> None:
    with visiting(chromium, desk, Role.STAFF, script=False) as visit:
        page = visit.open("/appointments/import")
        page.set_input_files("#file", {"name": "week.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
        with visit.leading_on():
            page.get_by_role("button", name="Look at the file").click()
        assert page.url.endswith("/import/1")
        page.get_by_text("Nothing is registered yet").first.wait_for()
        assert page.locator("tbody tr").count() == 2
        page.get_by_role("button", name="Take over 1 good row").click()
        page.get_by_text("1 appointment is registered.").wait_for()
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("It is taken back.").wait_for()
        assert visit.complaints() == []


def test_reports_and_undo_are_sound_at_every_width(chromium: Browser, desk: DeskSite) -> None:
    with visiting(chromium, desk, Role.STAFF, language="fr") as visit:
        page = visit.open("/appointments/import")
        page.set_input_files("#file", {"name": "semaine.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
        with visit.leading_on():
            page.locator("form.form button.primary").click()
        look_at_all(visit)
        with visit.leading_on():
            page.locator("main form.act button.primary").click()
        look_at_all(visit)
        visit.open("/appointments/undo/1")
        look_at_all(visit)
