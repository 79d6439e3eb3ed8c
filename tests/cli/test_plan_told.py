"""plan tells what stands beside the edits: approval, clinics, pins of before, treatments without a file."""

import shutil
from pathlib import Path

import pytest

from tests.approved import approve_all
from tests.cli.command import Command
from tests.services.house import CONFIG

CHECK = ('id: check, after: 2d, at: "10:00"', 'id: check, after: 2d, at: "12:00"')
TIPS = ('id: tips, after: 3d, at: "10:00"', 'id: tips, after: 4d, at: "10:00"')
RECALL = ("purpose: recall", "purpose: marketing")
OWN = '\noverrides:\n  peel:\n    check: {at: "15:00"}\n'


@pytest.fixture
def clinics(aftercare: Command, texts_dir: Path) -> Command:
    """An appointment of each of two clinics, and folders that may be edited, all of it approved."""
    config, texts = aftercare.folder / "config", aftercare.folder / "texts"
    shutil.copytree(CONFIG, config)
    shutil.copytree(texts_dir, texts)
    approve_all(config, texts)
    aftercare.set(AFTERCARE_CONFIG_DIR=str(config), AFTERCARE_TEMPLATES_DIR=str(texts))
    aftercare.register()
    aftercare.register("--clinic", "south", "--phone", "+34600000001", "--at", "2030-03-20T14:00Z")
    return aftercare


def edit(command: Command, *edits: tuple[str, str]) -> None:
    file = command.folder / "config" / "protocols" / "peel.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def add(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def require_approval(command: Command) -> None:
    add(command.folder / "config" / "aftercare.yaml", "require_approval: true\n")


UNAPPROVED = "not approved (the step check): nothing of it is sent until `aftercare approve peel`"


def test_an_edit_that_nobody_approved_is_told_of_where_that_is_required(clinics: Command) -> None:
    edit(clinics, CHECK)
    assert "not approved" not in clinics.done("plan")
    require_approval(clinics)
    assert clinics.done("plan").splitlines()[1] == f"  {UNAPPROVED}"
    assert [it["approved"] for it in clinics.json("plan")["edits"]] == [False]
    assert "not approved" not in clinics.done("plan", "--pin", "peel.check")
    clinics.done("approve", "peel", "--by", "Dr. Sample", "--role", "medical director")
    assert "not approved" not in clinics.done("plan")
    assert [it["approved"] for it in clinics.json("plan")["edits"]] == [True]


def test_an_edit_whose_text_nobody_approved_is_told_of(clinics: Command) -> None:
    edit(clinics, CHECK)
    require_approval(clinics)
    clinics.done("approve", "peel", "--by", "Dr. Sample", "--role", "medical director")
    add(clinics.folder / "texts" / "es" / "check" / "sms.txt", " Hola.")
    assert "  not approved (the text check/es/sms): nothing of it is sent until" in clinics.done("plan")
    assert [it["approved"] for it in clinics.json("plan")["edits"]] == [False]


def test_apply_warns_of_it_and_goes_on(clinics: Command) -> None:
    edit(clinics, CHECK)
    require_approval(clinics)
    ended = clinics.run("apply")
    assert (ended.code, ended.err) == (0, f"warning: peel.check: {UNAPPROVED}\n")
    assert "Applied: 2 of 2" in ended.out


def test_a_plan_in_a_file_warns_of_it_too(clinics: Command) -> None:
    edit(clinics, CHECK)
    require_approval(clinics)
    clinics.done("plan", "--out", "plan.jsonl")
    assert clinics.run("apply", "plan.jsonl").err == f"warning: peel.check: {UNAPPROVED}\n"


def test_another_purpose_is_said_to_need_another_consent(clinics: Command) -> None:
    edit(clinics, RECALL)
    said = "consent is per purpose: whether a patient may get it as marketing is decided at the send"
    assert f"  {said}" in clinics.done("plan").splitlines()
    assert f"warning: peel.rebook: {said}\n" in clinics.run("apply").err


def test_an_edit_names_its_clinics_where_they_differ(clinics: Command) -> None:
    edit(clinics, TIPS)
    assert [it["clinics"] for it in clinics.json("plan")["edits"]] == [["north", "south"]]
    assert clinics.done("plan").startswith("peel.tips: after: 3d -> 4d (follow:")
    edit(clinics, CHECK)
    add(clinics.folder / "config" / "clinics" / "south.yaml", OWN)
    assert [(it["step"], it["what"], it["clinics"]) for it in clinics.json("plan")["edits"]] == [
        ("check", ["at: 10:00 -> 12:00"], ["north"]),
        ("tips", ["after: 3d -> 4d"], ["north", "south"]),
        ("check", ["at: 10:00 -> 15:00"], ["south"]),
    ]
    told = clinics.done("plan").splitlines()
    assert (
        told[0] == "peel.check: at: 10:00 -> 12:00 (for north; follow: touches 1 of 1 appointment that it may touch)"
    )
    assert (
        told[2] == "peel.check: at: 10:00 -> 15:00 (for south; follow: touches 1 of 1 appointment that it may touch)"
    )


def test_a_clinic_of_its_own_is_named_when_the_others_go_by_the_files_already(clinics: Command) -> None:
    south = clinics.folder / "config" / "clinics" / "south.yaml"
    before = south.read_text(encoding="utf-8")
    add(south, OWN)
    assert "(for south; follow:" in clinics.done("plan")
    clinics.done("apply")
    south.write_text(before, encoding="utf-8")
    assert clinics.done("plan").startswith("peel.check: at: 15:00 -> 10:00 (for south; follow:")


def test_a_pin_given_once_more_does_nothing_and_says_so(clinics: Command) -> None:
    edit(clinics, CHECK)
    clinics.done("apply", "--pin", "peel.check")
    for words in (("plan", "--pin", "peel.check"), ("plan",), ("apply", "--pin", "peel.check"), ("apply",)):
        assert "but for 2 appointments whose peel.check is pinned" in clinics.done(*words)
    assert clinics.json("apply", "--pin", "peel.check")["apply"] is None
    for command in ("plan", "apply"):
        assert "--pin peel.chek: there is no such step" in clinics.refused(command, "--pin", "peel.chek", code=2)


def test_pins_of_before_are_listed_beside_a_new_edit(clinics: Command) -> None:
    edit(clinics, CHECK)
    clinics.done("apply", "--pin", "peel.check")
    edit(clinics, TIPS)
    assert clinics.done("plan", "--pin", "peel.check").startswith(
        "peel.check was pinned before: kept as it was by 2 appointments in flight.\npeel.tips: "
    )
    assert clinics.json("plan")["pins"] == [{"treatment": "peel", "step": "check", "appointments": 2}]
    assert clinics.json("plan", "--clinic", "south")["pins"][0]["appointments"] == 1


def test_a_treatment_whose_file_is_gone_is_told_of_by_plan_and_doctor(clinics: Command) -> None:
    for file in ("protocols/peel.yaml", "approvals/peel.yaml"):
        (clinics.folder / "config" / file).unlink()
    north = clinics.folder / "config" / "clinics" / "north.yaml"
    north.write_text(north.read_text(encoding="utf-8").replace("Face peel: peel", "Face: laser"), encoding="utf-8")
    gone = "2 appointments in flight go on by the protocol peel, which is no longer in the files"
    assert clinics.done("plan").splitlines()[0] == f"{gone}."
    assert "but for 2 appointments of peel, which has no file any more" in clinics.done("plan", "--treatment", "peel")
    assert clinics.json("plan")["withdrawn"] == [{"treatment": "peel", "appointments": 2}]
    assert clinics.json("plan", "--treatment", "laser")["withdrawn"] == []
    assert gone in [it["message"] for it in clinics.json("doctor")["findings"] if it["part"] == "plans"]
    assert "there is no treatment 'peal'" in clinics.refused("plan", "--treatment", "peal")
