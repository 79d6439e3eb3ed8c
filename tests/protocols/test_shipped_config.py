"""The configuration that ships: it has no problem, and it is what the design says."""

from dataclasses import fields
from datetime import time, timedelta
from pathlib import Path

from scheduler.domain.protocol import After, AfterReply, Channel, IfLate, Purpose
from scheduler.domain.spans import parse_span
from scheduler.domain.triage import Triage
from scheduler.paths import shipped
from scheduler.protocols.configuration import Configuration, Instance
from scheduler.protocols.loader import check
from scheduler.protocols.nodes import Node
from scheduler.protocols.reading import read_sources
from scheduler.protocols.source import read_tree
from scheduler.protocols.sources_file import SourcesFile
from tests.protocols.folders import sound

CONFIG = shipped("config")
TREATMENTS = {"microneedling", "rf_microneedling", "chemical_peel", "ablative_laser", "dermal_filler"}
SHARED = {
    "prepare", "sun_protection", "avoid_actives", "redness_check", "recheck", "week_check", "next_session",
    "next_session_reminder",
}  # fmt: skip
CHOICES = {"no_sunscreen_first_day", "mineral_sunscreen_first_day", "cool_cloth"}
"""Tags that a clinic may take: two in the place of sunscreen_if_told, and one that contradicts a filler's."""
NO_ADVICE = {"painkillers", "next_session", "tell_before_session"}
"""Rows of advice that no text gives as such: never in a message, the invitation's range, the list in `prepare`."""


def shipped_config() -> Configuration:
    return sound(CONFIG)


def sources() -> SourcesFile:
    read = read_sources(CONFIG / "sources.yaml")
    assert not read.problems
    assert read.value
    return read.value


def tree(file: Path) -> Node:
    node, problems = read_tree(file)
    assert node is not None
    assert not problems
    return node


def test_the_shipped_configuration_has_no_problem() -> None:
    assert check(CONFIG)[1] == ()


def test_it_has_two_clinics_and_five_protocols() -> None:
    config = shipped_config()
    assert set(config.clinics) == {"lumiere", "serena"}
    assert set(config.protocols) == TREATMENTS


def test_the_sample_clinics_keep_the_protocols_as_they_are_and_never_close() -> None:
    config = shipped_config()
    assert not config.overridden
    assert not any(clinic.closures for clinic in config.clinics.values())


def test_no_step_asks_for_a_time_of_day_in_a_clinics_quiet_hours() -> None:
    config = shipped_config()
    times = [step.timing.at for protocol in config.protocols.values() for step in protocol.steps if step.timing.at]
    for clinic in config.clinics.values():
        assert clinic.quiet_hours
        start, end = clinic.quiet_hours.start, clinic.quiet_hours.end
        assert start > end, "across midnight"
        assert all(end <= at < start for at in times)


def test_the_two_exports_are_read_differently() -> None:
    lumiere, serena = (shipped_config().clinics[name].imports for name in ("lumiere", "serena"))
    assert (lumiere.dates, serena.dates) == ("%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M")
    assert not set(lumiere.columns.values()) & set(serena.columns.values())


def test_the_protocols_use_the_templates_that_ship() -> None:
    config = shipped_config()
    assert {step.template for step in config.protocols["microneedling"].steps} == SHARED
    own = {"rf_redness_check", "rf_recheck", "rf_week_check", "two_week_check"}
    shared = SHARED - {"redness_check", "recheck", "week_check"}
    assert {step.template for step in config.protocols["rf_microneedling"].steps} == own | shared


def test_the_day_2_check_and_its_recheck_are_as_the_design_says() -> None:
    protocol = shipped_config().protocols["microneedling"]
    check_step, recheck = protocol.step("redness_check"), protocol.step("recheck")
    assert check_step
    assert recheck
    assert (check_step.first_of, check_step.channels, check_step.ask) == (
        True,
        (Channel.SMS, Channel.EMAIL),
        "redness",
    )
    assert isinstance(recheck.timing, AfterReply)
    assert (recheck.timing.to, recheck.timing.at) == ("redness_check", time(10))


def test_invitations_are_recall_wait_for_open_days_and_stop_at_a_booking() -> None:
    inviting = {
        protocol.treatment
        for protocol in shipped_config().protocols.values()
        for step in protocol.steps
        if step.id.startswith("next_session")
    }
    assert inviting == {"microneedling", "rf_microneedling"}, (
        "the sources know when the next session is of these only"
    )
    for protocol in shipped_config().protocols.values():
        for step in protocol.steps:
            invitation = step.id.startswith("next_session")
            assert (step.purpose is Purpose.RECALL) is invitation
            assert step.defer_on_closures is invitation
            assert step.unless == ({"next_appointment"} if invitation else set())


def test_the_steps_of_microneedling_are_as_the_design_says() -> None:
    steps = [
        (step.id, [channel.value for channel in step.channels], step.first_of)
        for step in shipped_config().protocols["microneedling"].steps
    ]
    both = ["sms", "email"]
    assert steps == [
        ("prepare", ["email"], False),
        ("sun_protection", both, False),
        ("avoid_actives", both, False),
        ("redness_check", both, True),
        ("recheck", both, True),
        ("week_check", both, True),
        ("next_session", ["email", "sms"], False),
        ("next_session_reminder", both, True),
    ]


def test_every_protocol_asks_soon_asks_again_after_a_concern_and_asks_after_a_week() -> None:
    for protocol in shipped_config().protocols.values():
        asked = [step for step in protocol.steps if step.ask]
        days = {step.timing.span.amount for step in asked if isinstance(step.timing, After)}
        assert days & {1, 2}
        assert 7 in days
        rechecks = [step.timing for step in asked if isinstance(step.timing, AfterReply)]
        assert [timing.triage for timing in rechecks] == [{Triage.CONCERN}]


def test_the_fillers_signs_go_out_within_the_hour_and_no_advice_can_hold_them_back() -> None:
    first = shipped_config().protocols["dermal_filler"].steps[0]
    assert isinstance(first.timing, After)
    assert first.timing.span.elapsed <= timedelta(hours=1)
    assert first.channels == (Channel.SMS, Channel.EMAIL)
    assert first.if_late is IfLate.SEND
    assert first.advice == ()


def test_each_tag_of_advice_rests_on_a_row_of_the_sources_and_each_row_of_advice_has_a_tag() -> None:
    tags = shipped_config().advice.tags
    assert [name for name, tag in tags.items() if not tag.sources] == []
    rows = {name for name, row in sources().rows.items() if row.about == "advice"}
    resting = {row for tag in tags.values() for row in tag.sources}
    assert resting <= rows
    assert rows - resting == NO_ADVICE - resting
    assert "painkillers" not in resting


def test_each_tag_is_given_by_a_protocol_or_is_a_choice_of_the_clinic() -> None:
    config = shipped_config()
    given = {
        advice.tag for protocol in config.protocols.values() for step in protocol.steps for advice in step.advice
    }
    assert config.advice.tags.keys() - given == CHOICES


def test_what_nobody_can_follow_together_says_so_and_the_shipped_protocols_name_no_two_of_such() -> None:
    config = shipped_config()
    tags = config.advice.tags
    pairs = {frozenset((one, other)) for one in tags for other in tags if config.advice.contradict(one, other)}
    sunscreen = frozenset({"no_sunscreen_first_day", "mineral_sunscreen_first_day"})
    assert pairs == {frozenset({"cool_cloth", "no_pressure"}), sunscreen}
    given = {
        advice.tag for protocol in config.protocols.values() for step in protocol.steps for advice in step.advice
    }
    assert not [pair for pair in pairs if pair <= given]


def test_each_advice_is_written_in_the_three_languages() -> None:
    for name, tag in shipped_config().advice.tags.items():
        assert set(tag.text) == {"en", "fr", "es"}, name
        assert not [text for text in tag.text.values() if text.endswith(".")], name


RANGES = {
    ("microneedling", "no_actives"): ("5d", "7d"),
    ("microneedling", "no_makeup"): ("1d", "2d"),
    ("microneedling", "no_exercise"): ("1d", "3d"),
    ("microneedling", "no_pool"): ("3d", "5d"),
    ("microneedling", "no_alcohol"): ("1d", "2d"),
    ("chemical_peel", "no_actives"): ("7d", "7d"),
    ("chemical_peel", "sunscreen"): ("2w", "2w"),
    ("chemical_peel", "no_heat"): ("2d", "3d"),
    ("chemical_peel", "no_exercise"): ("2d", "3d"),
    ("ablative_laser", "no_actives"): ("3w", "6w"),
    ("ablative_laser", "no_makeup"): ("1w", "2w"),
    ("dermal_filler", "no_pressure"): ("6h", "24h"),
    ("dermal_filler", "no_exercise"): ("1d", "3d"),
    ("dermal_filler", "no_alcohol"): ("1d", "3d"),
    ("dermal_filler", "no_heat"): ("1d", "3d"),
}
"""What the sources say, by hand from docs/reference/sources.md."""


def test_how_long_an_advice_holds_lies_within_what_the_sources_say_and_is_the_same_in_each_step() -> None:
    config = shipped_config()
    for (treatment, tag), (least, most) in RANGES.items():
        steps = config.protocols[treatment].steps
        spans = {advice.span for step in steps for advice in step.advice if advice.tag == tag}
        assert len(spans) == 1, (treatment, tag)
        span = spans.pop()
        assert span
        assert parse_span(least).elapsed <= span.elapsed <= parse_span(most).elapsed


def test_every_file_opens_with_a_comment_that_says_what_it_is() -> None:
    for file in CONFIG.rglob("*.yaml"):
        assert file.read_text(encoding="utf-8").startswith("# "), file


def test_the_instance_file_names_every_default() -> None:
    assert shipped_config().instance == Instance()
    file = tree(CONFIG / "aftercare.yaml")
    unsaid = {"require_approval", "audit_years"}  # left out they mean what no value says: as delivery is; for ever
    assert {key for key, _ in file.entries()} == {it.name for it in fields(Instance)} - unsaid
