"""Setup > Booking systems: how each stands, what it told and nobody could take, and what a person does about it."""

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.services.bookings.standing import SourceState
from scheduler.services.feeds.reading import PROBLEMS
from scheduler.web.console.setup_bookings import SIGNS
from scheduler.web.console.words import words
from scheduler.web.pages import LANGUAGES
from tests.servers.calendar import CalendarServer
from tests.services.calendars import calendar, entries, entry, follow
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    OURS,
    SECRETS,
    calcom,
    calcom_booking,
    cliniko_at,
    outcomes,
    tell,
    with_sources,
)
from tests.web.desk import Visitor, desk_app, signed_in


def admin(house: House, clinic: str = EVERY_CLINIC) -> Visitor:
    return signed_in(desk_app(house), house.store, Role.ADMIN, clinic)


def test_a_refused_booking_is_shown_with_its_reason_and_tried_again(
    any_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = with_sources(any_house, CALCOM, OURS, cliniko_at(""))
    monkeypatch.setenv("CALCOM_KEY", SECRETS["CALCOM_KEY"])
    names = {"type": "haircut", "eventTitle": "Hair", "title": "Hair"}
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "u1", VISIT, REGISTERED, **names)))
    page = admin(house, "north").get("/desk/setup/bookings").text
    assert "Treatment: “haircut” is not known" in page
    assert "/webhooks/bookings/north/calcom" in page
    assert page.count("Secret missing") == 2
    assert admin(house, "south").get("/desk/setup/bookings").text.count("haircut") == 0
    assert admin(house, "south").post("/desk/setup/bookings/1/again").status_code == 404

    assert admin(house, "north").post("/desk/setup/bookings/1/again").status_code == 303
    assert outcomes(house) == ["refused"]
    north = house.configuration.clinics["north"]
    mended = replace(north, imports=replace(north.imports, treatments={"haircut": "peel"}))
    house.configuration = replace(house.configuration, clinics={**house.configuration.clinics, "north": mended})
    assert admin(house, "north").post("/desk/setup/bookings/1/again").status_code == 303
    assert outcomes(house) == ["registered"]
    assert "haircut" not in admin(house, "north").get("/desk/setup/bookings").text
    assert admin(house, "north").post("/desk/setup/bookings/1/again").status_code == 409


def test_without_a_booking_system_the_page_says_how_to_name_one(house: House) -> None:
    page = admin(house, "north").get("/desk/setup/bookings").text
    assert "No booking system tells by itself" in page


NOTHING = {"type": "x", "eventTitle": "x", "title": "x"}


def test_what_nobody_will_mend_is_set_aside(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "u1", VISIT, REGISTERED, **NOTHING)))
    visitor = admin(house, "north")
    assert admin(house, "south").post("/desk/setup/bookings/1/aside").status_code == 404
    assert visitor.post("/desk/setup/bookings/1/aside").status_code == 303
    assert outcomes(house) == ["ignored"]
    assert "Not taken yet" not in visitor.get("/desk/setup/bookings").text
    assert visitor.post("/desk/setup/bookings/1/aside").status_code == 409


REFUSED: dict[str, dict[str, Any]] = {
    "u1": {"type": "haircut", "eventTitle": "", "title": "", "eventTypeId": None},
    "u2": {"seatsPerTimeSlot": 3},
    "u3": {"startTime": "soon"},
}
SAID = {
    "en": ["Treatment: “haircut” is not known", "Its event type offers seats", "Starts_at: is not"],
    "fr": ["Le soin « haircut »", "Plusieurs personnes partagent", "Date et heure"],
    "es": ["El tratamiento «haircut»", "Varias personas comparten", "Fecha y hora"],
}


@pytest.mark.parametrize("language", SAID)
def test_why_a_booking_was_refused_is_said_in_the_readers_language(house: House, language: str) -> None:
    with_sources(house, CALCOM)
    for uid, more in REFUSED.items():
        tell(house, calcom(calcom_booking("BOOKING_CREATED", uid, VISIT, REGISTERED, **more)))
    page = admin(house, "north").get("/desk/setup/bookings", Accept_Language=language).text
    for text in SAID[language]:
        assert text in page
    assert language == "en" or '<span lang="en">' not in page


def test_a_booking_that_was_kept_back_says_so_in_french(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "u1", VISIT, REGISTERED)))
    moved = {"startTime": "2026-04-01T10:00:00Z", "attendees": [], "responses": {}}
    house.clock.move_to(REGISTERED.replace(minute=30))
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "u1", VISIT, house.clock.now(), **moved)))
    page = admin(house, "north").get("/desk/setup/bookings", Accept_Language="fr").text
    assert "le rendez-vous 1 est annulé ici" in page


def test_a_calendar_that_lost_its_bookings_asks_for_a_persons_word(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/desk/setup/calendars/north/desk"
    with CalendarServer() as server:
        monkeypatch.setenv("NORTH_CALENDAR_URL", server.url)
        follow(house)
        visitor = admin(house, "north")
        assert "It is asked by itself" in visitor.get("/desk/setup/bookings").text
        server.content = calendar(*entries(5))
        seen = visitor.get(path).text
        assert "<dt>Registered</dt><dd>5</dd>" in seen
        assert visitor.post(f"{path}/read").status_code == 303
        server.content = calendar(entry("B-8", title="Face peel", start="DTSTART:20260330T140000Z"), other())
        assert visitor.post(f"{path}/read").status_code == 303
        page = visitor.get("/desk/setup/bookings").text
        assert "5 appointments are missing there at once" in page
        assert "Needs your word" in page
        assert "Call all 5 off" in visitor.get(path).text
        assert "Anular las 5" in visitor.get(path, Accept_Language="es").text
        assert visitor.post(f"{path}/read", {"missing": "4"}).status_code == 303
        assert "Needs your word" in visitor.get("/desk/setup/bookings").text
        assert visitor.post(f"{path}/read", {"missing": "5"}).status_code == 303
        assert "Works" in visitor.get("/desk/setup/bookings").text
        server.status = 404
        assert "can&#39;t be read now (404)" in visitor.get(path).text


def other() -> str:
    """Return an entry that is no booking, and the last of its calendar."""
    return entry("L-1", title="Lunch", start="DTSTART:20260331T120000Z")


def test_a_calendar_is_only_for_who_manages_its_clinic(house: House) -> None:
    follow(house)
    assert admin(house, "south").get("/desk/setup/calendars/north/desk").status_code == 404
    assert admin(house, "north").get("/desk/setup/calendars/north/none").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_a_booking_system_has_words_and_a_sign(language: str) -> None:
    known = words(language)["bookings"]
    assert set(known["states"]) == {it.value for it in SourceState} == {it.value for it in SIGNS}
    assert set(known["states"]) <= set(known["do"])


PACKAGE = Path(__file__).parents[3] / "scheduler"
FOLDERS = ("services/bookings", "services/feeds", "channels/bookings")


def codes() -> dict[str, set[str]]:
    """Return the codes of why a booking is not taken, each with the names of the values that it comes with."""
    found: dict[str, set[str]] = {"no_answer": set()}
    found |= {code: set() for code in PROBLEMS}
    trees = [ast.parse(file.read_text("utf-8")) for folder in FOLDERS for file in (PACKAGE / folder).glob("*.py")]
    for node in (it for tree in trees for it in ast.walk(tree) if isinstance(it, ast.Call)):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        given = {it.arg or "": it.value for it in node.keywords}
        if name in {"UnreadableError", "AskingError"} and isinstance(code := given.pop("code", None), ast.Constant):
            found.setdefault(str(code.value), set()).update(given)
        if name == "Why" and isinstance(node.args[0], ast.Constant):
            values = node.args[1].keys if len(node.args) > 1 and isinstance(node.args[1], ast.Dict) else ()
            found[str(node.args[0].value)] = {str(it.value) for it in values if isinstance(it, ast.Constant)}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_refused_booking_has_a_sentence_with_values_that_are_given(language: str) -> None:
    known, raised = words(language)["bookings"]["why_not"], codes()
    assert set(known) == set(raised)
    for code, sentence in known.items():
        assert set(re.findall(r"{(\w+)}", sentence)) <= raised[code], code
