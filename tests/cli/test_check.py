"""check in its three formats, and schema."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from scheduler.cli.github import annotation
from scheduler.protocols.problems import Problem
from scheduler.protocols.schemas import KINDS
from tests.cli.command import Command
from tests.lint.cases import HERE, laid_out


def case(fresh: Command, code: str) -> Command:
    laid_out(fresh.folder / "clinic", over=HERE / code / "broken")
    fresh.set(AFTERCARE_CONFIG_DIR="clinic/config", AFTERCARE_TEMPLATES_DIR="clinic/templates")
    return fresh


def test_a_warning_fails_only_where_that_is_asked_for(fresh: Command) -> None:
    case(fresh, "quiet-step")
    ended = fresh.run("check")
    assert (ended.code, ended.out) == (0, "No errors, 1 warning in clinic/config and clinic/templates.\n")
    assert "07:30 lies in the quiet hours of rose" in ended.err
    assert fresh.run("check", "--strict").code == 1


def test_an_error_fails_in_every_format(fresh: Command) -> None:
    case(fresh, "promotion")
    assert {fresh.run("check", "--format", it).code for it in ("text", "json", "github")} == {1}


def test_format_json_is_what_json_is(fresh: Command) -> None:
    case(fresh, "long-sms")
    told = fresh.done("check", "--format", "json")
    assert told == fresh.done("check", "--json")
    assert [problem["code"] for problem in json.loads(told)["warnings"]] == ["long-sms"]


def test_an_unknown_format_is_wrong_usage(fresh: Command) -> None:
    assert fresh.run("check", "--format", "xml").code == 2


def test_github_gets_a_command_a_line_with_file_line_column_and_code(fresh: Command) -> None:
    case(fresh, "promotion")
    ended = fresh.run("check", "--format", "github")
    assert ended.out == (
        "::error file=clinic/templates/en/week_check/sms.txt,line=1,col=84,title=promotion::"
        "rose.microneedling.week_check: “20%25” promotes, and this is a care step (leave it out, or make it a step "
        "of its own with purpose: marketing)\n"
    )


def test_github_gets_a_path_from_the_working_folder_on_wherever_the_files_are_named(
    fresh: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    case(fresh, "quiet-step")
    monkeypatch.setenv("AFTERCARE_CONFIG_DIR", str(fresh.folder / "clinic/config"))
    assert fresh.run("check", "--format", "github").out.startswith(
        "::warning file=clinic/config/protocols/microneedling.yaml,line=15,col=5,title=quiet-step::"
    )


def test_what_would_end_a_workflow_command_is_escaped() -> None:
    problem = Problem(file=Path("a,b:c%.yaml"), code="bad-yaml", message="50%: a\r\n::error::b")
    said = annotation(problem)
    assert said == "::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,title=bad-yaml::50%25: a%0D%0A::error::b"


@pytest.mark.parametrize("kind", KINDS)
def test_schema_prints_one_kind_of_file(fresh: Command, kind: str) -> None:
    Draft202012Validator.check_schema(json.loads(fresh.done("schema", kind)))


def test_schema_writes_all_kinds_into_a_folder(fresh: Command) -> None:
    everything = json.loads(fresh.done("schema"))
    assert "protocol.json" in fresh.done("schema", "--out", "a/schemas")
    written = {
        file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (fresh.folder / "a/schemas").iterdir()
    }
    assert written == everything
    assert set(written) == set(KINDS)


def test_schema_names_the_nearest_kind(fresh: Command) -> None:
    assert "did you mean clinic?" in fresh.refused("schema", "clinics")


def test_a_new_folder_has_the_schemas_that_its_files_name(fresh: Command) -> None:
    fresh.done("init", "mine")
    for file in (fresh.folder / "mine/config").rglob("*.yaml"):
        first = file.read_text(encoding="utf-8").partition("\n")[0]
        assert first.startswith("# yaml-language-server: $schema="), file
        assert (file.parent / first.partition("$schema=")[2]).is_file()
