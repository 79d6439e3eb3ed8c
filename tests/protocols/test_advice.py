"""Tags of advice and kinds of steps: what the files may say, and what they mean."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.domain.advice import Advice
from scheduler.domain.spans import parse_span
from scheduler.paths import shipped
from scheduler.protocols.digest import digest_of
from scheduler.protocols.loader import check, load
from tests.protocols.folders import CLINIC, PROTOCOL, config_in, lines

STEP = "\n    advice: {no_makeup: 24h, hands_off: always}\n    kind: care"


def test_a_step_names_its_tags_and_how_long_each_holds(tmp_path: Path) -> None:
    config = config_in(tmp_path, swap={PROTOCOL: ("after: 2h", f"after: 2h{STEP}")})
    step = load(config).protocols["microneedling"].step("sun_protection")
    assert step
    assert step.advice == (Advice("hands_off"), Advice("no_makeup", parse_span("24h")))
    assert step.merges_as == "care"


def test_a_kind_is_the_template_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    config = config_in(tmp_path, swap={PROTOCOL: ("after: 2h", "after: 2h\n    template: sun")})
    step = load(config).protocols["microneedling"].step("sun_protection")
    assert step
    assert step.merges_as == "sun"


def test_what_says_nothing_of_advice_has_the_digest_that_it_always_had() -> None:
    step = load(shipped("config")).protocols["microneedling"].steps[-1]
    assert digest_of(step) == digest_of(replace(step, kind=None, advice=()))
    assert digest_of(step) != digest_of(replace(step, advice=(Advice("hands_off"),)))


def test_the_shipped_tags_count_where_a_folder_has_none(tmp_path: Path) -> None:
    config = config_in(tmp_path, swap={PROTOCOL: ("after: 2h", f"after: 2h{STEP}")})
    assert not (config / "advice.yaml").exists()
    assert "hands_off" in load(config).advice.tags


def test_an_override_that_names_no_tag_is_an_error_of_the_clinics_file(tmp_path: Path) -> None:
    over = "overrides: {microneedling: {sun_protection: {advice: {no_sum: 7d}}}}\n"
    config = config_in(tmp_path, add={CLINIC: over})
    (line,) = lines(config)
    assert line.startswith(f"{CLINIC}:")
    assert "there is no advice no_sum" in line


UNTIL = "until: {day: {en: 'until {day}'}, time: {en: 'until {day}, {time}'}}\n"
TAGS = "tags:\n  one: {text: {en: One}}\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (UNTIL.replace(", {time}", "") + TAGS, ("bad-text", 1, "until.time.en")),
        (UNTIL + TAGS.replace("One}", "One}, against: [two]"), ("unknown-tag", 3, "tags.one.against#1")),
        (UNTIL + TAGS.replace("One}", "One}, against: [one]"), ("unknown-tag", 3, "tags.one.against#1")),
    ],
    ids=["an end without its place", "against no tag", "against itself"],
)
def test_a_catalogue_that_can_not_be_used_is_refused(tmp_path: Path, text: str, found: tuple[str, int, str]) -> None:
    _, problems = check(config_in(tmp_path, add={"advice.yaml": text}))
    assert [(it.code, it.line, it.key) for it in problems] == [found]


def test_a_clinic_merges_within_four_hours_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert load(config_in(tmp_path)).clinic("rose").merge_window == timedelta(hours=4)
    off = config_in(tmp_path / "off", add={CLINIC: "merge_window: 0m\n"})
    assert load(off).clinic("rose").merge_window == timedelta(0)
