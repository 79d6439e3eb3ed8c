"""`aftercare triage`: one text, or a file of labelled ones."""

import json
from pathlib import Path

from tests.cli.command import Command


def test_a_text_gets_its_class_and_the_words_that_decided(fresh: Command) -> None:
    done = fresh.run("triage", "Bettr, but my lips are SWOLLEN", "--language", "en", "--json")
    assert done.code == 0
    assert json.loads(done.out) == {
        "label": "",
        "locale": "en",
        "text": "Bettr, but my lips are SWOLLEN",
        "class": "urgent",
        "because": ["lips are SWOLLEN"],
    }


def test_a_labelled_file_is_classed_line_by_line_and_compared(fresh: Command, tmp_path: Path) -> None:
    file = tmp_path / "replies.tsv"
    file.write_text("label\tlocale\ttext\nfine\ten\tmuch better\nurgent\tfr\tJ'ai de la fièvre\n", encoding="utf-8")
    done = fresh.run("triage", "--file", str(file))
    assert done.code == 0
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["fine", "urgent"]
    assert "recall" in done.err


def test_a_file_of_another_shape_is_refused_with_its_line(fresh: Command, tmp_path: Path) -> None:
    file = tmp_path / "replies.tsv"
    file.write_text("label\tlocale\ttext\nfine\ten\n", encoding="utf-8")
    done = fresh.run("triage", "--file", str(file))
    assert done.code == 1
    assert f"{file}:2: 2 columns instead of three" in " ".join(done.err.split())


def test_a_text_and_a_file_together_are_refused(fresh: Command) -> None:
    assert fresh.run("triage").code == 2
