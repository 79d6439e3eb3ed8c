"""The digest is of what a protocol means, not of how it is written."""

import re
from pathlib import Path

import pytest

from tests.protocols.folders import PROTOCOL, config_in, protocol


def digest(folder: Path, old: str = "", new: str = "") -> str:
    return protocol(config_in(folder, swap={PROTOCOL: (old, new)} if old else None)).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("protocol: microneedling\n", "# a comment\n\nprotocol: microneedling # and another\n"),
        ("    after: 2h\n    channels: [sms, email]\n", "    channels: [sms, email]\n    after: 2h\n"),
        ("{en: Microneedling, fr: Microneedling}", "{fr: Microneedling, en: Microneedling}"),
        ('"10:00"', "10:00"),
        ("    after: 2h\n", "    after: 2h\n    template: sun_protection\n    purpose: care\n    closures: send\n"),
        ("title:", "duration: 60m\ntitle:"),
        ("    after: 2h\n    channels: [sms, email]\n", "    after: 2h\n    channels:\n      - sms\n      - email\n"),
    ],
)
def test_another_way_to_write_the_same_changes_nothing(tmp_path: Path, old: str, new: str) -> None:
    assert digest(tmp_path / "a") == digest(tmp_path / "b", old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("after: 2h", "after: 3h"),
        ('"10:00"', "10:01"),
        ("channels: [sms]", "channels: {first_of: [sms]}"),
        ("    after: 2h\n", "    after: 2h\n    useful_for: 24h\n"),
        ("ask: redness", "ask: healing"),
        ("fr: Microneedling", "fr: Micro-aiguilles"),
        ("title:", "duration: 61m\ntitle:"),
        ("after: 2d", "before: 2d"),
    ],
)
def test_another_meaning_changes_it(tmp_path: Path, old: str, new: str) -> None:
    assert digest(tmp_path / "a") != digest(tmp_path / "b", old, new)


def test_it_is_the_same_in_every_process_and_version(tmp_path: Path) -> None:
    """Messages keep it for years: a change here is a change of every stored digest."""
    assert re.fullmatch("[0-9a-f]{64}", digest(tmp_path))
    assert digest(tmp_path) == "f1229151bf8ca8ffa3092253fe093ca944643b4c111970d514f6109d0f1e5c25"
