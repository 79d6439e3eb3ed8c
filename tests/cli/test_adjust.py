"""adjust: one step of one appointment skipped, put elsewhere, noted upon, and back."""

from datetime import UTC, datetime

import pytest

from tests.cli.command import SECRETS, Command


def due(told: dict[str, object], step: str) -> list[tuple[str, str]]:
    messages = told["messages"]
    assert isinstance(messages, list)
    return [(it["status"], it["due_at"]) for it in messages if it["step"] == step]


def test_a_step_is_skipped_and_the_timeline_says_by_whom(aftercare: Command) -> None:
    appointment = str(aftercare.register())
    told = aftercare.json("adjust", appointment, "tips", "--skip", "--by", "Ada")
    assert [status for status, _ in due(told, "tips")] == ["cancelled"]
    (made,) = told["adjustments"]
    assert (made["step"], made["kind"], made["by"], made["at"], made["note"], made["lifted_at"]) == (
        *("tips", "skip", "Ada"),
        *(None, None, None),
    )
    assert told["history"][-1]["reason"] == "The step tips is skipped."
    printed = aftercare.done("timeline", appointment)
    assert "· The step tips is skipped, by Ada" in printed
    assert "skipped by Ada, for this appointment only." in " ".join(printed.split())


def test_a_naive_instant_is_the_clinics_wall_clock(aftercare: Command) -> None:
    appointment = str(aftercare.register())
    told = aftercare.json("adjust", appointment, "check", "--at", "2030-03-23T10:00", "--note", "72 h instead of 48")
    assert due(told, "check") == [("scheduled", "2030-03-23T14:00:00Z")]
    assert (told["adjustments"][0]["at"], told["adjustments"][0]["note"]) == (
        "2030-03-23T14:00:00Z",
        "72 h instead of 48",
    )
    assert "“72 h instead of 48”" in aftercare.done("timeline", appointment)
    lifted = aftercare.json("adjust", appointment, "check", "--lift", "--by", "Ben")
    assert due(lifted, "check") == [("scheduled", "2030-03-22T14:00:00Z")]
    assert lifted["adjustments"][0]["lifted_by"] == "Ben"


def test_a_note_is_sealed_in_the_database(aftercare: Command) -> None:
    appointment = str(aftercare.register())
    aftercare.done("adjust", appointment, "check", "--note", "afraid of needles")
    stored = b"".join(it.read_bytes() for it in aftercare.database.parent.iterdir() if it.is_file())
    assert b"needles" not in stored


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--skip", "--at", "2030-03-23T10:00"),
        ("--lift", "--skip"),
        ("--lift", "--note", "x"),
        ("--note", "x" * 2001),
        ("--note", "  "),
        ("--skip", "--note", " \t"),
    ],
)
def test_what_says_nothing_or_too_much_is_a_wrong_usage(aftercare: Command, words: tuple[str, ...]) -> None:
    appointment = str(aftercare.register())
    aftercare.refused("adjust", appointment, "tips", *words, code=2)


def test_what_can_not_be_is_refused_in_one_line(aftercare: Command) -> None:
    appointment = str(aftercare.register())
    said = {
        ("tips", "--at", "2020-01-01T10:00"): "is past",
        ("tips", "--at", "soon"): "--at is not a date and time",
        ("prepare", "--at", "2030-03-20T12:00"): "goes out before the appointment",
        ("tipps", "--skip"): "did you mean tips?",
        ("tips", "--lift"): "no exception is in force for 'tips'",
    }
    for words, why in said.items():
        assert why in aftercare.refused("adjust", appointment, *words)
    assert "there is no appointment 99" in aftercare.refused("adjust", "99", "tips", "--skip")
    assert aftercare.json("dispatch", "--now", "2030-03-18T14:00Z")["sent"] == 1
    refused = aftercare.refused("adjust", appointment, "prepare", "--skip")
    assert (
        refused == f"prepare of appointment {appointment} was sent already: nothing of it is left to skip or to move"
    )
    assert datetime.now(UTC).year < 2030, "the dates of this test lie ahead"
    assert not any(secret in refused for secret in SECRETS)
