"""`aftercare init` with a choice: some treatments, a clinic of one's own."""

import json
from pathlib import Path

import pytest

from scheduler.paths import shipped
from scheduler.protocols.loader import load
from tests.cli.command import Command

TREATMENTS = sorted(load(shipped("config")).protocols)
ROSE = (
    *("--clinic", "Clinique Rosée", "--timezone", "America/Toronto", "--country", "CA", "--languages", "fr,en"),
    *("--phone", "+1 416 555 0100", "--emergency-number", "911", "--sms-from", "+14165550101"),
    *("--email-from", "Rosée <care@rosee.example>", "--on-call", "desk@rosee.example"),
)


def use(fresh: Command, folder: str) -> Path:
    fresh.set(AFTERCARE_CONFIG_DIR=f"{folder}/config", AFTERCARE_TEMPLATES_DIR=f"{folder}/templates")
    return fresh.folder / folder


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_without_a_choice_every_file_is_copied_as_it_is(fresh: Command) -> None:
    fresh.done("init", "clinic")
    for name in ("config", "templates"):
        copied = fresh.folder / "clinic" / name
        assert files(copied) == files(shipped(name))
        assert all((copied / file).read_bytes() == (shipped(name) / file).read_bytes() for file in files(copied))


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_a_folder_with_one_treatment_passes_the_check(fresh: Command, treatment: str) -> None:
    fresh.done("init", "clinic", "--treatments", treatment)
    folder = use(fresh, "clinic")
    assert {file.stem for file in (folder / "config" / "protocols").iterdir()} == {treatment}
    assert json.loads(fresh.done("check", "--json"))["errors"] == []


def test_a_clinic_gets_the_texts_of_its_treatments_and_no_others(fresh: Command) -> None:
    fresh.done("init", "clinic", "--treatments", "microneedling, dermal_filler")
    texts = {folder.name for folder in (fresh.folder / "clinic" / "templates" / "en").iterdir()}
    assert {"redness_check", "filler_check", "answer_urgent", "alert_fault", "footer.md"} <= texts
    assert not [name for name in texts if name.startswith(("rf_", "peel_", "laser_"))]


def test_a_clinic_of_ones_own_takes_the_place_of_the_samples_and_passes_the_check(fresh: Command) -> None:
    said = fresh.done("init", "clinic", "--treatments", "microneedling", *ROSE)
    folder = use(fresh, "clinic")
    assert "samples" not in said
    assert [file.name for file in (folder / "config" / "clinics").iterdir()] == ["clinique_rosee.yaml"]
    assert {file.name for file in (folder / "templates").iterdir()} == {"README.md", "en", "fr"}
    assert json.loads(fresh.done("check", "--json"))["errors"] == []
    clinic = load(folder / "config").clinics["clinique_rosee"]
    assert (clinic.name, clinic.languages, clinic.phone) == ("Clinique Rosée", ("fr", "en"), "+14165550100")
    assert clinic.on_call[0].email == "desk@rosee.example"


def test_what_was_not_said_of_the_clinic_is_what_the_check_names(fresh: Command) -> None:
    fresh.done("init", "clinic", *ROSE[:8])
    use(fresh, "clinic")
    found = json.loads(fresh.run("check", "--json").out)["errors"]
    assert [error["key"] for error in found] == [
        "phone",
        "emergency_number",
        "sms.from",
        "email.from",
        "on_call#1.email",
    ]
    assert {error["code"] for error in found} == {"empty-value"}


def test_a_name_that_means_something_in_yaml_is_only_a_name(fresh: Command) -> None:
    name = 'Skin: "Care" #1 {x} [y] & co'
    fresh.done("init", "clinic", "--clinic", name, *ROSE[2:])
    config = use(fresh, "clinic") / "config"
    assert load(config).clinics["skin_care_1_x_y_co"].name == name


@pytest.mark.parametrize("name", ["Клиника", "24 Skin"])
def test_a_name_without_a_usable_letter_in_front_makes_a_file_called_clinic(fresh: Command, name: str) -> None:
    fresh.done("init", "clinic", "--clinic", name, *ROSE[2:])
    assert [file.name for file in (fresh.folder / "clinic" / "config" / "clinics").iterdir()] == ["clinic.yaml"]


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (
            ("--treatments", "microneedeling"),
            "--treatments: there is no protocol for “microneedeling” (did you mean",
            1,
        ),
        (("--clinic", "!!!"), "--clinic has no letter or digit in it", 1),
        (("--clinic", "Rose", "--timezone", "EST"), "--timezone is not a time zone of a place: EST", 1),
        (
            ("--clinic", "Rose", "--country", "Canada"),
            "--country is not a country code: Canada (did you mean CA?)",
            1,
        ),
        (("--clinic", "Rose", "--languages", "fr,French"), "--languages is not a language code: French", 1),
        (("--clinic", "Rose", "--phone", "555-0100"), "--phone is not an international phone number", 1),
        (("--clinic", "Rose", "--sms-from", "Clínica"), "--sms-from is neither a number nor a sender's name", 1),
        (("--clinic", "Rose", "--email-from", "care at rose"), "--email-from is not an email address", 1),
        (("--clinic", "Rose", "--on-call", "the desk"), "--on-call is not an international phone number", 1),
        (("--timezone", "Europe/Madrid"), "Invalid value: --timezone says something of a clinic: add --clinic", 2),
    ],
)
def test_a_choice_that_can_not_be_is_refused_and_nothing_is_written(
    fresh: Command, words: tuple[str, ...], said: str, code: int
) -> None:
    assert fresh.refused("init", "clinic", *words, code=code).startswith(said)
    assert not (fresh.folder / "clinic").exists()


def test_the_samples_keep_only_the_names_of_treatments_that_are_there(fresh: Command) -> None:
    fresh.done("init", "clinic", "--treatments", "rf_microneedling")
    for clinic in load(use(fresh, "clinic") / "config").clinics.values():
        assert set(clinic.imports.treatments.values()) == {"rf_microneedling"}


def test_a_clinic_of_a_regional_language_keeps_the_texts_that_it_begins_by_copying(fresh: Command) -> None:
    fresh.done("init", "mine", "--clinic", "Rosewood", "--languages", "fr-CA,en")
    assert {folder.name for folder in (fresh.folder / "mine/templates").iterdir() if folder.is_dir()} == {"en", "fr"}
