"""apply that was killed: it is named, gone on with by the same words, or given up; nothing else goes before it."""

import shutil
from datetime import datetime

import pytest

from scheduler.cli.wiring import open_product
from scheduler.services.applying import Applier, Chosen
from tests.cli.command import Command
from tests.services.house import CONFIG

NOON = ('id: check, after: 2d, at: "10:00"', 'id: check, after: 2d, at: "12:00"')
LATER = ('id: tips, after: 3d, at: "10:00"', 'id: tips, after: 4d, at: "10:00"')
PIN = ("--pin", "peel.check")


class KilledError(Exception):
    """The machine died."""


def edit(command: Command, *edits: tuple[str, str]) -> None:
    file = command.folder / "config" / "protocols" / "peel.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def die(_done: int, _all: int) -> None:
    raise KilledError


def kill(chosen: Chosen) -> None:
    """Begin an apply that dies after one appointment."""
    with open_product(create=False) as product, pytest.raises(KilledError):
        Applier(product.store, product.configuration, product.clock, "Ada", die, batch=1).apply(chosen)


@pytest.fixture
def clinic(aftercare: Command) -> Command:
    """Three appointments in flight, and an edit of one step."""
    shutil.copytree(CONFIG, aftercare.folder / "config")
    aftercare.set(AFTERCARE_CONFIG_DIR=str(aftercare.folder / "config"))
    aftercare.register()
    for number, name in ((2, "Ann Roy"), (3, "Bo Tan")):
        aftercare.register("--name", name, "--phone", f"416-555-013{number}", "--email", "")
    edit(aftercare, NOON)
    return aftercare


@pytest.fixture
def killed(clinic: Command) -> Command:
    """An apply with a pin has died after the first of them."""
    kill(Chosen(frozenset({("peel", "check")})))
    return clinic


def test_other_words_are_refused_in_a_line_that_says_how_to_go_on_and_how_to_give_up(killed: Command) -> None:
    for words in ((), ("--clinic", "north"), ("--pin", "peel.tips")):
        said = killed.refused("apply", *words)
        assert said.startswith("`aftercare apply --pin peel.check`, begun by Ada at ")
        assert "(1 appointment has followed it so far): go on with it by the same words" in said
        assert "give it up with `aftercare apply --drop-unfinished` (what it has done stays)" in said
    assert killed.json("apply", *PIN)["resumed"]
    assert killed.json("plan")["pins"] == [{"treatment": "peel", "step": "check", "appointments": 3}]


def test_a_plan_in_a_file_is_refused_too_and_so_is_another_word_after_a_file(killed: Command) -> None:
    killed.done("plan", "--out", "plan.jsonl")
    assert "has not come to its end" in killed.refused("apply", "plan.jsonl")
    killed.done("apply", "--drop-unfinished")
    path = killed.folder / "plan.jsonl"
    with open_product(create=False) as product, pytest.raises(KilledError):
        Applier(product.store, product.configuration, product.clock, "Ada", die, batch=1).apply_file(path)
    assert "plan.jsonl`, begun by Ada" in killed.refused("apply")
    killed.done("apply", "--drop-unfinished", "--by", "Bo")
    assert "was begun, and given up by Bo: plan again" in killed.refused("apply", "plan.jsonl")


def test_the_plan_and_the_doctor_name_it_and_count_who_has_followed(killed: Command) -> None:
    first = killed.done("plan").splitlines()[0]
    assert first.startswith("`aftercare apply --pin peel.check`, begun by Ada at ")
    assert "1 appointment has followed it so far" in first
    told = killed.json("plan")
    (unfinished,) = told["unfinished"]
    assert (unfinished["by"], unfinished["words"], unfinished["appointments"]) == ("Ada", list(PIN), 1)
    assert datetime.fromisoformat(unfinished["at"]).tzinfo is not None
    assert (told["totals"]["in_flight"], told["pins"][0]["appointments"]) == (2, 1)
    found = [it["message"] for it in killed.json("doctor")["findings"] if it["part"] == "plans"]
    assert found[0].startswith("`aftercare apply --pin peel.check`, begun by Ada")


def test_given_up_what_it_has_done_stays_and_is_told_of(killed: Command) -> None:
    assert killed.done("apply", "--drop-unfinished", "--by", "Bo").startswith("Given up: `aftercare apply --pin")
    assert killed.done("apply", "--drop-unfinished") == "No apply is unfinished.\n"
    assert killed.json("plan")["unfinished"] == []
    assert killed.json("apply")["apply"]["totals"]["in_flight"] == 2
    assert (
        killed.done("plan")
        .splitlines()[-1]
        .startswith(
            "Nothing changes: all that is in flight is planned by the protocols as they are, "
            "but for 1 appointment whose peel.check is pinned. "
        )
    )
    first, second = killed.json("apply", "--history")["applies"]
    assert (first["given_up_by"], first["words"], second["given_up_by"], second["words"]) == (
        "Bo",
        list(PIN),
        None,
        [],
    )
    assert "given up by Bo" in killed.done("apply", "--history")


def test_the_same_words_by_files_that_were_edited_since_take_its_place(killed: Command) -> None:
    edit(killed, LATER)
    apply = killed.json("apply", *PIN, "--by", "Bo")["apply"]
    assert (apply["totals"]["in_flight"], apply["totals"]["moved"]) == (3, 3)
    assert [it["given_up_by"] for it in killed.json("apply", "--history")["applies"]] == ["Bo", None]
    told = killed.json("plan")
    assert (told["edits"], told["unfinished"], told["pins"][0]["appointments"]) == ([], [], 3)


def test_one_that_died_at_its_very_end_is_finished_by_the_same_words(clinic: Command) -> None:
    def die_at_the_end(done: int, total: int) -> None:
        if done == total:
            raise KilledError

    with open_product(create=False) as product, pytest.raises(KilledError):
        Applier(product.store, product.configuration, product.clock, "Ada", die_at_the_end).apply(Chosen())
    assert clinic.json("plan")["unfinished"][0]["appointments"] == 3
    assert clinic.json("apply")["resumed"]
    assert clinic.json("plan")["unfinished"] == []


def test_what_stands_alone_is_a_wrong_usage_beside_others(clinic: Command) -> None:
    for words in (("--history",), PIN, ("plan.jsonl",)):
        clinic.refused("apply", "--drop-unfinished", *words, code=2)
