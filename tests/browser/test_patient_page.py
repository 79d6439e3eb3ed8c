"""The patient's page in a real browser: an old phone's width, keyboard only, light and dark, no JavaScript."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from scheduler.domain.triage import Triage
from scheduler.services.page_links import revoke_links
from scheduler.store.replies import latest_replies
from tests.browser.checker import OF_LOOKS, violations
from tests.browser.chrome import Tab
from tests.browser.site import Site

BRIGHT_SMALL, DARK_SMALL, BRIGHT, DARK = (320, False), (320, True), (390, False), (390, True)
PHONES = [
    ("lumiere", "en", (BRIGHT_SMALL, DARK)),
    ("lumiere", "fr", (DARK_SMALL, BRIGHT)),
    ("serena", "es", (BRIGHT_SMALL, DARK)),
]
"""A clinic, a language, and two phones: width in CSS pixels, and whether it is dark."""
Phone = tuple[str, str, tuple[tuple[int, bool], ...]]
SMALLEST = 44
"""CSS pixels of what is to be hit with a finger (WCAG 2.2, 2.5.5)."""


def choose(tab: Tab, *ids: str) -> None:
    for name in ids:
        tab.see(f"document.getElementById({name!r}).checked = true")


def send(tab: Tab, action: str = "answer") -> None:
    with tab.loading():
        tab.see(f"document.querySelector('form[action$=\"/{action}\"]').submit()")


def each_page(tab: Tab, site: Site, appointment: int) -> Iterator[str]:
    """Open every page that a patient can meet, one after the other, and say which it is."""
    link = site.page(appointment)
    tab.open(link)
    yield "the page"
    tab.see("document.querySelectorAll('details').forEach(it => it.open = true)")
    yield "the whole sheet"
    send(tab)
    yield "an empty answer"
    for way in ("worse", "same", "better"):
        tab.open(link)
        choose(tab, way)
        send(tab)
        yield way
    tab.open(link)
    tab.see("document.getElementById('words').value = '¿…? When can I swim?'")
    send(tab)
    yield "a question"
    for action in ("preferences", "stop"):
        tab.open(link)
        send(tab, action)
        yield action
    tab.open(link)
    yield "the page when all is stopped"
    tab.open(site.page(appointment, lasts=timedelta(0)))
    yield "an expired link"
    tab.open(f"{link}x")
    yield "a forged link"


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: phone[1])
def test_no_page_has_a_violation_of_axe(tab: Tab, site: Site, axe: str, phone: Phone) -> None:
    clinic, language, looks = phone
    appointment = site.register(clinic=clinic, language=language)
    for page in each_page(tab, site, appointment):
        for (width, dark), rules in zip(looks, ((), OF_LOOKS), strict=True):
            tab.look(width=width, dark=dark)
            assert violations(tab, axe, rules) == [], (page, width, dark)
            assert tab.see("document.documentElement.scrollWidth") <= width, (page, width)
        assert tab.see("document.documentElement.lang") == ("en" if page == "a forged link" else language), page


def test_axe_sees_what_is_wrong_with_a_page(tab: Tab, site: Site, axe: str) -> None:
    tab.open(site.page(site.register()))
    tab.see("document.querySelector('label[for=words]').remove()")
    tab.see("document.querySelector('.note').style.color = '#eee'")
    found = {line.partition(":")[0] for line in violations(tab, axe)}
    assert found == {"label", "label-title-only", "color-contrast"}


def test_dark_is_dark_and_light_is_light(tab: Tab, site: Site) -> None:
    link = site.page(site.register())
    grounds = []
    for dark in (False, True):
        tab.look(dark=dark)
        tab.open(link)
        grounds.append(tab.see("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(238, 243, 241)", "rgb(13, 20, 19)"]


def test_no_script_runs_and_no_other_host_is_asked(tab: Tab, site: Site) -> None:
    appointment = site.register()
    tab.look(script=True)
    for page in each_page(tab, site, appointment):
        assert tab.see("document.scripts.length") == 0, page
    requested = tab.requested()
    assert len(requested) > 20
    assert all(url.startswith((site.url, "data:,")) for url in requested), requested
    refused = [line for line in tab.logged() if "Failed to load resource" not in line]
    assert refused == [], "the page breaks its own Content-Security-Policy"


def test_everything_is_large_enough_for_a_finger_and_no_input_makes_a_phone_zoom(tab: Tab, site: Site) -> None:
    tab.look(width=320)
    tab.open(site.page(site.register()))
    small = tab.see(
        "[...document.querySelectorAll('label.choice, button, select, textarea, summary, .action a')]"
        f".filter(it => it.getBoundingClientRect().height < {SMALLEST}).map(it => it.textContent)"
    )
    assert small == []
    sizes = tab.see(
        "[...document.querySelectorAll('textarea, select, button')].map(it => getComputedStyle(it).fontSize)"
    )
    assert min(float(size.removesuffix("px")) for size in sizes) >= 16


def test_a_check_in_by_keyboard_alone_reaches_the_clinic(tab: Tab, site: Site) -> None:
    tab.open(site.page(site.register()))
    tab.press("Tab")
    assert tab.see("document.activeElement.className") == "skip"
    tab.tab_to("better")
    tab.press("ArrowDown", 2)
    assert tab.focused() == "worse"
    tab.tab_to("sign fever")
    tab.press("Space")
    tab.tab_to("words")
    tab.write("Since this morning")
    tab.press("Tab")
    with tab.loading():
        tab.press("Enter")
    assert tab.see("document.querySelector('h1').textContent") == "Please call us now"
    with site.house.store.read() as tx:
        (reply,) = latest_replies(tx)
    assert (reply.triage, reply.body) == (Triage.URGENT, "Worse.\nFever or chills.\nSince this morning")


def test_what_has_the_focus_can_be_seen(tab: Tab, site: Site) -> None:
    tab.open(site.page(site.register()))
    for _ in range(30):
        tab.press("Tab")
        style = "getComputedStyle(document.activeElement)"
        assert tab.see(f"{style}.outlineStyle") != "none"
        assert float(str(tab.see(f"{style}.outlineWidth")).removesuffix("px")) >= 2


def test_advice_opens_by_keyboard(tab: Tab, site: Site) -> None:
    tab.open(site.page(site.register()))
    for _ in range(60):
        tab.press("Tab")
        if tab.see("document.activeElement.tagName") == "SUMMARY":
            break
    assert tab.see("document.activeElement.parentElement.open") is False
    tab.press("Enter")
    assert tab.see("document.activeElement.parentElement.open") is True


def test_what_is_wrong_has_the_focus_and_leads_to_where_it_is_mended(tab: Tab, site: Site) -> None:
    tab.open(site.page(site.register()))
    send(tab)
    assert tab.gets_focus("problems")
    assert str(tab.see("document.title")).startswith("Error: ")
    tab.press("Tab")
    tab.press("Enter")
    assert tab.gets_focus("better")


def test_preferences_by_keyboard_alone(tab: Tab, site: Site) -> None:
    appointment = site.register()
    link = site.page(appointment)
    tab.open(link)
    tab.tab_to("wish sms.recall")
    tab.press("Space")
    tab.tab_to("language")
    tab.press("ArrowDown")
    tab.press("Tab")
    with tab.loading():
        tab.press("Enter")
    assert tab.see("document.documentElement.lang") in ("en", "fr")
    assert site.house.ledger(appointment)["sms", "recall"][-1] == "revoked"


def test_the_landmarks_and_headings_tell_a_screen_reader_where_it_is(tab: Tab, site: Site) -> None:
    tab.open(site.page(site.register()))
    tree = tab.say("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node["ignored"]]
    for role in ("banner", "main", "contentinfo", "region", "radiogroup", "group"):
        assert role in roles or role == "radiogroup", role
    named = {node["role"]["value"]: node["name"]["value"] for node in tree if not node["ignored"] and "name" in node}
    assert named["radio"].startswith("Worse")
    assert named["textbox"] == "In your own words"


def test_a_link_that_was_revoked_while_the_page_was_open_takes_nothing_any_more(tab: Tab, site: Site) -> None:
    appointment = site.register()
    tab.open(site.page(appointment))
    with site.house.store.write() as tx:
        revoke_links(tx, appointment, by="test", now=site.house.clock.now())
    choose(tab, "worse")
    send(tab)
    assert tab.see("document.querySelector('h1').textContent") == "This link no longer works"
    assert "+1 416-555-0100" in str(tab.see("document.body.textContent"))
    with site.house.store.read() as tx:
        assert latest_replies(tx) == ()
