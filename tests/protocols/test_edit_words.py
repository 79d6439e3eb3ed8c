"""An edit is told in the words of the protocol's file."""

from pathlib import Path

import pytest

from scheduler.domain.edits import edits
from scheduler.protocols.edit_words import words_of
from scheduler.protocols.reading import read_protocol

FILE = """
protocol: peel
title: {{en: Peel}}
duration: {duration}
steps:
  - {{id: check, after: 2d, at: "10:00", channels: {{first_of: [sms, email]}}, ask: pain}}
  - {step}
"""
AS_IT_WAS = '{id: tips, after: 3d, at: "10:00", channels: [sms]}'


def told(folder: Path, step: str, duration: str = "60m") -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for body in (FILE.format(step=AS_IT_WAS, duration="60m"), FILE.format(step=step, duration=duration)):
        (folder / "peel.yaml").write_text(body)
        read = read_protocol(folder / "peel.yaml")
        assert read.value, read.problems
        found.append(read.value)
    return [(it.step, words_of(it)) for it in edits(*found)]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ('{id: tips, after: 3d, at: "12:00", channels: [sms]}', ["at: 10:00 -> 12:00"]),
        ("{id: tips, after: 2h, channels: [sms]}", ["after: 3d -> 2h", "at: 10:00 -> (none)"]),
        (
            '{id: tips, before: 1d, at: "10:00", channels: [sms]}',
            ["before: (none) -> 1d", "after: 3d -> (none)"],
        ),
        (
            '{id: tips, after: 3d, at: "10:00", channels: {first_of: [email, sms]}, useful_for: 2d}',
            ["channels: [sms] -> {first_of: [email, sms]}", "useful_for: (none) -> 2d"],
        ),
        (
            '{id: tips, after_reply: {to: check, triage: [concern], wait: 2d}, at: "10:00", channels: [sms]}',
            [
                "after_reply.to: (none) -> check",
                "after_reply.triage: (none) -> [concern]",
                "after_reply.wait: (none) -> 2d",
                "after: 3d -> (none)",
            ],
        ),
    ],
)
def test_each_key_that_changed_is_named_with_both_values(tmp_path: Path, step: str, words: list[str]) -> None:
    assert told(tmp_path, step) == [("tips", tuple(words))]


def test_a_new_step_is_added_and_one_that_is_gone_removed(tmp_path: Path) -> None:
    assert told(tmp_path, AS_IT_WAS.replace("tips", "advice")) == [
        ("advice", ("step added",)),
        ("tips", ("step removed",)),
    ]


def test_what_is_written_otherwise_and_means_the_same_is_no_edit(tmp_path: Path) -> None:
    assert (
        told(tmp_path, "{channels: [ sms ], at: '10:00', id: tips, after: 3 d, purpose: care, template: tips}") == []
    )


def test_a_changed_duration_is_told_of_the_steps_that_it_may_move(tmp_path: Path) -> None:
    assert told(tmp_path, "{id: tips, after: 2h, channels: [sms]}", duration="90m") == [
        ("tips", ("after: 3d -> 2h", "at: 10:00 -> (none)", "duration of the appointment: 60m -> 90m"))
    ]
