"""init, check, preview: what concerns an operator's own files."""

import json
from pathlib import Path

import pytest

from scheduler.content.notices import CHANNELS
from scheduler.domain.protocol import Channel
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from tests.cli.command import Command

SHIPPED = load(shipped("config"))
TEXTS = sorted(
    {
        (step.template, channel): (step.id, clinic.id, language, channel, treatment)
        for clinic in SHIPPED.clinics.values()
        for treatment in SHIPPED.protocols
        for step in SHIPPED.protocol_for(clinic.id, treatment).steps
        for channel in step.channels
        for language in clinic.languages
    }.values()
)
"""Each text once: tests/content has every one in every language."""


def test_init_makes_a_folder_in_which_everything_is_right(fresh: Command) -> None:
    assert "aftercare check" in fresh.done("init", "clinic/files")
    folder = fresh.folder / "clinic" / "files"
    fresh.set(AFTERCARE_CONFIG_DIR=str(folder / "config"), AFTERCARE_TEMPLATES_DIR=str(folder / "templates"))
    assert fresh.done("check").startswith("No errors")


def test_init_never_writes_into_a_folder_that_holds_something(fresh: Command) -> None:
    (fresh.folder / "thesis").mkdir()
    (fresh.folder / "thesis" / "chapter.txt").write_text("years")
    assert fresh.refused("init", "thesis").startswith("thesis is not empty: name a new folder")
    assert fresh.refused("init", "thesis/chapter.txt").startswith("thesis/chapter.txt is not empty")
    assert [path.name for path in (fresh.folder / "thesis").iterdir()] == ["chapter.txt"]
    assert "can't be written" in fresh.refused("init", "/proc/nowhere/clinic")


def test_check_says_in_json_what_the_contract_promises(fresh: Command) -> None:
    fresh.done("init", "clinic")
    file = fresh.folder / "clinic" / "config" / "clinics" / "lumiere.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("timezone:", "timezon:"), encoding="utf-8")
    fresh.set(AFTERCARE_CONFIG_DIR="clinic/config", AFTERCARE_TEMPLATES_DIR="clinic/templates")
    ended = fresh.run("check", "--json")
    told = json.loads(ended.out)
    assert (ended.code, ended.err, set(told)) == (1, "", {"errors", "warnings"})
    assert {tuple(sorted(problem)) for problem in told["errors"]} == {
        ("code", "column", "file", "hint", "key", "line", "message")
    }
    assert told["errors"][0]["file"] == "clinic/config/clinics/lumiere.yaml"
    assert "clinic/config/clinics/lumiere.yaml:7:1: error: timezon" in fresh.run("check").err


def test_every_command_refuses_a_broken_configuration_in_one_line(fresh: Command) -> None:
    fresh.done("init", "clinic")
    (fresh.folder / "clinic" / "config" / "protocols" / "microneedling.yaml").write_text("steps: [", encoding="utf-8")
    fresh.set(AFTERCARE_CONFIG_DIR="clinic/config")
    for words in (("dispatch",), ("preview", "redness_check", "--clinic", "lumiere", "--language", "fr")):
        line = fresh.refused(*words)
        assert line.startswith("clinic/config/protocols/microneedling.yaml:1:")
        assert line.endswith("run `aftercare check`")


def test_a_folder_that_is_not_there_is_named(fresh: Command) -> None:
    fresh.set(AFTERCARE_CONFIG_DIR="nowhere")
    line = fresh.refused("check")
    assert line == "AFTERCARE_CONFIG_DIR: there is no folder nowhere: make one with `aftercare init DIR`"


@pytest.mark.parametrize("text", TEXTS, ids="-".join)
def test_every_shipped_text_has_a_preview(fresh: Command, text: tuple[str, str, str, Channel, str]) -> None:
    step, clinic, language, channel, treatment = text
    where = ("--clinic", clinic, "--language", language, "--channel", channel, "--treatment", treatment)
    words = ("preview", step, *where)
    told = fresh.json(*words)
    if channel is Channel.SMS:
        assert told["segments"] >= 1
        assert fresh.done(*words).startswith(told["body"])
    else:
        assert set(told) >= {"subject", "text", "html"}
        assert fresh.done(*words).startswith(f"Subject: {told['subject']}\n")
    assert not Path("var").exists()


@pytest.mark.parametrize("name", CHANNELS)
def test_every_answer_and_alert_has_a_preview(fresh: Command, name: str) -> None:
    for clinic in SHIPPED.clinics.values():
        where = ("--clinic", clinic.id, "--language", clinic.languages[0])
        assert fresh.done("preview", name, *where).startswith(clinic.name)
        if Channel.EMAIL in CHANNELS[name]:
            assert fresh.done("preview", name, *where, "--channel", "email").startswith("Subject: ")


def test_a_preview_says_what_the_first_text_to_a_number_costs_as_well(fresh: Command) -> None:
    words = ("preview", "redness_check", "--clinic", "lumiere", "--language", "en")
    told, said = fresh.json(*words), fresh.done(*words)
    first = told["as_first_contact"]
    assert first["body"] == f"{told['body']}\nReply STOP to stop texts, HELP for info."
    assert (told["segments"], first["segments"]) == (1, 2)
    assert "1 segment." in said
    assert "also says “Reply STOP to stop texts, HELP for info.”" in said
    assert "2 segments." in said
    assert "as_first_contact" not in fresh.json("preview", "answer_fine", *words[2:])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("rednes_check", "--clinic", "lumiere", "--language", "fr"),
            "there is no step “rednes_check” (did",
        ),
        (("redness_check", "--clinic", "lumiere", "--language", "es"), "clinic lumiere speaks fr, en, not es"),
        (("redness_check", "--clinic", "lumier", "--language", "fr"), "there is no clinic 'lumier' in the"),
        (
            ("answer_urgent", "--clinic", "lumiere", "--language", "fr", "--channel", "email"),
            "answer_urgent has no text for email: it is written for sms",
        ),
        (
            ("redness_check", "--clinic", "lumiere", "--language", "fr", "--channel", "webhook"),
            "redness_check has no text for webhook: it is written for sms and email",
        ),
        (
            ("answer_urgnt", "--clinic", "lumiere", "--language", "fr"),
            "there is no step “answer_urgnt” (did you mean",
        ),
    ],
)
def test_a_preview_of_what_is_not_there_is_refused(fresh: Command, words: tuple[str, ...], said: str) -> None:
    assert fresh.refused("preview", *words).startswith(said)
