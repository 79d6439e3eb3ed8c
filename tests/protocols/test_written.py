"""A version that is kept means what the file meant, to the last key."""

from pathlib import Path

import pytest

from scheduler.paths import shipped
from scheduler.protocols.digest import digest_of
from scheduler.protocols.protocol_file import StepBlock
from scheduler.protocols.reading import read_protocol
from scheduler.protocols.written import as_file, read_written, written

EVERY_KEY = """
protocol: every_key
title: {en: Every key, fr: Chaque clé}
duration: 45m
steps:
  - {id: ready, before: 7d, at: "10:00", channels: [email]}
  - {id: soon, before: 2h, channels: [sms], useful_for: 1h}
  - {id: today, after: 2h, channels: [sms, email], useful_for: 14h, template: sun}
  - id: check
    after: 2d
    at: "10:00"
    channels: {first_of: [sms, email]}
    ask: redness
    remind: {after: 1d, at: "09:05"}
    if_late: send
    closures: defer
  - {id: again, after_reply: {to: check, triage: [concern, unknown], wait: 2d}, at: "10:00", channels: [sms]}
  - id: next
    between: {from: 4w, to: 6w, prefer: 5w}
    on: [tue, thu]
    at: "11:00"
    channels: [email]
    purpose: recall
    unless: [next_appointment]
    closures: send
  - {id: any_day, between: {from: 1mo, to: 2mo}, at: "11:00", channels: [email], purpose: marketing}
  - {id: today_again, after: 3h, channels: [email], kind: today, advice: {hands_off: always, no_makeup: 24h}}
"""


@pytest.mark.parametrize("file", sorted((shipped("config") / "protocols").glob("*.yaml")), ids=lambda it: it.stem)
def test_a_shipped_protocol_is_read_back_as_it_was(file: Path) -> None:
    protocol = read_protocol(file).value
    assert protocol
    assert read_written(written(protocol), protocol.digest) == protocol


def test_every_key_of_a_step_is_read_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "every_key.yaml"
    file.write_text(EVERY_KEY)
    protocol = read_protocol(file).value
    assert protocol
    back = read_written(written(protocol), protocol.digest)
    assert back == protocol
    assert digest_of(back.steps) == digest_of(protocol.steps)
    said = {key for step in as_file(protocol)["steps"] for key in step}
    assert said >= {info.alias or name for name, info in StepBlock.model_fields.items()}


def test_what_no_program_wrote_is_refused() -> None:
    with pytest.raises(ValueError, match="ProtocolFile"):
        read_written('{"protocol": "x"}', "d" * 64)
