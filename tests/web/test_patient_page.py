"""What a patient's page shows: the shipped clinics and texts, around a microneedling."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.services.appointments import call_off
from scheduler.settings import Settings
from scheduler.store.database import Store
from scheduler.web.pages import SAFE
from tests.services.house import House, after
from tests.web.patients import Visitor, heading_of, text_of

VISIT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)
NOW_HEADING, LATER = "Your aftercare advice", "What comes later"


@pytest.fixture
def clinics(store: Store, settings: Settings) -> House:
    """The shipped clinics, on SQLite and on PostgreSQL."""
    return House(store, settings, Path(shipped("templates")), configuration=load(shipped("config")))


def booked(house: House, *, clinic: str = "lumiere", language: str = "en", visit: datetime = VISIT) -> str:
    """Register Zoë ten days before her visit; return the path of her page."""
    house.clock.move_to(visit - timedelta(days=10))
    phone = "+14165550123" if clinic == "lumiere" else "+34600000123"
    about = {"treatment": "microneedling", "starts_at": visit.isoformat(), "phone": phone, "language": language}
    return Visitor(house).link(house.register(clinic=clinic, **about))


def advice(house: House, link: str) -> list[str]:
    """Return the titles of the sheet, from the newest that holds to the last that is to come."""
    return re.findall(r"<summary><h3[^>]*>(.*?)</h3>", Visitor(house).get(link).text)


@pytest.mark.parametrize(
    ("clinic", "language", "heading"),
    [
        ("lumiere", "en", "Your aftercare"),
        ("lumiere", "fr", "Vos soins après la visite"),
        ("serena", "es", "Sus cuidados después de la visita"),
        ("lumiere", "de", "Vos soins après la visite"),
    ],
)
def test_the_page_is_in_the_patients_language_else_in_the_clinics(
    clinics: House, clinic: str, language: str, heading: str
) -> None:
    answer = Visitor(clinics).get(booked(clinics, clinic=clinic, language=language))
    assert (answer.status_code, heading_of(answer)) == (200, heading)


def test_the_page_keeps_its_address_to_itself(clinics: House) -> None:
    answer = Visitor(clinics).get(booked(clinics))
    assert {name: answer.headers[name] for name in SAFE} == dict(SAFE)
    assert '<meta name="robots" content="noindex, nofollow, noarchive">' in answer.text
    assert "set-cookie" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_the_page_is_small_and_asks_no_other_host_and_runs_nothing(clinics: House) -> None:
    link = booked(clinics)
    clinics.clock.move_to(after(VISIT, days=8))
    page = Visitor(clinics).get(link)
    assert len(page.content) < 30_000
    assert not re.search(r"<(script|style|img|iframe|object)|\s(style|on[a-z]+)=", page.text)
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]*)"', page.text)
    assert all(address.startswith(("/", "data:")) for address in loaded), loaded


def test_the_page_names_neither_patient_nor_address_nor_treatment(clinics: House) -> None:
    link = booked(clinics)
    clinics.clock.move_to(after(VISIT, days=3))
    page = Visitor(clinics).get(link).text
    for secret in ("Zo", "Lachance", "zoe@", "5550123", "icroneedling"):
        assert secret not in page


def test_before_the_visit_the_page_says_how_to_prepare(clinics: House) -> None:
    link = booked(clinics)
    clinics.clock.move_to(after(VISIT, days=-6))
    assert advice(clinics, link)[0] == "Getting ready for your visit"
    clinics.clock.move_to(VISIT)
    assert "Getting ready for your visit" not in advice(clinics, link)


def test_advice_that_holds_stands_first_the_newest_at_the_top_and_the_rest_is_to_come(clinics: House) -> None:
    link = booked(clinics)
    shade, gentle = "Your skin today: shade and a gentle touch", "Keep it gentle for the next few days"
    clinics.clock.move_to(VISIT)
    assert advice(clinics, link) == [shade, gentle]
    clinics.clock.move_to(after(VISIT, hours=3))
    page = text_of(Visitor(clinics).get(link))
    assert page.index(NOW_HEADING) < page.index(shade) < page.index(LATER) < page.index(gentle)
    clinics.clock.move_to(after(VISIT, days=2, hours=3))
    assert advice(clinics, link) == ["What is usual now, and when to call us", gentle, shade]


def test_the_sheet_is_the_email_in_full_without_its_greeting_and_its_question(clinics: House) -> None:
    link = booked(clinics, language="fr")
    clinics.clock.move_to(after(VISIT, days=2, hours=3))
    page = Visitor(clinics).get(link).text
    for template in ("sun_protection", "avoid_actives", "redness_check"):
        source = (shipped("templates") / "fr" / template / "email.md").read_text(encoding="utf-8")
        for heading in re.findall(r"^## (.+)$", source, re.MULTILINE):
            assert f"<h4>{heading}</h4>" in page, heading
    assert "Bonjour" not in page
    assert "1, 2 ou 3" not in page


def test_a_visit_that_was_called_off_has_no_sheet(clinics: House) -> None:
    link = booked(clinics)
    with clinics.store.write() as tx:
        call_off(tx, 1, AppointmentStatus.CANCELLED, now=clinics.clock.now(), by="test")
    page = Visitor(clinics).get(link)
    assert "This visit does not take place." in text_of(page)
    assert advice(clinics, link) == []


def test_a_text_that_is_broken_is_left_out_and_the_page_still_helps(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    for language in ("en", "fr"):
        (tmp_path / language).mkdir()
        for text in (shipped("templates") / language).iterdir():
            if text.name != "avoid_actives":
                (tmp_path / language / text.name).symlink_to(text)
    house = House(store, settings, tmp_path, configuration=load(shipped("config")))
    link = booked(house)
    house.clock.move_to(after(VISIT, days=2, hours=3))
    assert len(advice(house, link)) == 2


def lines_of(file: bytes) -> list[str]:
    """Read a calendar file as RFC 5545 says: lines end with CRLF, at most 75 octets, unfolded."""
    assert file.endswith(b"\r\n")
    raw = file[:-2].split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in raw)
    return b"\r\n".join(raw).replace(b"\r\n ", b"").decode().split("\r\n")


def test_the_next_session_is_shown_with_its_days_and_the_way_to_book(clinics: House) -> None:
    link = booked(clinics)
    clinics.clock.move_to(after(VISIT, days=3))
    page = Visitor(clinics).get(link)
    assert "between Wednesday, April 15, 2026 and Wednesday, April 29, 2026" in text_of(page)
    assert 'href="https://lumiere.example/book" rel="noreferrer"' in page.text


@pytest.mark.parametrize(("clinic", "language"), [("lumiere", "en"), ("lumiere", "fr"), ("serena", "es")])
def test_the_days_of_the_next_session_go_into_a_calendar(clinics: House, clinic: str, language: str) -> None:
    link = booked(clinics, clinic=clinic, language=language)
    clinics.clock.move_to(after(VISIT, days=3))
    answer = Visitor(clinics).get(f"{link}/session.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="session.ics"'
    assert answer.headers["cache-control"] == "no-store"
    lines = lines_of(answer.content)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    said = dict(line.split(":", 1) for line in lines if not line.startswith(("BEGIN", "END:")))
    assert (said["DTSTART;VALUE=DATE"], said["DTEND;VALUE=DATE"]) == ("20260415", "20260430")
    assert (said["DTSTAMP"], said["METHOD"]) == ("20260321T140000Z", "PUBLISH")
    assert said["URL"].startswith("https://")
    assert not re.search(r"needling|Zo", answer.text)
    again = Visitor(clinics).get(f"{link}/session.ics")
    assert said["UID"] in again.text
    assert re.fullmatch(r"session-\d+@\w+\.aftercare", said["UID"])


@pytest.mark.parametrize("moment", [VISIT - timedelta(days=1), datetime(2026, 4, 30, 12, 0, tzinfo=UTC)])
def test_before_the_visit_and_after_the_last_day_there_is_no_next_session(clinics: House, moment: datetime) -> None:
    link = booked(clinics)
    clinics.clock.move_to(moment)
    visitor = Visitor(clinics)
    assert "Your next session" not in text_of(visitor.get(link))
    assert visitor.get(f"{link}/session.ics").status_code == 404


def test_who_has_booked_again_is_not_asked_to(clinics: House) -> None:
    link = booked(clinics)
    booked(clinics, visit=after(VISIT, days=35))
    clinics.clock.move_to(after(VISIT, days=3))
    assert "Your next session" not in text_of(Visitor(clinics).get(link))


def test_days_are_counted_where_the_clinic_is(clinics: House) -> None:
    late = datetime(2026, 3, 19, 2, 0, tzinfo=UTC)  # still the 18th in Toronto
    link = booked(clinics, visit=late)
    clinics.clock.move_to(after(late, days=1))
    page = text_of(Visitor(clinics).get(link))
    assert "Your visit: Wednesday, March 18, 2026" in page
    assert f"{date(2026, 4, 15):%B %d}" in page
