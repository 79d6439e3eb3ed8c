"""Folders and files that can't be read, or are not read: one clear line each."""

import os
from pathlib import Path

import pytest

from scheduler.errors import ConfigError
from scheduler.protocols.loader import check, load
from scheduler.protocols.source import SIZE_LIMIT
from tests.permissions import permissions_hold
from tests.protocols.folders import CLINIC, INSTANCE, PROTOCOL, config_in, lines, sound


def test_a_missing_folder_is_one_line_that_says_how_to_make_one(tmp_path: Path) -> None:
    _, problems = check(tmp_path / "nowhere")
    assert [str(problem) for problem in problems] == [
        f"{tmp_path}/nowhere:1:1: error: there is no such folder (make one with `aftercare init DIR`)"
    ]


def test_a_file_in_the_place_of_the_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("")
    _, problems = check(tmp_path / "config")
    assert [problem.message for problem in problems] == ["is not a folder"]


def test_a_folder_without_clinics_is_one_line(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    (config / CLINIC).unlink()
    assert lines(config) == ["clinics:1:1: error: there is no clinic in this folder (write a clinic as NAME.yaml)"]


def test_a_folder_without_protocols_is_one_line_whatever_the_clinics_name(tmp_path: Path) -> None:
    config = config_in(tmp_path, add={CLINIC: "overrides: {microneedling: {redness_check: {after: 3d}}}\n"})
    (config / PROTOCOL).unlink()
    assert lines(config) == [
        "protocols:1:1: error: there is no protocol in this folder (write a protocol as NAME.yaml)"
    ]


def test_a_link_to_a_file_is_as_good_as_the_file(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    (config / CLINIC).rename(tmp_path / "elsewhere.yaml")
    (config / CLINIC).symlink_to(tmp_path / "elsewhere.yaml")
    assert sound(config).clinics["rose"].name == "Clinique Rose"


def test_a_link_to_nowhere_is_one_line(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    (config / "clinics/gone.yaml").symlink_to(tmp_path / "gone.yaml")
    assert lines(config) == ["clinics/gone.yaml:1:1: error: can't be read: no such file or directory"]


def test_a_folder_called_like_a_file_is_one_line(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    (config / "clinics/attic.yaml").mkdir()
    assert lines(config) == ["clinics/attic.yaml:1:1: error: is not a regular file"]


def test_a_pipe_does_not_hang_the_check(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    os.mkfifo(config / "clinics/pipe.yaml")
    assert lines(config) == ["clinics/pipe.yaml:1:1: error: is not a regular file"]


def test_a_file_without_permission_is_one_line(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    (config / CLINIC).chmod(0)
    with permissions_hold():
        assert lines(config) == ["clinics/rose.yaml:1:1: error: can't be read: permission denied"]


def test_hidden_files_and_other_kinds_are_left_alone(tmp_path: Path) -> None:
    config = config_in(tmp_path, add={"clinics/.#rose.yaml": "{", "clinics/notes.txt": "{", "README.md": "#"})
    sound(config)


def test_an_enormous_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    config = config_in(tmp_path, add={INSTANCE: "# " + "x" * SIZE_LIMIT})
    assert lines(config) == ["aftercare.yaml:1:1: error: is larger than 250,000 bytes, which no configuration needs"]


def test_a_bomb_of_brackets_is_refused(tmp_path: Path) -> None:
    config = config_in(tmp_path, add={INSTANCE: "late_after: " + "[" * 100_000})
    assert lines(config) == ["aftercare.yaml:1:32: error: is nested too deeply"]


def test_a_bomb_of_aliases_is_refused_at_the_first_anchor(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{key}: &{key} [*{last}, *{last}]\n" for last, key in zip("abcdef", "bcdefg", strict=True)
    )
    config = config_in(tmp_path, add={INSTANCE: bomb})
    assert lines(config) == ["aftercare.yaml:1:4: error: anchors (&a) are not used here (take it away)"]


@pytest.mark.parametrize("text", ["- late_after\n", "late_after\n", '""'])
def test_a_file_that_is_no_block_of_keys_is_one_line(tmp_path: Path, text: str) -> None:
    config = config_in(tmp_path, add={INSTANCE: text})
    assert lines(config) == ["aftercare.yaml:1:1: error: must be a block of keys (write key: value below it)"]


def test_all_errors_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    config = config_in(
        tmp_path,
        add={INSTANCE: "late_after: 1x\nlate_spacing: soon\n", CLINIC: "undo_grace: 1x\nquiet: true\n"},
        swap={PROTOCOL: ('at: "10:00"\n    channels: [sms]', "at: 25:00\n    channels: [smss]\n    useful_for: 0h")},
    )
    assert [line.split(" (")[0] for line in lines(config)] == [
        "aftercare.yaml:1:13: error: late_after: is not a length of time: 1x",
        "aftercare.yaml:2:15: error: late_spacing: is not a length of time: soon",
        "clinics/rose.yaml:10:13: error: undo_grace: is not a length of time: 1x",
        "clinics/rose.yaml:11:1: error: quiet: there is no such key here",
        "protocols/microneedling.yaml:9:9: error: steps.redness_check.at: is not a time of day: 25:00",
        "protocols/microneedling.yaml:10:16: error: steps.redness_check.channels#1: can't be smss",
    ]


def test_a_bad_step_hides_no_fault_between_the_others(tmp_path: Path) -> None:
    steps = (
        "  - {id: late, after: 1x, channels: [sms]}\n"
        "  - {id: both, after: 1h, before: 1d, useful_for: 0h, channels: [sms, sms]}\n"
        "  - {id: again, after_reply: {to: sun_protection, triage: [concern], wait: 1d}, channels: [sms]}\n"
    )
    assert [
        line.split(": error: ")[1].split(" (")[0] for line in lines(config_in(tmp_path, add={PROTOCOL: steps}))
    ] == [
        "steps.late.after: is not a length of time: 1x",
        "steps.both.after: can't stand beside before",
        "steps.both.useful_for: is never useful: 0h",
        "steps.both.channels#2: stands in the list twice: sms",
        "steps.again.after_reply.to: sun_protection asks nothing, so no reply is expected",
    ]


def test_a_broken_file_hides_no_fault_in_another(tmp_path: Path) -> None:
    config = config_in(tmp_path, add={PROTOCOL: "{", CLINIC: "bookingurl: x\n"})
    assert [line.split(":")[0] for line in lines(config)] == [CLINIC, PROTOCOL]


def test_load_says_the_first_error_how_many_more_there_are_and_what_to_do(tmp_path: Path) -> None:
    config = config_in(tmp_path, add={INSTANCE: "late_after: 1x\nlate_spacing: 2x\nx: 1\n"})
    with pytest.raises(ConfigError) as caught:
        load(config)
    said = str(caught.value)
    assert said.startswith(f"{config}/aftercare.yaml:1:13: error: late_after: is not a length of time: 1x")
    assert said.endswith("; and 2 more: run `aftercare check`")
    assert "\n" not in said


def test_load_takes_a_configuration_with_warnings(tmp_path: Path) -> None:
    assert load(config_in(tmp_path, add={"clinics/old.yml": "x"})).clinics.keys() == {"rose"}
