"""The page on which an alert is taken, in a real browser: phone width, keyboard only, light and dark, no script."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk
from scheduler.store.alerts import Alert, all_alerts
from scheduler.store.replies import SMS
from tests.browser.checker import OF_LOOKS, violations
from tests.browser.chrome import Tab
from tests.browser.site import CHECKED, Site
from tests.services.on_call import now, raise_
from tests.services.replying import words

FEVER = "3\nI have a fever, and it hurts more than yesterday. What should I do?"
HEARD = CHECKED + timedelta(minutes=20)
LOOKS = [(320, False), (390, True)]
NUMBERS = {"lumiere": ("+14165550123", "MG0123456789abcdef0123456789abcdef"), "serena": ("+34600000123", "")}


def alert_of(site: Site, clinic: str = "lumiere", text: str = FEVER) -> Alert:
    """Let the patient, who was asked, answer; return the alert."""
    site.register(clinic=clinic)
    phone, service = NUMBERS[clinic]
    said = Incoming("SM1", SMS, phone, "+34600000000", service, text, received_at=HEARD)
    site.house.clock.move_to(HEARD)
    with site.house.store.write() as tx:
        ReplyDesk(site.house.configuration, words, by="test").take_in(tx, said, now=HEARD)
        return all_alerts(tx)[0]


def link(site: Site, alert: Alert, *, lasts: timedelta = timedelta(hours=24)) -> str:
    return site.links.alert(alert.id, 1, expires_at=HEARD + lasts)


def press(tab: Tab, action: str) -> None:
    with tab.loading():
        tab.see(f"document.querySelector('form[action$=\"/{action}\"]').submit()")


def each_page(tab: Tab, site: Site, clinic: str) -> Iterator[str]:
    """Open every page that somebody on call can meet, and say which it is."""
    urgent = alert_of(site, clinic)
    tab.open(link(site, urgent))
    tab.see("document.querySelectorAll('details').forEach(it => it.open = true)")
    yield "an urgent one"
    press(tab, "take")
    yield "taken"
    press(tab, "close")
    yield "closed"
    for kind in (AlertKind.BACKLOG, AlertKind.UNREACHABLE):
        tab.open(link(site, raise_(site.house, kind, clinic=clinic, subject="patient/1")))
        yield kind.value
    tab.open(link(site, urgent, lasts=timedelta(0)))
    yield "an expired link"
    tab.open(f"{link(site, urgent)}x")
    yield "a forged link"


@pytest.mark.parametrize("clinic", ["lumiere", "serena"])
def test_no_page_has_a_violation_of_axe(tab: Tab, site: Site, axe: str, clinic: str) -> None:
    for page in each_page(tab, site, clinic):
        for (width, dark), rules in zip(LOOKS, ((), OF_LOOKS), strict=True):
            tab.look(width=width, dark=dark)
            assert violations(tab, axe, rules) == [], (page, width, dark)
            assert tab.see("document.documentElement.scrollWidth") <= width, (page, width)
        spoken = {"lumiere": "fr", "serena": "es"}[clinic]
        assert tab.see("document.documentElement.lang") == ("en" if "link" in page else spoken), page


def test_no_script_runs_and_no_other_host_is_asked(tab: Tab, site: Site) -> None:
    tab.look(script=True)
    for page in each_page(tab, site, "lumiere"):
        assert tab.see("document.scripts.length") == 0, page
    requested = tab.requested()
    assert all(url.startswith((site.url, "data:,")) for url in requested), requested
    assert [line for line in tab.logged() if "Failed to load resource" not in line] == []


def test_it_is_taken_by_keyboard_alone(tab: Tab, site: Site) -> None:
    alert = alert_of(site)
    tab.open(link(site, alert))
    for _ in range(20):
        tab.press("Tab")
        if tab.see("document.activeElement.tagName") == "BUTTON":
            break
    with tab.loading():
        tab.press("Enter")
    assert now(site.house, alert).taken_by == "Desk"
    assert tab.see("document.querySelector('[role=status]').textContent").startswith("Vous vous en occupez")


def test_loading_the_page_again_presses_nothing_again(tab: Tab, site: Site) -> None:
    alert = alert_of(site)
    tab.open(link(site, alert))
    press(tab, "take")
    site.house.clock.move_by(timedelta(minutes=5))
    with tab.loading():
        tab.say("Page.reload")
    assert now(site.house, alert).taken_at == HEARD


def test_the_number_is_dialled_with_one_tap(tab: Tab, site: Site) -> None:
    tab.open(link(site, alert_of(site)))
    assert tab.see("document.querySelector('a[href^=\"tel:\"]').getAttribute('href')") == "tel:+14165550123"
