"""approve: what is on record afterwards, what is refused, what is listed; check and doctor say what lacks."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import Command

SIGNED = ("--by", "Dr. Sample", "--role", "medical director")


@pytest.fixture
def clinic(aftercare: Command, texts_dir: Path) -> Command:
    """A folder of its own, that can be edited."""
    config = aftercare.folder / "config"
    shutil.copytree(Path(__file__).parents[1] / "services" / "given" / "config", config)
    shutil.copytree(texts_dir, aftercare.folder / "templates")
    aftercare.set(AFTERCARE_CONFIG_DIR=str(config), AFTERCARE_TEMPLATES_DIR=str(aftercare.folder / "templates"))
    return aftercare


def records(clinic: Command, treatment: str = "peel") -> str:
    return (clinic.folder / "config" / "approvals" / f"{treatment}.yaml").read_text(encoding="utf-8")


def test_a_treatment_is_put_on_record_with_all_its_steps_and_texts(clinic: Command) -> None:
    told = clinic.json("approve", "peel", *SIGNED)
    (written,) = told["written"]
    assert written["treatment"] == "peel"
    assert written["steps"] == ["prepare", "first_hours", "next_day", "check", "tips", "rebook", "offer"]
    assert "check/fr/email" in written["texts"]
    assert 'by: "Dr. Sample"' in records(clinic)
    listed = clinic.json("approve", "peel", "--list")
    assert listed["required"] is False
    assert listed["treatments"][0]["approved"] is True
    (who,) = listed["treatments"][0]["items"][0]["approved"]
    assert (who["by"], who["role"]) == ("Dr. Sample", "medical director")


def test_approving_the_same_twice_writes_nothing_and_an_edit_only_what_is_new(clinic: Command) -> None:
    clinic.done("approve", "--all", *SIGNED)
    before = records(clinic)
    assert "Dr. Sample has approved all of it before" in clinic.done("approve", "peel", *SIGNED)
    assert clinic.json("approve", "--all", *SIGNED) == {"written": []}
    assert records(clinic) == before
    (clinic.folder / "templates" / "en" / "tips" / "sms.txt").write_text("Other tips.\n")
    assert clinic.json("approve", "peel", *SIGNED)["written"][0]["texts"] == ["tips/en/sms"]
    assert records(clinic).startswith(before)


def test_a_second_person_may_approve_the_same(clinic: Command) -> None:
    clinic.done("approve", "peel", *SIGNED)
    clinic.done("approve", "peel", "--by", "Nurse Two", "--role", "head nurse")
    assert "Dr. Sample, medical director" in clinic.done("approve", "--list")
    assert len(clinic.json("approve", "peel", "--list")["treatments"][0]["items"][0]["approved"]) == 2


def test_what_a_clinic_has_otherwise_is_a_step_of_its_own(clinic: Command) -> None:
    with (clinic.folder / "config" / "clinics" / "north.yaml").open("a", encoding="utf-8") as file:
        file.write('overrides: {peel: {tips: {at: "12:00"}}}\n')
    steps = clinic.json("approve", "peel", *SIGNED)["written"][0]["steps"]
    assert steps[4:6] == ["tips", "tips@north"]


def test_what_is_broken_is_not_approved(clinic: Command) -> None:
    (clinic.folder / "templates" / "en" / "tips" / "sms.txt").write_text("{{ oops }}\n")
    assert "tips" in clinic.refused("approve", "peel", *SIGNED)
    assert not (clinic.folder / "config" / "approvals").exists()
    clinic.done("approve", "laser", *SIGNED)


def test_what_is_broken_in_tests_and_words_of_triage_does_not_stop_an_approval(clinic: Command) -> None:
    for folder in ("tests", "triage"):
        (clinic.folder / "config" / folder).mkdir(exist_ok=True)
        (clinic.folder / "config" / folder / "en.yaml").write_text("nonsense: [\n")
    assert clinic.run("check").code == 1
    clinic.done("approve", "peel", *SIGNED)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("approve", *SIGNED), "name treatments, or --all"),
        (("approve", "peel", "--all", *SIGNED), "name treatments, or --all"),
        (("approve", "peel", "--role", "x"), "--by"),
        (("approve", "peel", "--by", "x"), "--role"),
        (("approve", "peel", "--by", " ", "--role", "x"), "--by"),
    ],
)
def test_what_is_not_said_is_asked_for_in_one_line(clinic: Command, words: tuple[str, ...], said: str) -> None:
    assert said in clinic.refused(*words, code=2)


def test_an_unknown_treatment_is_refused_with_the_nearest(clinic: Command) -> None:
    assert "did you mean peel?" in clinic.refused("approve", "pel", *SIGNED)


def test_it_needs_no_database(clinic: Command) -> None:
    clinic.database.unlink()
    clinic.done("approve", "--all", *SIGNED)
    assert not clinic.database.exists()


def test_check_warns_of_each_step_and_text_where_approval_is_required(clinic: Command) -> None:
    assert clinic.json("check")["warnings"] == []
    (clinic.folder / "config" / "aftercare.yaml").write_text("require_approval: true\n")
    found = clinic.json("check")["warnings"]
    assert {it["code"] for it in found} == {"unapproved"}
    steps = {(Path(it["file"]).name, it["key"]): it["line"] for it in found}
    assert steps["peel.yaml", "steps.check"] == 8
    text = next(it for it in found if it["key"] == "check/en/sms")
    assert text["file"].endswith("templates/en/check/sms.txt")
    assert "`aftercare approve needling" in text["hint"]  # the first treatment that uses it
    clinic.done("approve", "--all", *SIGNED)
    assert clinic.json("check")["warnings"] == []


def test_the_doctor_says_what_is_not_approved(clinic: Command) -> None:
    def finding() -> tuple[str, str]:
        ended = clinic.run("doctor", "--json")
        return next(
            (it["health"], it["message"]) for it in json.loads(ended.out)["findings"] if it["part"] == "approval"
        )

    assert finding()[0] == "well"
    (clinic.folder / "config" / "aftercare.yaml").write_text("require_approval: true\n")
    assert finding()[0] == "wrong"
    clinic.done("approve", "peel", *SIGNED)
    assert finding()[0] == "warning"
    clinic.done("approve", "--all", *SIGNED)
    assert finding() == ("well", "all steps and texts are approved")
