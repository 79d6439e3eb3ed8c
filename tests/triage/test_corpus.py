"""`aftercare triage --file` on the labelled replies: what a clinic may count on, and that the matrix is right.

The rules are written with the open replies in sight, and never with the held-out ones.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from scheduler.domain.triage import Triage
from scheduler.protocols.lexicons import load_lexicons
from tests.cli.command import Command
from tests.cli.conftest import fresh

__all__ = ["fresh"]

CORPUS = Path(__file__).parents[1] / "corpus"
FILES = [CORPUS / "open.tsv", CORPUS / "held_out.tsv"]

Counts = Counter[tuple[str, str]]


def labelled(file: Path) -> list[tuple[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [(row["label"], row["text"]) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def classes(command: Command, file: Path) -> list[str]:
    """Return the class of each reply, as the command prints it."""
    return [line.split("\t")[0].split(" (")[0] for line in command.done("triage", "--file", str(file)).splitlines()]


def counted(command: Command, file: Path) -> Counts:
    labels = [label for label, _ in labelled(file)]
    return Counter(zip(labels, classes(command, file), strict=True))


def recall(counts: Counts, label: Triage) -> float:
    return counts[label, label] / sum(number for (said, _), number in counts.items() if said == label)


@pytest.mark.parametrize("file", FILES, ids=["open", "held out"])
def test_no_urgent_reply_is_fine_and_no_question_is_a_stop(fresh: Command, file: Path) -> None:
    counts = counted(fresh, file)
    assert counts[Triage.URGENT, Triage.FINE] == 0
    assert counts[Triage.QUESTION, Triage.STOP] == 0


@pytest.mark.parametrize("file", FILES, ids=["open", "held out"])
def test_stops_in_free_words_are_found(fresh: Command, file: Path) -> None:
    assert recall(counted(fresh, file), Triage.STOP) >= 0.95


@pytest.mark.parametrize("file", FILES, ids=["open", "held out"])
def test_urgent_replies_are_found(fresh: Command, file: Path) -> None:
    assert recall(counted(fresh, file), Triage.URGENT) >= 0.98


@pytest.mark.parametrize("file", FILES, ids=["open", "held out"])
def test_every_stop_by_a_keyword_is_found(fresh: Command, file: Path) -> None:
    keywords = frozenset[str]().union(*(it.alone["stop"] for it in load_lexicons(fresh.folder)))
    rows = zip(labelled(file), classes(fresh, file), strict=True)
    bare = [
        found for (label, text), found in rows if label == Triage.STOP and text.casefold().strip(" .!") in keywords
    ]
    assert len(bare) >= 10
    assert set(bare) == {Triage.STOP}


def test_fine_replies_are_mostly_found(fresh: Command) -> None:
    assert recall(counted(fresh, FILES[0]), Triage.FINE) >= 0.85


@pytest.mark.parametrize("file", FILES, ids=["open", "held out"])
def test_the_matrix_counts_what_was_printed(fresh: Command, file: Path) -> None:
    counts = counted(fresh, file)
    header, *rows = [line.split() for line in fresh.run("triage", "--file", str(file)).err.splitlines()]
    assert header == ["label", *Triage, "recall"]
    printed = {
        (label, found): int(cell) for label, *cells in rows for found, cell in zip(Triage, cells, strict=False)
    }
    assert {key: number for key, number in printed.items() if number} == dict(counts)
    assert {label: cells[-1] for label, *cells in rows} == {
        label: f"{recall(counts, Triage(label)):.3f}" for label, *_ in rows
    }


def test_no_reply_is_in_both_files() -> None:
    texts = [{text.casefold().strip() for _, text in labelled(file)} for file in FILES]
    assert texts[0].isdisjoint(texts[1])
