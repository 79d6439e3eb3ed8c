"""Show: each rule has a file that breaks it, and a file that does not."""

from pathlib import Path

import pytest

from scheduler.protocols.problems import CODES, LINT_CODES, TEXT_CODES
from tests.lint.cases import CASES, examples, found_in, laid_out
from tests.repo.page_problems import reasons

ALSO = {"always-expires": {"quiet-step"}}
"""What cannot be broken without breaking another rule too."""


def test_every_code_of_a_rule_or_a_text_has_a_case() -> None:
    assert {folder.name for folder in CASES} == {*LINT_CODES, *TEXT_CODES}


def test_what_the_cases_are_laid_over_has_no_fault(tmp_path: Path) -> None:
    assert [str(problem) for problem in found_in(laid_out(tmp_path))] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_file_is_found_with_its_code_and_no_other(case: Path, tmp_path: Path) -> None:
    found = found_in(laid_out(tmp_path, over=case / "broken"))
    assert {problem.code for problem in found} == {case.name, *ALSO.get(case.name, ())}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mended_file_is_found_sound(case: Path, tmp_path: Path) -> None:
    assert [str(problem) for problem in found_in(laid_out(tmp_path, over=case / "mended"))] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_problem_stands_in_the_expected_line_column_and_words(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(laid_out(tmp_path, over=case / "broken"))
    found = [str(problem) for problem in found_in(Path()) if problem.code == case.name]
    assert "".join(f"{problem}\n" for problem in found) == (case / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_warning_is_a_warning_and_its_sentence_says_so(case: Path, tmp_path: Path) -> None:
    found = found_in(laid_out(tmp_path, over=case / "broken"))
    sentence = {**LINT_CODES, **TEXT_CODES}[case.name]
    severity = {problem.severity for problem in found if problem.code == case.name}
    assert severity == {"warning" if sentence.endswith("(warning).") else "error"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_differs_in_one_file(case: Path) -> None:
    assert len(list(examples(case.name))) == 1


def test_the_docs_say_of_each_code_why_it_matters() -> None:
    assert set(reasons()) == {*CODES, *TEXT_CODES, *LINT_CODES}
