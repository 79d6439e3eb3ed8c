"""apply: anew or as a plan in a file has it; each refusal in words, and nothing done."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import SECRETS, Command
from tests.services.house import CONFIG

Edit = tuple[str, str]
NOON: Edit = ('id: check, after: 2d, at: "10:00"', 'id: check, after: 2d, at: "12:00"')
LATER: Edit = ('id: tips, after: 3d, at: "10:00"', 'id: tips, after: 4d, at: "10:00"')


@pytest.fixture
def clinic(aftercare: Command) -> Command:
    """Two appointments in flight, and an operator who has a folder of protocols."""
    shutil.copytree(CONFIG, aftercare.folder / "config")
    aftercare.set(AFTERCARE_CONFIG_DIR=str(aftercare.folder / "config"))
    aftercare.register("--external-id", "B-1")
    aftercare.register("--external-id", "B-2", "--name", "Ann Roy", "--email", "", "--at", "2030-04-20T10:00")
    return aftercare


def edit(command: Command, *edits: Edit) -> None:
    file = command.folder / "config" / "protocols" / "peel.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def plan_file(command: Command) -> str:
    command.done("plan", "--out", "plan.jsonl")
    return "plan.jsonl"


def due(command: Command, appointment: int, step: str) -> str:
    messages = command.json("timeline", str(appointment))["messages"]
    return next(str(it["due_at"]) for it in messages if it["step"] == step)


def test_an_edit_is_applied_and_the_next_plan_is_empty(clinic: Command) -> None:
    edit(clinic, NOON, LATER)
    done = clinic.json("apply", "--pin", "peel.tips", "--by", "Ada")
    assert done["refused"] == []
    apply = done["apply"]
    assert (apply["by"], apply["totals"]["in_flight"], apply["totals"]["moved"]) == ("Ada", 2, 2)
    assert [(it["step"], it["what"], it["pinned"]) for it in apply["edits"]] == [
        ("check", ["at: 10:00 -> 12:00"], False),
        ("tips", ["after: 3d -> 4d"], True),
    ]
    assert due(clinic, 1, "check") == "2030-03-22T16:00:00Z"
    assert due(clinic, 1, "tips") == "2030-03-23T14:00:00Z"
    assert clinic.json("plan")["appointments"] == []
    assert clinic.json("apply") == {"apply": None, "resumed": False, "refused": []}
    assert clinic.done("apply").startswith("Nothing to apply")


def test_the_history_lists_who_applied_what(clinic: Command) -> None:
    assert clinic.done("apply", "--history") == "Nothing was applied yet.\n"
    edit(clinic, NOON)
    printed = clinic.done("apply", "--by", "Ada")
    assert "peel.check: at: 10:00 -> 12:00" in printed
    assert "Applied: 2 of 2 appointments that an edit may touch; 2 moved;" in printed
    (kept,) = clinic.json("apply", "--history")["applies"]
    assert (kept["by"], kept["totals"]["moved"], kept["finished_at"] is not None) == ("Ada", 2, True)
    assert "by Ada" in clinic.done("apply", "--history")
    told = " ".join(clinic.done("timeline", "1").split())
    assert "· It goes by the edited protocol from now on (check: at: 10:00 -> 12:00), by Ada" in told


def test_one_clinics_appointments_follow_and_the_others_wait(clinic: Command) -> None:
    clinic.register("--clinic", "south", "--phone", "+34600000001", "--at", "2030-03-20T14:00Z")
    edit(clinic, NOON)
    assert clinic.json("apply", "--clinic", "south")["apply"]["totals"]["in_flight"] == 1
    assert clinic.json("apply")["apply"]["totals"]["in_flight"] == 2


def test_a_plan_in_a_file_is_applied_once(clinic: Command) -> None:
    edit(clinic, NOON)
    file = plan_file(clinic)
    assert clinic.json("apply", file)["apply"]["totals"]["moved"] == 2
    assert clinic.done("apply", file).startswith("Applied before, by operator:")
    assert due(clinic, 1, "check") == "2030-03-22T16:00:00Z"


def reschedule(command: Command) -> None:
    command.done("reschedule", "1", "--at", "2030-03-21T10:00")


def cancel(command: Command) -> None:
    command.done("cancel", "1")


def register_again(command: Command) -> None:
    lines = [
        "Booking,Start,Client,Mobile,E-mail,Service",
        "B-1,2030-03-20 11:00,Zoë Lachance,416-555-0123,,Face peel",
    ]
    (command.folder / "again.csv").write_text("\n".join(lines), encoding="utf-8")
    command.done("import", "again.csv", "--clinic", "north")


def adjust(command: Command) -> None:
    command.done("adjust", "1", "tips", "--skip")


def send(command: Command) -> None:
    command.done("dispatch", "--now", "2030-03-22T14:00Z")


@pytest.mark.parametrize(
    ("since", "why"),
    [
        (reschedule, "appointment 1: it was moved, or its status or its id at the clinic was changed: plan again"),
        (cancel, "appointment 1: it was called off"),
        (register_again, "appointment 1: it was moved, or its status or its id at the clinic was changed"),
        (adjust, "appointment 1: an exception was made for it, or taken back"),
        (send, "was sent, or something was decided about it"),
    ],
)
def test_a_plan_is_refused_when_what_it_rests_on_has_changed(
    clinic: Command, since: Callable[[Command], None], why: str
) -> None:
    edit(clinic, NOON)
    file = plan_file(clinic)
    since(clinic)
    refused = clinic.refused("apply", file)
    assert refused.startswith("nothing was done, since plan.jsonl is out of date: appointment 1: ")
    assert why in refused
    assert refused.endswith("plan again")
    assert not any(secret in refused for secret in SECRETS)
    assert due(clinic, 2, "check") == "2030-04-22T14:00:00Z"
    assert clinic.json("apply", "--history") == {"applies": []}
    clinic.done("apply", plan_file(clinic))
    assert due(clinic, 2, "check") == "2030-04-22T16:00:00Z"


def test_a_plan_is_refused_when_the_files_were_edited_again(clinic: Command) -> None:
    edit(clinic, NOON)
    file = plan_file(clinic)
    edit(clinic, LATER)
    assert "the files were edited since plan.jsonl was made" in clinic.refused("apply", file)
    assert due(clinic, 1, "check") == "2030-03-22T14:00:00Z"


def test_a_plan_of_another_installation_or_one_that_was_cut_is_refused(clinic: Command) -> None:
    edit(clinic, NOON)
    file = Path(plan_file(clinic))
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    assert "it was cut off or edited" in clinic.refused("apply", str(file))
    file.write_text("nothing of ours\n", encoding="utf-8")
    assert "is no plan of this version" in clinic.refused("apply", str(file))
    assert "no-such.jsonl: No such file" in clinic.refused("apply", "no-such.jsonl")
    assert due(clinic, 1, "check") == "2030-03-22T14:00:00Z"


def test_what_contradicts_itself_is_a_wrong_usage(clinic: Command) -> None:
    for words in (("plan.jsonl", "--pin", "peel.check"), ("--history", "--clinic", "north"), ("--pin", "check")):
        clinic.refused("apply", *words, code=2)
    edit(clinic, NOON)
    assert "peel.tips was not edited" in clinic.refused("apply", "--pin", "peel.tips")
    assert "there is no clinic 'nort'" in clinic.refused("apply", "--clinic", "nort")
