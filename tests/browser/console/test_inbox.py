"""The inbox in a real browser: an answer by keyboard with its segments counted, and what comes while it is open."""

from datetime import timedelta

from playwright.sync_api import Browser, expect

from scheduler.content.templates import Texts
from scheduler.domain.access import Role
from scheduler.services.desk_messages import Draft, preview
from scheduler.services.desk_ways import ways_to_patient
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk
from scheduler.store.patients import get_patient
from scheduler.store.replies import SMS
from tests.browser.console.desk_site import NOW, DeskSite
from tests.browser.console.visits import visiting
from tests.services.house import PHONE, House
from tests.services.replying import words


def ask(house: House, text: str, number: int, minutes: int) -> None:
    """Let a patient of the sample clinic write."""
    at = NOW + timedelta(minutes=minutes)
    service = "MG0123456789abcdef0123456789abcdef"
    said = Incoming(f"SM{number:030}aa", SMS, PHONE, "", service, text, received_at=at)
    with house.store.write() as tx:
        ReplyDesk(house.configuration, words, by="test").take_in(tx, said, now=at)


def patient_who_asks(desk: DeskSite) -> None:
    desk.house.register(
        clinic="lumiere", treatment="microneedling", name="Zoë Lachance", phone=PHONE, starts_at="2026-03-18T10:00"
    )
    ask(desk.house, "Puis-je nager?", 1, -5)


def test_a_question_is_answered_by_keyboard_and_what_comes_meanwhile_is_shown(
    chromium: Browser, desk: DeskSite
) -> None:
    patient_who_asks(desk)
    with visiting(chromium, desk, Role.STAFF) as visit:
        page = visit.open("/inbox")
        page.keyboard.press("j")
        with visit.leading_on():
            page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Zoë Lachance")
        visit.tab_to("textarea[name=words]")
        page.keyboard.type("Pas aujourd'hui.")
        expect(page.locator("[data-count]")).to_have_text("1 segment, GSM-7, 16 characters")
        ask(desk.house, "Et courir?", 2, -1)
        expect(page.locator("#thread")).to_contain_text("Et courir?")
        assert page.locator("textarea[name=words]").input_value() == "Pas aujourd'hui."
        visit.tab_to("button[value=send]")
        with visit.leading_on():
            page.keyboard.press("Enter")
        expect(page.locator("#problems")).to_contain_text("has written meanwhile")  # it stops once for that
        visit.status = 409  # which the browser says too, sooner or later
        assert page.locator("textarea[name=words]").input_value() == "Pas aujourd'hui."
        visit.tab_to("button[value=send]")
        with visit.leading_on():
            page.keyboard.press("Enter")
        expect(page.locator("#thread")).to_contain_text("Pas aujourd'hui.")
        expect(page.locator(".said")).to_be_visible()
        assert visit.problems() == []


def test_the_page_counts_segments_as_the_server_does(chromium: Browser, desk: DeskSite) -> None:
    patient_who_asks(desk)
    house = desk.house
    with house.store.read() as tx:
        patient = get_patient(tx, 1)
        way = ways_to_patient(tx, house.configuration.clinic("lumiere"), patient, now=NOW)[0]
    texts = Texts(house.texts_dir)
    with visiting(chromium, desk, Role.STAFF) as visit:
        page = visit.open("/patients/1/write")
        for typed in (
            "Bonjour",
            "é" * 160,
            "ê",
            "€" * 80,
            "“Ça va?” \N{EN DASH} oui…",
            "🙂" * 40,
            "x" * 700,
            "a\nb " * 60,
        ):
            page.fill("textarea[name=words]", typed)
            shown = preview(texts, way, Draft("", typed))
            said = page.locator("[data-count]").inner_text()
            assert said.startswith(f"{shown.segments} segment"), typed  # type: ignore[union-attr]  # an SMS
            assert shown.encoding.value in said, typed  # type: ignore[union-attr]  # an SMS
            assert f" {len(shown.body)} " in said, typed  # type: ignore[union-attr]  # an SMS
