"""evidence: what was sent, in which approved version, as two files that only their owner reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command

PREPARE, FIRST_HOURS = "2030-03-18T14:00:00Z", "2030-03-20T17:00:00Z"
SIGNED = ("--by", "Dr. Sample", "--role", "medical director")


@pytest.fixture
def sent(aftercare: Command) -> Command:
    """A patient who got an email and a text, both approved long ago."""
    aftercare.approve()
    aftercare.register()
    aftercare.done("dispatch", "--now", PREPARE)
    aftercare.done("dispatch", "--now", FIRST_HOURS)
    return aftercare


def exported(command: Command, folder: str = "out") -> Any:
    command.done("evidence", "1", "--out", folder)
    return json.loads((command.folder / folder / "evidence-1.json").read_text(encoding="utf-8"))


def hand_over(data: Any, step: str, channel: str = "sms") -> Any:
    messages = data["appointments"][0]["messages"]
    message = next(it for it in messages if (it["step"], it["channel"]) == (step, channel))
    return message["hand_overs"][0]


def test_it_says_what_was_sent_to_whom_in_which_approved_version(sent: Command) -> None:
    data = exported(sent)
    assert data["patient"]["name"] == "Zoë Lachance"
    text = hand_over(data, "first_hours")
    assert text["text"].startswith("en first_hours for Zoë")
    assert text["to"] == "+14165550123"
    assert text["handed_over_at"] == FIRST_HOURS
    assert (text["outcome"], text["rehearsed"]) == ("accepted", True)
    signed = {"by": "Dr. Sample", "role": "medical director", "at": "2020-01-01T00:00:00Z"}
    assert (text["version"]["standing"], text["version"]["record"]) == ("approved", signed)
    assert text["texts"][0]["name"] == "first_hours/en/sms"
    assert (text["texts"][0]["standing"], text["texts"][0]["record"]) == ("approved", signed)
    assert text["consent"]["allowed"] is True
    mail = hand_over(data, "prepare", "email")
    assert (mail["to"], mail["texts"][0]["standing"]) == ("zoe@patients.example", "approved")


def test_what_was_approved_later_or_never_is_said_so(aftercare: Command) -> None:
    aftercare.register()
    aftercare.done("dispatch", "--now", "2030-03-20T17:00:00Z")
    assert hand_over(exported(aftercare, "never"), "first_hours")["version"]["standing"] == "not approved"


def test_it_is_found_by_the_version_that_was_sent_whatever_the_files_say_now(sent: Command) -> None:
    file = sent.folder / "config" / "protocols" / "peel.yaml"
    file.write_text(file.read_text().replace("useful_for: 2d", "useful_for: 3d"))
    text = hand_over(exported(sent), "first_hours")
    assert text["version"]["standing"] == "approved"
    sent.done("approve", "peel", *SIGNED)
    assert hand_over(exported(sent, "again"), "first_hours")["version"] == text["version"]


def test_only_the_owner_can_read_it_and_nothing_is_overwritten(sent: Command) -> None:
    exported(sent)
    assert {it.stat().st_mode & 0o777 for it in (sent.folder / "out").iterdir()} == {0o600}
    assert (sent.folder / "out").stat().st_mode & 0o777 == 0o700
    (sent.folder / "out" / "evidence-1.html").unlink()
    before = (sent.folder / "out" / "evidence-1.json").read_bytes()
    assert "nothing is overwritten" in sent.refused("evidence", "1", "--out", "out")
    assert [it.name for it in (sent.folder / "out").iterdir()] == ["evidence-1.json"]
    assert (sent.folder / "out" / "evidence-1.json").read_bytes() == before


def test_the_page_asks_nothing_of_anybody_and_shows_the_same(sent: Command) -> None:
    exported(sent)
    page = (sent.folder / "out" / "evidence-1.html").read_text(encoding="utf-8")
    assert not any(word in page for word in ("<script", "<link", "<img", "src=", "url(", "<a "))
    assert "en first_hours for Zoë" in page
    assert "approved</span> by Dr. Sample, medical director" in page


def test_an_unknown_patient_leaves_nothing_behind(sent: Command) -> None:
    assert "patient 77" in sent.refused("evidence", "77", "--out", "out")
    assert not Path(sent.folder / "out").exists()


def test_it_prints_where_it_wrote_what(sent: Command) -> None:
    told = sent.json("evidence", "1", "--out", "out")
    assert told == {
        "patient": 1,
        "html": "out/evidence-1.html",
        "json": "out/evidence-1.json",
        "messages": 8,
        "hand_overs": 2,
        "replies": 0,
    }
