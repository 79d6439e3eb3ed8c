"""`aftercare simulate`, with the shipped clinics and protocols, as a person uses it."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import Command

EVENING = ("simulate", "microneedling", "--clinic", "lumiere", "--at", "2026-03-06T20:30")
RANGE = ("simulate", "microneedling", "--clinic", "lumiere", "--from", "2026-11-23", "--to", "2026-11-27")
CLOSED = "\nclosures: [{from: 2026-12-21, to: 2027-01-03}]\n"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def mine(fresh: Command) -> Command:
    """A clinic's own copy of the shipped files."""
    fresh.done("init", "mine", "--treatments", "microneedling")
    fresh.set(AFTERCARE_CONFIG_DIR="mine/config", AFTERCARE_TEMPLATES_DIR="mine/templates")
    return fresh


def add(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def message(data: Any, step: str, channel: str = "sms") -> Any:
    (found,) = [it for it in data["messages"] if (it["step"], it["channel"]) == (step, channel)]
    return found


def test_nothing_is_stored_and_no_database_is_made(fresh: Command) -> None:
    fresh.done(*EVENING)
    assert list(fresh.folder.iterdir()) == []


def test_what_falls_into_the_night_is_said_to_wait_until_the_morning_and_why(fresh: Command) -> None:
    said = fresh.done(*EVENING)
    assert "Fri 2026-03-06 20:30 (America/Toronto)" in said
    assert "Sat 2026-03-07 08:00  sun_protection  SMS and email  sent" in said
    assert "planned Fri 2026-03-06 23:30 -> 08:00: quiet hours" in said
    assert "recheck comes only after a reply to redness_check that is read as concern." in said


def test_in_the_night_on_which_clocks_go_forward_the_wall_clock_stays(fresh: Command) -> None:
    found = message(fresh.json(*EVENING), "redness_check")
    assert (found["due_at"], found["sent_at"]) == ("2026-03-08T14:00:00Z",) * 2


def test_the_json_has_the_keys_of_a_timeline_and_more(fresh: Command) -> None:
    data = fresh.json(*EVENING)
    assert data["appointment"] == "simulated"
    assert data["external_id"] is None
    assert data["starts_at"] == "2026-03-07T01:30:00Z"
    wanted = {"id", "step", "channel", "occurrence", "purpose", "due_at", "useful_until", "status", "reason"}
    assert all(wanted <= it.keys() for it in data["messages"])
    found = message(data, "sun_protection")
    assert (found["planned_at"], found["due_at"]) == ("2026-03-07T04:30:00Z", "2026-03-07T13:00:00Z")
    assert "out of quiet hours; sent at Sat 2026-03-07 08:00" in found["reason"]


def test_it_says_what_the_product_says_when_the_appointment_is_registered(fresh: Command) -> None:
    who = ("--name", "Zoë", "--phone", "416-555-0123", "--email", "zoe@patients.example")
    register = ("register", "--clinic", "lumiere", "--treatment", "microneedling", *who, "--at", "2030-03-01T20:30")
    registered = fresh.json(*register)
    simulated = fresh.json("simulate", "microneedling", "--clinic", "lumiere", "--at", "2030-03-01T20:30")
    due = {(it["step"], it["channel"]): (it["due_at"], it["useful_until"]) for it in registered["messages"]}
    assert due == {(it["step"], it["channel"]): (it["due_at"], it["useful_until"]) for it in simulated["messages"]}


@pytest.mark.parametrize(("answer", "asked_again"), [("2", True), ("1, much better", False)])
def test_an_answer_brings_about_what_it_does_in_life(fresh: Command, answer: str, asked_again: bool) -> None:
    data = fresh.json(*EVENING, "--reply", f"redness_check={answer}@2026-03-08T12:00")
    assert any(it["step"] == "recheck" for it in data["messages"]) is asked_again
    assert [it["class"] for it in data["replies"]] == ["concern" if asked_again else "fine"]


def test_an_answer_that_sounds_bad_raises_an_alert_and_keeps_invitations_back(fresh: Command) -> None:
    worse = "redness_check=3 pire, j'ai de la fièvre@2026-03-08T12:00"
    data = fresh.json(*EVENING, "--reply", worse)
    assert [it["kind"] for it in data["alerts"]] == ["urgent"]
    assert message(data, "next_session")["status"] == "expired"
    assert "a reply of the patient that sounds bad is open" in message(data, "next_session")["reason"]


def test_without_a_phone_it_goes_and_is_answered_by_email(fresh: Command) -> None:
    data = fresh.json(*EVENING, "--no-phone", "--reply", "redness_check=2@2026-03-08T12:00")
    assert {it["channel"] for it in data["messages"] if it["sent_at"]} == {"email"}
    assert message(data, "recheck", "email")["status"] == "accepted"
    assert message(data, "sun_protection")["status"] == "suppressed"


def test_who_is_registered_late_gets_what_still_helps(fresh: Command) -> None:
    data = fresh.json(*EVENING, "--registered", "2026-03-09T09:00")
    assert message(data, "avoid_actives")["status"] == "expired"
    assert message(data, "week_check")["status"] == "accepted"


def test_local_times_are_those_of_the_patient(fresh: Command) -> None:
    said = fresh.done(*EVENING, "--timezone", "Europe/Madrid")
    assert "Sat 2026-03-07 02:30 (Europe/Madrid)" in said
    assert "Sun 2026-03-08 10:00  redness_check" in said


def test_texts_are_shown_on_request_in_the_language_asked_for(fresh: Command) -> None:
    texts = message(fresh.json(*EVENING, "--language", "en", "--texts"), "redness_check")["text"]
    assert "911" in texts
    assert "STOP" in message(fresh.json(*EVENING, "--language", "en", "--texts"), "sun_protection")["text"]
    assert "text" not in message(fresh.json(*EVENING), "redness_check")


def test_what_it_costs_is_said_where_the_clinic_says_what_a_segment_does(mine: Command) -> None:
    assert mine.json(*EVENING)["cost"] is None
    file = mine.folder / "mine/config/clinics/lumiere.yaml"
    sender = "sms: {messaging_service: MG0123456789abcdef0123456789abcdef"
    file.write_text(file.read_text(encoding="utf-8").replace(sender, f"{sender}, price: 0.0083 USD"), "utf-8")
    data = mine.json(*EVENING)
    assert data["segments"] == sum(it["segments"] or 0 for it in data["messages"])
    assert data["cost"] == {"amount": f"{83 * data['segments'] / 10000:.4f}", "currency": "USD"}
    assert f"{data['segments']} segments, {data['cost']['amount']} USD" in mine.done(*EVENING)


def test_the_picture_in_the_terminal_fits_80_columns_and_needs_no_colour(fresh: Command) -> None:
    said = fresh.done(*EVENING, "--no-email", "--reply", "redness_check=2@2026-03-08T12:00")
    assert max(map(len, said.splitlines())) <= 80
    assert "\x1b" not in said
    rows = {row.split()[0]: row for row in said.split("\n\n")[1].splitlines()[1:]}
    assert "●" in rows["redness_check"]
    assert "×" in rows["prepare"]  # noqa: RUF001  (the picture's own sign)
    assert "◆" in rows["reply"]


def test_the_picture_in_a_file_stands_alone_and_says_in_words_what_it_shows(fresh: Command) -> None:
    fresh.done(*EVENING, "--svg", "picture.svg", "--reply", "redness_check=2 <b>@2026-03-08T12:00")
    text = (fresh.folder / "picture.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    names = [root.find(f"{SVG}{name}") for name in ("title", "desc")]
    assert [it.get("id") for it in names if it is not None] == root.get("aria-labelledby", "").split()
    description = (names[1].text if names[1] is not None else None) or ""
    assert "Sat 2026-03-07 08:00: sun_protection (SMS and email; put off from Fri 2026-03-06 23:30" in description
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"(href|src|url\()", text)


def test_a_range_of_visits_is_counted_by_day_and_hour(fresh: Command) -> None:
    data = fresh.json(*RANGE, "--per-day", "4")
    assert data["appointments"] == 20
    assert data["messages"] == sum(it["messages"] for it in data["by_day"]) == 200
    assert data["messages"] == sum(it["messages"] for it in data["by_hour"])
    assert data["segments"] == sum(it["segments"] for it in data["by_day"])
    said = fresh.done(*RANGE, "--per-day", "4")
    assert "microneedling at lumiere: 20 appointments, 2026-11-23 to 2026-11-27" in said
    assert "200 messages: 120 by SMS" in said


def test_over_the_holidays_a_range_says_what_waits_for_them(mine: Command) -> None:
    add(mine.folder / "mine/config/clinics/lumiere.yaml", CLOSED)
    data, said = mine.json(*RANGE, "--every", "1d"), mine.done(*RANGE, "--every", "1d")
    assert {"step": "next_session", "because": ["closure"], "messages": 8} in data["put_off"]
    assert "Put off: next_session, 8 messages (closed), the longest by 14 days." in said
    # Six weeks after Monday's visit are over before the first open Tuesday.
    assert {"step": "next_session", "because": "not_useful", "messages": 2} in data["not_sent"]
    assert "Not sent: next_session, 2 messages, such as: It stopped being useful" in said


def test_a_range_says_what_is_not_sent_and_why(fresh: Command) -> None:
    data = fresh.json(*RANGE, "--no-phone")
    assert {"step": "sun_protection", "because": "no_address", "messages": 5} in data["not_sent"]
    assert data["segments"] == 0


def test_there_are_no_visits_on_days_on_which_the_clinic_is_closed(mine: Command) -> None:
    add(mine.folder / "mine/config/clinics/lumiere.yaml", CLOSED)
    over = ("simulate", "microneedling", "--clinic", "lumiere", "--from", "2026-12-18", "--to", "2027-01-04")
    assert mine.json(*over, "--per-day", "1")["appointments"] == 4
    assert "no appointment" in mine.refused(*over[:5], "2026-12-22", "--to", "2026-12-23")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "2026-03-06"), "--at has no time of day"),
        (("--at", "2026-03-06T14:00", "--timezone", "Toronto"), "timezone: is not an IANA time zone"),
        (
            ("--at", "2026-03-06T14:00", "--reply", "nope=2@2026-03-08T12:00"),
            "there is no step nope in microneedling",
        ),
        (("--at", "2026-03-06T14:00", "--reply", "recheck=2@2026-03-08T12:00"), "recheck had not gone out by then"),
        (("--at", "2026-03-06T14:00", "--no-phone", "--no-email"), "nothing could reach this patient"),
        (("--from", "2026-03-06", "--to", "2026-03-01"), "no appointment is in that range"),
        (("--from", "2026-03-06", "--to", "2046-03-01"), "more than 5,000 appointments"),
    ],
)
def test_what_can_not_be_simulated_is_said_in_one_line(fresh: Command, words: tuple[str, ...], said: str) -> None:
    assert said in fresh.refused("simulate", "microneedling", "--clinic", "lumiere", *words)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--at", "2026-03-06T14:00", "--from", "2026-03-06"),
        ("--from", "2026-03-06"),
        ("--from", "2026-03-06", "--to", "2026-03-07", "--every", "soon"),
        ("--from", "2026-03-06", "--to", "2026-03-07", "--every", "1d", "--per-day", "2"),
        ("--from", "2026-03-06", "--to", "2026-03-07", "--per-day", "0"),
        ("--from", "2026-03-06", "--to", "2026-03-07", "--texts"),
        ("--at", "2026-03-06T14:00", "--reply", "redness_check"),
    ],
)
def test_a_wrong_usage_is_one(fresh: Command, words: tuple[str, ...]) -> None:
    fresh.refused("simulate", "microneedling", "--clinic", "lumiere", *words, code=2)


def test_an_unknown_treatment_is_refused_with_the_nearest(fresh: Command) -> None:
    said = fresh.refused("simulate", "microneedlin", "--clinic", "lumiere", "--at", "2026-03-06T14:00")
    assert "did you mean microneedling?" in said
