from dataclasses import replace
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.content.formats import Link, locale_of
from scheduler.content.variables import KNOWN, notice_variables, variables_for
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Between, Channel, Purpose, Step, Weekday
from scheduler.domain.spans import parse_span
from tests.content.given import CLINIC, NOW, PROTOCOL, values


def _clinic(country: str, zone: str = "America/Toronto") -> Clinic:
    return replace(CLINIC, country=country, timezone=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("language", "clinic", "date", "clock"),
    [
        ("en", _clinic("CA"), "Monday, March 2, 2026", "10:00 a.m."),
        ("en", _clinic("US"), "Monday, March 2, 2026", "10:00 AM"),
        ("en", _clinic("ES", "Europe/Madrid"), "Monday, 2 March 2026", "16:00"),
        ("fr", _clinic("CA"), "lundi 2 mars 2026", "10 h 00"),
        ("fr", _clinic("FR", "Europe/Paris"), "lundi 2 mars 2026", "16:00"),
        ("es", _clinic("ES", "Europe/Madrid"), "lunes, 2 de marzo de 2026", "16:00"),
        ("de", _clinic("AT", "Europe/Vienna"), "Montag, 2. März 2026", "16:00"),
    ],
)
def test_dates_and_times_are_written_as_is_usual_in_the_language_and_the_country(
    language: str, clinic: Clinic, date: str, clock: str
) -> None:
    shown = values(clinic=clinic, language=language).values
    assert (shown["appointment.date"], shown["appointment.time"]) == (date, clock)


@pytest.mark.parametrize(
    ("language", "country", "found"), [("fr", "ES", "fr"), ("fr-CA", "ES", "fr_CA"), ("xx", "ES", "en")]
)
def test_an_unusual_pair_of_language_and_country_falls_back_to_the_language(
    language: str, country: str, found: str
) -> None:
    assert str(locale_of(language, country)) == found


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Sophie Tremblay", "Sophie"),
        ("Tremblay, Marie-Ève", "Marie-Ève"),
        ("  Cher ", "Cher"),
        ("Smith,", "Smith"),
        ("李小龍", "李小龍"),
        ("", ""),
    ],
)
def test_the_first_name_is_the_first_word_or_the_one_after_the_comma(name: str, first: str) -> None:
    assert values(name).values["patient.first_name"] == first


def test_the_phone_is_shown_readably_and_linked_as_dialled() -> None:
    shown = values().values
    assert shown["clinic.phone"] == "+1 416-555-0100"
    assert shown["clinic.phone_link"] == Link("tel:+14165550100")
    assert shown["clinic.emergency_link"] == Link("tel:911")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://x.example/ y", 'https://x.example/"', "ftp://x"])
def test_a_booking_address_that_is_none_is_missing(address: str) -> None:
    assert not values(clinic=replace(CLINIC, booking_url=address)).values["clinic.booking_url"]


def test_the_window_is_the_range_of_the_recall_step_in_calendar_days() -> None:
    timing = Between(parse_span("4w"), parse_span("6w"), parse_span("4w"), frozenset({Weekday.TUE}), time(11))
    step = Step("next", timing, (Channel.SMS,), first_of=False, template="next", purpose=Purpose.RECALL)
    shown = values(protocol=replace(PROTOCOL, steps=(step,))).values
    assert (shown["window.from"], shown["window.to"]) == ("Monday, March 30, 2026", "Monday, April 13, 2026")
    assert not values().values["window.from"]


def test_a_page_or_a_way_out_that_is_no_web_address_is_missing() -> None:
    given = variables_for(
        CLINIC,
        PROTOCOL,
        patient_name="A",
        language="en",
        starts_at=NOW,
        page_url="javascript:x",
        unsubscribe_url=None,
    )
    assert not given.values["page_url"]
    assert not given.values["unsubscribe_url"]


def test_an_alerts_moment_is_the_clinics_wall_clock_with_the_month_in_words() -> None:
    shown = [
        notice_variables(_clinic(country, zone), language, alert_since=NOW).values["alert.since"]
        for language, country, zone in (
            ("en", "CA", "America/Toronto"), ("fr", "CA", "America/Toronto"), ("es", "ES", "Europe/Madrid"),
        )
    ]  # fmt: skip
    assert shown == ["Mar 2, 2026, 10:00 a.m.", "2 mars 2026, 10 h 00", "2 mar 2026, 16:00"]


def test_an_answer_has_the_clinics_values_and_nothing_of_a_patient() -> None:
    shown = notice_variables(CLINIC, "en", page_url="https://lumiere.example/p/x").values
    assert set(shown) == set(KNOWN)
    assert {name for name, value in shown.items() if value} == {
        "clinic.name", "clinic.phone", "clinic.phone_link", "clinic.emergency_number", "clinic.emergency_link",
        "clinic.booking_url", "page_url", "language",
    }  # fmt: skip
    assert isinstance(shown["page_url"], Link)


def test_every_message_has_every_known_value_and_the_docs_name_each() -> None:
    assert set(values().values) == set(KNOWN)
    page = (Path(__file__).parents[2] / "docs/reference/texts.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in KNOWN)
