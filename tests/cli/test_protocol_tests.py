"""The tests that a clinic writes for its protocols, as `aftercare check` plays them."""

from pathlib import Path

import pytest

from scheduler.content.templates import Texts
from scheduler.paths import shipped
from scheduler.protocols.lexicons import Lexicons
from scheduler.protocols.loader import load
from scheduler.protocols.problems import Problem
from scheduler.services.protocol_tests import run_protocol_tests
from tests.cli.command import Command

HEAD = """tests:
  - name: A visit in June
    clinic: lumiere
    treatment: microneedling
    starts_at: 2026-06-01 14:00
"""
OF_NEXT_DAY = "    expect:\n      - {step: avoid_actives, channel: sms, at: 2026-06-02 09:30}\n"


@pytest.fixture
def mine(fresh: Command) -> Command:
    """A clinic's own copy of the shipped files, with one file of tests, which a test writes."""
    fresh.done("init", "mine", "--treatments", "microneedling")
    fresh.set(AFTERCARE_CONFIG_DIR="mine/config", AFTERCARE_TEMPLATES_DIR="mine/templates")
    for file in (fresh.folder / "mine/config/tests").iterdir():
        file.unlink()
    return fresh


def write(command: Command, body: str, head: str = HEAD) -> None:
    (command.folder / "mine/config/tests/mine.yaml").write_text(head + body, encoding="utf-8")


def failure(command: Command, body: str, head: str = HEAD) -> str:
    """Return the one line of a check that fails, from the file's name on."""
    write(command, body, head)
    ended = command.run("check")
    assert ended.code == 1, ended
    (line,) = [line for line in ended.err.splitlines() if ": error: " in line]
    return line.removeprefix("mine/config/tests/mine.yaml:")


def played(folder: Path, templates: Path) -> tuple[Problem, ...]:
    return run_protocol_tests(folder, load(folder), Texts(templates), Lexicons(folder))


def test_what_is_shipped_does_what_its_tests_expect() -> None:
    assert played(shipped("config"), shipped("templates")) == ()


def test_every_shipped_protocol_has_its_tests() -> None:
    names = [{file.stem for file in (shipped("config") / folder).glob("*.yaml")} for folder in ("protocols", "tests")]
    assert names[0] == names[1]


def test_a_met_expectation_is_no_problem(mine: Command) -> None:
    write(mine, OF_NEXT_DAY)
    assert "No errors" in mine.done("check")


def test_an_edit_that_breaks_an_expectation_is_an_error_at_its_line_with_what_happened(mine: Command) -> None:
    protocol = mine.folder / "mine/config/protocols/microneedling.yaml"
    text = protocol.read_text(encoding="utf-8")
    protocol.write_text(text.replace('at: "09:30"', 'at: "12:00"'), encoding="utf-8")
    assert failure(mine, OF_NEXT_DAY) == (
        "7:49: error: tests#1.expect#1.at: avoid_actives by sms was expected at Tue 2026-06-02 09:30, "
        "and went out at Tue 2026-06-02 12:00 (A visit in June)"
    )


def test_without_the_tests_the_same_check_passes(mine: Command) -> None:
    write(mine, "    not_sent:\n      - {step: avoid_actives}\n")
    assert mine.run("check").code == 1
    mine.done("check", "--no-tests")


def test_a_failed_expectation_is_in_the_json_too(mine: Command) -> None:
    write(mine, "    not_sent:\n      - {step: avoid_actives}\n")
    (line, *_) = [line for line in mine.run("check", "--json").out.splitlines() if '"code": "failed' in line]
    assert "failed-expectation" in line


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    not_sent:\n      - {step: week_check}\n", "week_check was not expected, and went out at Mon"),
        (
            "    not_sent:\n      - {step: recheck, because: next_appointment}\n",
            "recheck was not sent for another reason: it was never planned",
        ),
        (
            "    phone: no\n    not_sent:\n      - {step: avoid_actives, channel: sms, because: stopped}\n",
            "avoid_actives by sms was not sent for another reason: 1 day after the appointment; there is no phone",
        ),
        (
            "    phone: no\n    expect:\n      - {step: avoid_actives, channel: sms, at: 2026-06-02 09:30}\n",
            "and was not sent: 1 day after the appointment; there is no phone number for this patient.",
        ),
        (
            "    expect:\n      - {step: redness_check, channel: email, at: 2026-06-03 10:00}\n",
            "and went by sms instead",
        ),
        (
            "    expect:\n      - {step: redness_check, at: 2026-06-03 10:00, because: quiet_hours}\n",
            "redness_check went out for another reason: 2 days after the appointment",
        ),
        (
            "    expect:\n      - {step: redness_check, at: 2026-06-03 10:00, says: hello}\n",
            "the text of redness_check does not say “hello”",
        ),
        ("    expect:\n      - {step: recheck, at: 2026-06-03 10:00}\n", "and was never planned"),
        ("    nothing_else: true\n    expect: []\n", "prepare by email went out at Mon 2026-05-25 10:00 too"),
        ("    alerts: [urgent]\n", "other alerts were raised: none"),
        (
            "    events:\n      - {at: 2026-06-02 12:00, to: redness_check, reply: hi}\n    alerts: []\n",
            "redness_check had not gone out by then",
        ),
        (
            "    registered_at: 1990-01-01 10:00\n    ends_at: 2026-06-01 13:00\n    alerts: []\n",
            "it can't be played",
        ),
    ],
)
def test_whatever_goes_otherwise_is_said(mine: Command, body: str, said: str) -> None:
    write(mine, body)
    ended = mine.run("check")
    assert ended.code == 1
    assert said in ended.err


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    expect:\n      - {step: weekcheck, at: 2026-06-08 10:00}\n", "no such step (did you mean week_check?)"),
        ("    expect:\n      - {step: week_check, at: 8 June}\n", "is not a date and a time of day: 8 June"),
        ("    expect:\n      - {step: week_check, at: 2026-06-31 10:00}\n", "is not a date and a time of day"),
        ("    expects: []\n", "there is no such key here (did you mean expect?)"),
        ("", "expects nothing"),
        ("    alerts: []\n    events:\n      - {at: 2026-06-02 12:00}\n", "does not say what happens then"),
        ("    alerts: []\n    events:\n      - {at: 2026-06-02 12:00, reply: hi}\n", "does not say what it answers"),
        (
            "    alerts: []\n    events:\n      - {at: 2026-06-02 12:00, becomes: cancelled, alerts: handled}\n",
            "stands beside becomes",
        ),
    ],
)
def test_a_mistake_in_a_test_is_an_error_at_its_place(mine: Command, body: str, said: str) -> None:
    assert said in failure(mine, body)


def test_a_test_of_a_clinic_that_was_taken_away_is_left_out_with_a_warning(mine: Command) -> None:
    write(mine, OF_NEXT_DAY, HEAD.replace("lumiere", "lumiare"))
    ended = mine.run("check")
    assert ended.code == 0
    assert "mine.yaml:3:13: warning: tests#1.clinic: there is no clinic lumiare, so this test is not" in ended.err
    assert "did you mean lumiere?" in ended.err


@pytest.mark.parametrize(
    "body",
    [
        # moved: aftercare comes after the new start
        (
            "    events:\n      - {at: 2026-05-30 12:00, moved_to: 2026-06-09 14:00}\n"
            "    expect:\n      - {step: avoid_actives, at: 2026-06-10 09:30}\n"
        ),
        (
            "    events:\n      - {at: 2026-05-30 12:00, becomes: cancelled}\n"
            "    not_sent:\n      - {step: avoid_actives, because: appointment_cancelled}\n"
        ),
        (
            "    events:\n      - {at: 2026-06-01 15:00, becomes: no_show}\n"
            "    not_sent:\n      - {step: avoid_actives, because: the patient did not come}\n"
        ),
        "    events:\n      - {at: 2026-06-01 16:00, becomes: completed}\n" + OF_NEXT_DAY,
        # down from before the check until noon: it is sent late, what it overtakes is not
        (
            "    events:\n      - {at: 2026-06-02 08:00, down_until: 2026-06-03 12:00}\n"
            "    expect:\n      - {step: redness_check, at: 2026-06-03 12:00}\n"
            "    not_sent:\n      - {step: avoid_actives}\n"
        ),
        # an invitation that waited for an open alert goes out once that is closed
        (
            "    events:\n      - {at: 2026-06-03 12:00, to: redness_check, reply: '3, fièvre'}\n"
            "      - {at: 2026-07-01 12:00, alerts: handled}\n"
            "    expect:\n      - {step: next_session, channel: sms, at: 2026-07-01 12:00}\n    alerts: [urgent]\n"
        ),
        "    timezone: Europe/Madrid\n    expect:\n      - {step: redness_check, at: 2026-06-03 10:00}\n",
    ],
)
def test_all_that_can_happen_to_an_appointment_can_be_tested(mine: Command, body: str) -> None:
    write(mine, body)
    mine.done("check")


def test_tests_share_a_world_and_see_nothing_of_each_other(mine: Command) -> None:
    second = HEAD.removeprefix("tests:\n").replace("A visit in June", "Another, of who answers")
    answer = (
        "    events:\n      - {at: 2026-06-03 12:00, to: redness_check, reply: '3, fièvre'}\n    alerts: [urgent]\n"
    )
    silent = "    alerts: []\n    not_sent:\n      - {step: recheck}\n"
    write(mine, f"{silent}{second}{answer}")
    mine.done("check")


def test_words_may_be_in_either_message_where_no_channel_is_named(mine: Command) -> None:
    write(
        mine, "    language: en\n    expect:\n      - {step: sun_protection, at: 2026-06-01 17:00, says: sunburn}\n"
    )
    mine.done("check")


def test_an_expectation_that_stands_there_twice_expects_two_messages(mine: Command) -> None:
    twice = "      - {step: sun_protection, at: 2026-06-01 17:00}\n" * 2
    write(mine, f"    expect:\n{twice}")
    mine.done("check")
    said = failure(mine, f"    phone: no\n    expect:\n{twice}")
    assert said.startswith("9:36: "), said
    assert "sun_protection was expected at Mon 2026-06-01 17:00 once more" in said


def test_a_reminder_can_be_expected_and_a_test_waits_for_it(mine: Command) -> None:
    file = mine.folder / "mine/config/protocols/microneedling.yaml"
    text = file.read_text(encoding="utf-8")
    asked = "    ask: redness                     # the reply is expected, read and sorted\n"
    assert asked in text
    file.write_text(text.replace(asked, f'{asked}    remind: {{after: 1d, at: "09:00"}}\n'), encoding="utf-8")
    expected = "".join(
        f"      - {{step: redness_check, at: {at}}}\n" for at in ("2026-06-03 10:00", "2026-06-04 09:00")
    )
    write(mine, f"    expect:\n{expected}")
    mine.done("check")
