"""pause and resume: what the words name, what is printed, and that neither fails when it matters."""

import json

import pytest

from scheduler.settings import read_settings
from scheduler.store.database import open_store
from scheduler.store.tables import pauses
from tests.cli.command import SECRETS, Command
from tests.postgres import TEST_KEYS

DUE = "2030-03-20T13:00:00-04:00"


def test_everything_is_paused_and_resumed_with_counts(aftercare: Command) -> None:
    appointment = str(aftercare.register())
    told = aftercare.json("pause", "--all", "--by", "Ada", "--why", "the wrong text went out")
    assert (told["result"], told["pause"]["by"], told["pause"]["why"]) == ("paused", "Ada", "the wrong text went out")
    assert (told["pause"]["clinic"], told["pause"]["channel"], told["pause"]["patient"]) == (None, None, None)
    counts = aftercare.json("dispatch", "--now", DUE)
    assert (counts["sent"], counts["put_off"]) == (0, 1)
    (waiting,) = [it for it in aftercare.json("timeline", appointment)["messages"] if it["step"] == "first_hours"]
    assert "paused by Ada since" in waiting["reason"]
    resumed = aftercare.json("resume", "--all")
    assert (resumed["result"], resumed["woken"], resumed["in_force"]) == ("resumed", 1, [])
    assert aftercare.json("dispatch", "--now", DUE)["sent"] == 1


def test_people_are_told_in_a_line_and_twice_is_no_error(aftercare: Command) -> None:
    aftercare.register()
    assert aftercare.done("pause", "--clinic", "north", "--channel", "sms", "--by", "Ada") == (
        "Paused: SMS of clinic north. 0 messages due within a day will wait.\n"
    )
    assert aftercare.done("pause", "--clinic", "north", "--channel", "sms").startswith(
        "Was paused already, by Ada since "
    )
    aftercare.done("pause", "--channel", "email")
    printed = aftercare.done("resume", "--clinic", "north", "--channel", "sms")
    assert printed.startswith("Resumed: SMS of clinic north. 0 messages that waited will be tried now.\n")
    assert "Still paused, by orders of their own: all email." in printed
    assert aftercare.done("resume", "--all").startswith("Was not paused: everything.\n")


def test_a_patient_is_paused_by_appointment_by_number_or_by_the_clinics_own_id(aftercare: Command) -> None:
    appointment = str(aftercare.register("--patient-id", "P-7"))
    first = aftercare.json("pause", appointment)["pause"]
    assert (first["clinic"], first["patient"]) == ("north", 1)
    assert aftercare.json("pause", "--patient", "1")["result"] == "unchanged"
    assert aftercare.json("pause", "--patient-id", "P-7", "--clinic", "north")["result"] == "unchanged"
    assert aftercare.json("resume", "--patient", "1")["result"] == "resumed"


def test_the_list_says_who_when_and_why(aftercare: Command) -> None:
    assert aftercare.done("pause", "--list") == "Nothing is paused.\n"
    aftercare.done("pause", "--clinic", "south", "--by", "Ada", "--why", "holiday [until] Monday")
    assert "clinic south, by Ada since " in aftercare.done("pause", "--list")
    assert "holiday [until] Monday" in aftercare.done("pause", "--list")
    (listed,) = aftercare.json("pause", "--list")
    assert set(listed) == {"id", "clinic", "channel", "patient", "by", "at", "why"}


def test_without_a_name_the_user_of_the_machine_goes_on_record(aftercare: Command) -> None:
    aftercare.set(SUDO_USER="mira")
    assert aftercare.json("pause", "--all")["pause"]["by"] == "operator:mira"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["1", "--all"],
        ["--all", "--clinic", "north"],
        ["--all", "--channel", "sms"],
        ["1", "--patient", "1"],
        ["1", "--clinic", "north"],
        ["--patient-id", "P-7"],
        ["--channel", "pigeon"],
        ["0"],
        ["--all", "--by", "x" * 101],
    ],
)
def test_words_that_name_nothing_or_two_things_are_a_wrong_usage(aftercare: Command, words: list[str]) -> None:
    aftercare.register()
    aftercare.refused("pause", *words, code=2)
    assert aftercare.json("pause", "--list") == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--clinic", "nort"], "there is no clinic 'nort' in the configuration: did you mean north?"),
        (["99"], "there is no appointment 99"),
        (["--patient", "99"], "there is no patient 99"),
        (["--patient-id", "P-9", "--clinic", "north"], "no patient of north has that id"),
    ],
)
def test_what_there_is_not_is_refused_in_one_line(aftercare: Command, words: list[str], line: str) -> None:
    aftercare.register()
    assert aftercare.refused("pause", *words).startswith(line)


def test_an_emergency_stop_works_while_a_configuration_file_is_broken(aftercare: Command) -> None:
    aftercare.register()
    broken = aftercare.folder / "broken"
    (broken / "clinics").mkdir(parents=True)
    (broken / "clinics" / "north.yaml").write_text("name: [", encoding="utf-8")
    aftercare.set(AFTERCARE_CONFIG_DIR=str(broken))
    assert aftercare.json("pause", "--all")["result"] == "paused"
    assert aftercare.json("resume", "--all")["result"] == "resumed"


def test_why_is_sealed_and_neither_logged_nor_printed_on_errors(aftercare: Command) -> None:
    aftercare.register()
    ended = aftercare.run("--verbose", "pause", "--all", "--why", "Zoë Lachance complained")
    assert not any(secret in ended.err for secret in SECRETS)
    settings = read_settings({"AFTERCARE_DATA_DIR": str(aftercare.folder / "var"), **TEST_KEYS})
    with open_store(settings) as store, store.read() as tx:
        (row,) = tx.connection.execute(pauses.select()).all()
    assert b"complained" not in row.why_sealed
    assert json.loads(aftercare.done("pause", "--list", "--json"))[0]["why"] == "Zoë Lachance complained"
