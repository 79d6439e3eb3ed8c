"""held: listed, released and dropped, by what people name."""

import shutil
from datetime import UTC, datetime

import pytest

from scheduler.domain.states import Brake, Cause, Status
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all
from tests.cli.command import SECRETS, Command
from tests.postgres import TEST_KEYS
from tests.services.house import CONFIG

LATE = "2030-03-20T19:00Z"
"""Two hours after first_hours of the 20th is due."""


@pytest.fixture
def backlog(aftercare: Command) -> Command:
    """Three late messages that were held: two of north, one of south."""
    config = aftercare.folder / "config"
    shutil.copytree(CONFIG, config)
    file = config / "aftercare.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}backlog_floor: 0\n", encoding="utf-8")
    aftercare.set(AFTERCARE_CONFIG_DIR=str(config))
    for name in ("Ann Roy", "Bob Roy"):
        aftercare.register("--name", name)
    aftercare.register("--clinic", "south", "--phone", "+34600000001", "--at", "2030-03-20T14:00Z")
    assert aftercare.json("dispatch", "--now", LATE)["held"] == 3
    return aftercare


def doubt(aftercare: Command, message: int) -> None:
    """Let a held message be one of which nobody knows whether the provider took it."""
    settings = read_settings({"AFTERCARE_DATA_DIR": str(aftercare.folder / "var"), **TEST_KEYS})
    with open_store(settings) as store, store.write() as tx:
        move_all(
            tx,
            [Move(message, Status.HELD, Cause.REPLAN, Status.HELD, by="test", brake=Brake.DOUBT)],
            now=datetime(2030, 3, 20, 19, tzinfo=UTC),
        )


def test_the_list_groups_by_clinic_step_and_brake(backlog: Command) -> None:
    told = backlog.json("held", "list")
    assert told["total"] == 3
    assert [(it["clinic"], it["step"], it["channel"], it["brake"], it["count"]) for it in told["groups"]] == [
        ("north", "first_hours", "sms", "backlog", 2),
        ("south", "first_hours", "sms", "backlog", 1),
    ]
    printed = backlog.done("held", "list")
    assert "north" in printed
    assert "backlog" in printed
    each = backlog.json("held", "list", "--clinic", "north", "--messages")
    assert [it["clinic"] for it in each["messages"]] == ["north", "north"]
    assert "are late at once" in each["messages"][0]["reason"]
    assert not any(secret in printed + str(each) for secret in SECRETS)


def test_an_empty_list_says_so(aftercare: Command) -> None:
    assert aftercare.done("held", "list") == aftercare.done("held") == "Nothing is held.\n"
    assert aftercare.json("held", "list") == {"total": 0, "groups": []}


def test_what_is_released_goes_out_and_the_rest_stays(backlog: Command) -> None:
    assert backlog.json("held", "release", "--clinic", "north", "--by", "Ada")["expired"] == 0
    assert backlog.json("held", "list")["total"] == 1
    assert backlog.json("dispatch", "--now", "2030-03-20T19:10Z")["sent"] == 2
    assert backlog.json("dispatch", "--now", "2030-03-20T19:20Z")["sent"] == 0


def test_what_is_dropped_is_never_sent(backlog: Command) -> None:
    assert backlog.done("held", "drop", "--all") == "3 dropped.\n"
    assert backlog.done("held", "list") == "Nothing is held.\n"
    assert backlog.json("dispatch", "--now", "2030-03-20T19:10Z")["sent"] == 0


def test_messages_are_named_by_number_and_by_appointment(backlog: Command) -> None:
    first, second, _ = [it["id"] for it in backlog.json("held", "list", "--messages")["messages"]]
    assert backlog.json("held", "release", str(first))["released"] == 1
    assert backlog.json("held", "drop", "--appointment", "2")["dropped"] == 1
    assert "is not held" in backlog.refused("held", "release", str(second))


def test_what_is_in_doubt_is_sent_again_only_when_it_is_named_and_the_risk_is_said(backlog: Command) -> None:
    first = backlog.json("held", "list", "--messages")["messages"][0]["id"]
    doubt(backlog, first)
    printed = backlog.done("held", "release", "--all")
    assert printed.startswith("2 released.\n1 held in doubt stay: the provider may have taken them.")
    told = backlog.json("held", "release", "--brake", "doubt")
    assert (told["released"], told["in_doubt"]) == (1, 1)


def test_naming_a_doubtful_message_says_that_the_patient_may_get_it_twice(backlog: Command) -> None:
    first = backlog.json("held", "list", "--messages")["messages"][0]["id"]
    doubt(backlog, first)
    printed = backlog.done("held", "release", str(first))
    assert "1 released." in printed
    assert "the patient gets it twice" in printed


@pytest.mark.parametrize("words", [["release"], ["drop"], ["release", "--all", "--clinic", "north"], ["drop", "0"]])
def test_nothing_is_released_or_dropped_that_was_not_named(backlog: Command, words: list[str]) -> None:
    backlog.refused("held", *words, code=2)
    assert backlog.json("held", "list")["total"] == 3


def test_a_slip_of_the_hand_does_not_look_like_success(backlog: Command) -> None:
    assert "there is no clinic 'nort'" in backlog.refused("held", "list", "--clinic", "nort")
    assert "there is no clinic 'nort'" in backlog.refused("held", "release", "--clinic", "nort")
    assert "there is no message 999" in backlog.refused("held", "drop", "999")
    assert "there is no appointment 999" in backlog.refused("held", "release", "--appointment", "999")
    backlog.refused("held", "list", "--brake", "pause", code=2)
    held = backlog.json("held", "list", "--messages")["messages"][0]["id"]
    backlog.done("held", "drop", str(held))
    assert f"message {held} is not held, it is expired" in backlog.refused("held", "drop", str(held))
