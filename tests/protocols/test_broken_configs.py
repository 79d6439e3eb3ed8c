"""Each folder in broken/ is a whole configuration with one fault, and expected.txt the line that says so."""

from pathlib import Path

import pytest

from scheduler.protocols.loader import check
from scheduler.protocols.problems import CODES
from tests.protocols.folders import BROKEN, SOUND

FOLDERS = sorted(folder for folder in BROKEN.iterdir() if folder.is_dir())
# These need a file that can't lie in a repository, or a size that should not (test_files.py has them), or are about
# the words of triage (tests/triage), about texts (tests/cli/test_approve.py) or
# tests of protocols (tests/cli/test_protocol_tests.py).
ELSEWHERE = {"too-large", "unreadable", "no-files", "bad-phrase", "unapproved"} | {
    "bad-moment",
    "failed-expectation",
    "skipped-test",
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_broken_config_is_refused_in_exactly_the_expected_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    _, problems = check(Path())
    assert "".join(f"{problem}\n" for problem in problems) == Path("expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_broken_config_has_exactly_one_fault(folder: Path) -> None:
    configuration, problems = check(folder)
    assert len(problems) == 1
    assert (configuration is None) == (problems[0].severity == "error")


def test_what_they_are_made_from_has_no_fault() -> None:
    assert check(SOUND)[1] == ()


def test_every_code_has_a_broken_config() -> None:
    shown = {problem.code for folder in FOLDERS for problem in check(folder)[1]}
    assert set(CODES) - shown <= ELSEWHERE


def test_there_are_enough_of_them() -> None:
    assert len(FOLDERS) >= 40


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_words_of_a_library_reach_the_operator(folder: Path) -> None:
    said = (folder / "expected.txt").read_text(encoding="utf-8").casefold()
    assert not [
        word for word in ("pydantic", "input should", "valid string", "scanning", "token", "node") if word in said
    ]
