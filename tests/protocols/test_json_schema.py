"""The JSON Schemas: every shipped file validates, and what the loader refuses for its shape they refuse too."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml.error import YAMLError

from scheduler.paths import shipped
from scheduler.protocols.loader import check
from scheduler.protocols.schemas import DRAFT, FOLDER, KINDS, modelines, schema_of
from tests.protocols.folders import BROKEN, SOUND, config_in
from tests.protocols.yaml12 import read_yaml

VALIDATORS = {
    kind: Draft202012Validator(schema_of(kind), format_checker=Draft202012Validator.FORMAT_CHECKER) for kind in KINDS
}
CONFIG = shipped("config")
FILES = [(kind, file) for kind, it in KINDS.items() for file in sorted(CONFIG.glob(it.files))]

# Codes of what one file says by its shape. The others take other files, a list of what exists, or arithmetic.
SHAPE = {
    "bad-choice", "bad-email", "bad-id", "bad-number", "bad-price", "bad-record", "bad-sender", "bad-switch",
    "bad-text", "bad-time", "bad-yaml", "empty-file", "empty-value", "missing-key", "unknown-key", "wrong-shape",
}  # fmt: skip


def refused(config: Path) -> list[str]:
    """Return what the schemas say of the files of a folder."""
    said: list[str] = []
    for kind, it in KINDS.items():
        for file in config.glob(it.files):
            try:
                said += [error.message for error in VALIDATORS[kind].iter_errors(read_yaml(file))]
            except (YAMLError, UnicodeDecodeError):
                said.append("is no YAML")
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one_by_the_rules_of_its_draft(kind: str) -> None:
    schema = schema_of(kind)
    assert schema["$schema"] == DRAFT
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_describes_every_key_and_knows_no_other(kind: str) -> None:
    schema = schema_of(kind)
    for block in (schema, *schema.get("$defs", {}).values()):
        assert block["additionalProperties"] is False
        assert [key for key, it in block["properties"].items() if not {"description", "$ref"} & it.keys()] == []


def test_every_kind_of_file_has_a_shipped_example_but_approvals() -> None:
    assert {kind for kind, _ in FILES} >= set(KINDS) - {"approvals"}


@pytest.mark.parametrize(("kind", "file"), FILES, ids=lambda it: it.name if isinstance(it, Path) else it)
def test_a_shipped_file_validates(kind: str, file: Path) -> None:
    assert [error.message for error in VALIDATORS[kind].iter_errors(read_yaml(file))] == []


@pytest.mark.parametrize(("kind", "file"), FILES, ids=lambda it: it.name if isinstance(it, Path) else it)
def test_a_shipped_file_tells_an_editor_where_its_schema_lies(kind: str, file: Path) -> None:
    first = file.read_text(encoding="utf-8").partition("\n")[0]
    assert first == dict(modelines())[KINDS[kind].files]
    assert (file.parent / first.partition("$schema=")[2]).resolve() == (CONFIG / FOLDER / f"{kind}.json").resolve()


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_schema_is_the_programs_own(kind: str) -> None:
    assert json.loads((CONFIG / FOLDER / f"{kind}.json").read_text(encoding="utf-8")) == schema_of(kind)


def test_a_value_may_stand_with_quotes_or_without_as_the_loader_has_it(tmp_path: Path) -> None:
    config = config_in(
        tmp_path,
        add={
            "clinics/rose.yaml": "sms_may_name_treatment: 'no'\nundo_grace: 3m\nclosures: [2026-12-25]\n",
            "aftercare.yaml": "sms_at_once: '64'\nemails_at_once: 8\n",
        },
        swap={"clinics/rose.yaml": ('emergency_number: "911"', "emergency_number: 911")},
    )
    assert check(config)[1] == ()
    assert refused(config) == []


def test_an_override_is_a_step_whose_keys_may_all_be_left_out_or_taken_away(tmp_path: Path) -> None:
    said = "overrides: {microneedling: {redness_check: {at: null, useful_for: 2d}}}\n"
    assert refused(config_in(tmp_path / "right", add={"clinics/rose.yaml": said})) == []
    assert refused(config_in(tmp_path / "wrong", add={"clinics/rose.yaml": said.replace("2d", "two days")}))
    assert refused(config_in(tmp_path / "wrong", add={"clinics/rose.yaml": said.replace("at:", "id:")}))


def test_a_sound_configuration_validates() -> None:
    assert refused(SOUND) == []


@pytest.mark.parametrize(
    "folder", sorted(folder for folder in BROKEN.iterdir() if folder.is_dir()), ids=lambda folder: folder.name
)
def test_what_the_loader_refuses_for_its_shape_the_schema_refuses(folder: Path) -> None:
    codes = {problem.code for problem in check(folder)[1]}
    assert refused(folder) or not codes & SHAPE


def test_most_broken_configurations_are_refused_in_the_editor_already() -> None:
    folders = [folder for folder in BROKEN.iterdir() if folder.is_dir()]
    assert sum(bool(refused(folder)) for folder in folders) >= 0.6 * len(folders)
