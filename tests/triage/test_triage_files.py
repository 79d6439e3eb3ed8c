"""config/triage: what is wrong in it is said with file, line and key; without one, the shipped words count."""

import shutil
from pathlib import Path

import pytest

from scheduler.errors import ConfigError
from scheduler.paths import shipped
from scheduler.protocols.lexicons import check_lexicons, load_lexicons

ENGLISH = shipped("config") / "triage" / "en.yaml"


def english(folder: Path, old: str, new: str) -> Path:
    """Give a folder an English file of its own, changed in one place."""
    (folder / "triage").mkdir()
    text = ENGLISH.read_text(encoding="utf-8")
    assert old in text
    (folder / "triage" / "en.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def lines(config: Path) -> list[str]:
    return [str(problem).removeprefix(f"{config}/") for problem in check_lexicons(config)[1]]


def test_a_folder_without_words_goes_by_the_shipped_ones(tmp_path: Path) -> None:
    assert [lexicon.language for lexicon in load_lexicons(tmp_path)] == ["en", "es", "fr"]


def test_a_phrase_that_is_none_is_refused_with_its_place(tmp_path: Path) -> None:
    config = english(tmp_path, "  - pus\n", "  - (pus\n")
    line = next(n for n, text in enumerate((config / "triage/en.yaml").read_text().splitlines(), 1) if "(pus" in text)
    assert [said.split(" error: ")[0] for said in lines(config)] == [f"triage/en.yaml:{line}:5:"]
    assert "is no phrase" in lines(config)[0]


def test_a_group_that_there_is_not_is_refused_with_its_place_and_key(tmp_path: Path) -> None:
    config = english(tmp_path, "  - pus\n", "  - <puss>\n")
    line = next(
        n for n, text in enumerate((config / "triage/en.yaml").read_text().splitlines(), 1) if "<puss>" in text
    )
    [said] = lines(config)
    assert said.startswith(f"triage/en.yaml:{line}:5: error: urgent#")
    assert "names a group <puss> that is not under words" in said


def test_a_misspelled_key_is_refused(tmp_path: Path) -> None:
    assert "unknown-key" in {it.code for it in check_lexicons(english(tmp_path, "\nsign:", "\nsings:"))[1]}


def test_a_file_is_called_like_its_language(tmp_path: Path) -> None:
    config = english(tmp_path, "language: en", "language: fr")
    assert [problem.code for problem in check_lexicons(config)[1]] == ["file-name"]


def test_words_with_faults_are_not_used(tmp_path: Path) -> None:
    config = english(tmp_path, "  - pus\n", "  - (pus\n")
    with pytest.raises(ConfigError, match="run `aftercare check`"):
        load_lexicons(config)


def test_an_empty_folder_of_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "triage").mkdir()
    assert [problem.code for problem in check_lexicons(tmp_path)[1]] == ["no-files"]


def test_a_folder_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    shutil.copytree(ENGLISH.parent, tmp_path / "triage")
    (tmp_path / "triage" / "es.yaml").unlink()
    assert [lexicon.language for lexicon in load_lexicons(tmp_path)] == ["en", "fr"]
