"""plan: an edit's effect on what is in flight, for people and for machines; nothing is written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import SECRETS, Command
from tests.services.house import CONFIG

Edit = Callable[[str, str], None]
ANEW = "planned anew because the protocol was edited"


@pytest.fixture
def config(aftercare: Command) -> Path:
    """A folder of configuration that may be edited."""
    folder = aftercare.folder / "config"
    shutil.copytree(CONFIG, folder)
    aftercare.set(AFTERCARE_CONFIG_DIR=str(folder))
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def edited(aftercare: Command, config: Path) -> Command:
    """An appointment of each clinic, then an edit of the peel: the check later, no tips, a new step."""
    aftercare.register()
    aftercare.register("--clinic", "south", "--phone", "+34600000001", "--at", "2030-03-20T14:00Z")
    peel = config / "protocols" / "peel.yaml"
    edit(peel, '{id: check, after: 2d, at: "10:00"', '{id: check, after: 2d, at: "12:00"')
    edit(peel, '  - {id: tips, after: 3d, at: "10:00", channels: [sms], useful_for: 5d}\n', "")
    new = '  - {id: late_tips, after: 10d, at: "10:00", channels: [sms], template: tips}\n'
    edit(peel, "  - {id: rebook", f"{new}  - {{id: rebook")
    return aftercare


EDITS = [
    ("check", "changed", ["at: 10:00 -> 12:00"]),
    ("late_tips", "added", ["step added", "renamed: tips"]),
    ("tips", "removed", ["step removed", "renamed to: late_tips"]),
]


def test_text_names_the_edits_then_each_appointment_then_the_totals(edited: Command) -> None:
    assert edited.done("plan").splitlines()[:19] == [
        "peel.check: at: 10:00 -> 12:00 (follow: touches 2 of 2 appointments that it may touch)",
        "peel.late_tips: step added; renamed: tips (follow: touches 2 of 2 appointments that it may touch)",
        "peel.tips: step removed; renamed to: late_tips (follow: touches 2 of 2 appointments that it may touch)",
        "",
        "Appointment 1: peel at north, Wed 2030-03-20 10:00 (America/Toronto)",
        "  moved    check      sms    Fri 2030-03-22 10:00 -> Fri 2030-03-22 12:00",
        "           2 days after the appointment; planned anew because the protocol was edited (at: 10:00 -> 12:00).",
        "  dropped  tips       sms    was Sat 2030-03-23 10:00",
        "           The protocol was edited (step removed; renamed to: late_tips).",
        "  added    late_tips  sms    Sat 2030-03-30 10:00",
        f"           10 days after the appointment; {ANEW} (step added; renamed: tips).",
        "",
        "Appointment 2: peel at south, Wed 2030-03-20 15:00 (Europe/Madrid)",
        "  moved    check      sms    Fri 2030-03-22 10:00 -> Fri 2030-03-22 12:00",
        "           2 days after the appointment; planned anew because the protocol was edited (at: 10:00 -> 12:00).",
        "  dropped  tips       sms    was Sat 2030-03-23 10:00",
        "           The protocol was edited (step removed; renamed to: late_tips).",
        "  added    late_tips  sms    Sat 2030-03-30 10:00",
        f"           10 days after the appointment; {ANEW} (step added; renamed: tips).",
    ]


def test_the_totals_count_what_changes_and_what_does_not(edited: Command) -> None:
    counts = "2 moved, 2 added, 2 dropped"
    assert edited.done("plan").splitlines()[-3:] == [
        "",
        f"2 appointments of 2 that an edit may touch: {counts}; 12 stay as they are, 0 already sent.",
        "SMS segments: 2 more, 2 fewer. Cost: not known at north, south, whose file says no sms.price.",
    ]


def test_json_is_the_same_each_time_and_holds_no_patient(edited: Command) -> None:
    first, second = edited.done("plan", "--json"), edited.done("plan", "--json")
    assert first == second
    assert not any(secret in first for secret in SECRETS)
    told = json.loads(first)
    assert [it["appointment"] for it in told["appointments"]] == [1, 2]
    assert told["appointments"][0]["changes"][0] == {
        "message": 5,
        "step": "check",
        "channel": "sms",
        "occurrence": 1,
        "change": "moved",
        "from": "2030-03-22T14:00:00Z",
        "to": "2030-03-22T16:00:00Z",
        "reason": "2 days after the appointment; planned anew because the protocol was edited (at: 10:00 -> 12:00).",
    }
    assert [(it["step"], it["edit"], it["what"]) for it in told["edits"]] == EDITS
    assert {(it["pinned"], it["in_flight"], it["touches"]) for it in told["edits"]} == {(False, 2, 2)}
    assert told["totals"] == {
        "in_flight": 2,
        "appointments": 2,
        "moved": 2,
        "added": 2,
        "dropped": 2,
        "changed": 0,
        "unchanged": 12,
        "sent": 0,
        "segments": {"added": 2, "saved": 2},
        "cost": None,
    }


def test_nothing_is_written(edited: Command) -> None:
    before = edited.database.read_bytes(), edited.json("timeline", "1")
    edited.done("plan")
    assert (edited.database.read_bytes(), edited.json("timeline", "1")) == before


def test_a_price_makes_a_cost(edited: Command, config: Path) -> None:
    edit(config / "clinics" / "north.yaml", "rate: 1000}", "rate: 1000, price: 0.0083 USD}")
    told = edited.json("plan", "--clinic", "north")
    assert told["totals"]["cost"] == {"USD": {"added": "0.0083", "saved": "0.0083"}}
    assert edited.done("plan", "--clinic", "north").endswith("Cost: 0.0083 USD more, 0.0083 USD less.\n")
    assert "not known at south" in edited.done("plan")


def test_one_clinic_or_one_treatment_may_be_asked_about(edited: Command) -> None:
    assert [it["appointment"] for it in edited.json("plan", "--clinic", "south")["appointments"]] == [2]
    assert len(edited.json("plan", "--treatment", "peel")["appointments"]) == 2
    assert edited.json("plan", "--treatment", "needling")["appointments"] == []
    assert "there is no clinic 'sout'" in edited.refused("plan", "--clinic", "sout")
    assert "there is no treatment 'peal'" in edited.refused("plan", "--treatment", "peal")


def test_a_pinned_edit_is_named_and_changes_nothing(edited: Command) -> None:
    told = edited.json("plan", "--pin", "peel.check", "--pin", "peel.late_tips")
    assert {change["step"] for it in told["appointments"] for change in it["changes"]} == {"tips"}
    assert {it["step"]: it["pinned"] for it in told["edits"]} == {"check": True, "late_tips": True, "tips": False}
    first = edited.done("plan", "--pin", "peel.check").splitlines()[0]
    assert first == "peel.check: at: 10:00 -> 12:00 (pinned: kept as it was by 2 appointments that it may touch)"


def test_a_pin_of_what_was_not_edited_is_refused(edited: Command) -> None:
    assert "--pin peel.chek: there is no such step" in edited.refused("plan", "--pin", "peel.chek", code=2)
    said = edited.refused("plan", "--pin", "peel.rebook")
    assert said.endswith("so it can't be pinned; edited: peel.check, peel.late_tips, peel.tips")
    assert "is no TREATMENT.STEP" in edited.refused("plan", "--pin", "check", code=2)


EMPTY = (
    "Nothing changes: all that is in flight is planned by the protocols as they are. "
    "An edited text takes effect at the send, once it is approved.\n"
)


def test_without_an_edit_or_with_one_of_texts_and_titles_the_plan_is_empty(
    aftercare: Command, config: Path, texts_dir: Path
) -> None:
    aftercare.register()
    assert aftercare.done("plan") == EMPTY
    texts = aftercare.folder / "texts"
    shutil.copytree(texts_dir, texts)
    aftercare.set(AFTERCARE_TEMPLATES_DIR=str(texts))
    edit(texts / "en" / "tips" / "sms.txt", "en tips", "Our tips")
    edit(config / "protocols" / "peel.yaml", "en: Peel,", "en: The peel,")
    assert aftercare.done("plan") == EMPTY
    told = aftercare.json("plan")
    assert (told["appointments"], told["edits"], told["totals"]["cost"]) == ([], [], None)


def test_a_text_that_can_not_be_rendered_is_named_and_not_counted(edited: Command, config: Path) -> None:
    edit(config / "protocols" / "peel.yaml", "template: tips", "template: nowhere")
    ended = edited.run("plan", "--json", "--clinic", "north")
    assert (ended.code, ended.err) == (0, "warning: not counted, since it can't be rendered: en/nowhere\n")
    assert json.loads(ended.out)["totals"]["segments"] == {"added": 0, "saved": 1}


def test_the_doctor_tells_of_what_is_planned_by_an_older_version(edited: Command) -> None:
    (found,) = [it for it in edited.json("doctor")["findings"] if it["part"] == "plans"]
    assert found["message"] == "2 appointments in flight are planned by an older version of the protocol"
    assert "aftercare plan" in found["remedy"]


def test_a_plan_is_written_to_a_file_too(edited: Command) -> None:
    printed = edited.done("plan")
    assert edited.done("plan", "--out", "edit.plan") == printed
    assert len((edited.folder / "edit.plan").read_text(encoding="utf-8").splitlines()) == 4


@pytest.mark.parametrize("price", ["0.0083", "USD 0.01", "0.01 usd", "-1 USD", "free"])
def test_a_price_that_is_none_is_refused(aftercare: Command, config: Path, price: str) -> None:
    edit(config / "clinics" / "north.yaml", "rate: 1000}", f"rate: 1000, price: {price}}}")
    assert "is not a price" in aftercare.run("check").out + aftercare.run("check").err


def test_a_pin_against_an_edited_duration_is_refused(aftercare: Command, config: Path) -> None:
    aftercare.register()
    edit(config / "protocols" / "peel.yaml", "duration: 60m", "duration: 90m")
    for command in ("plan", "apply"):
        assert "peel.first_hours can't be pinned" in aftercare.refused(command, "--pin", "peel.first_hours")
