"""The configuration that ships: it has no problem, and it is what the design says."""

from dataclasses import fields
from datetime import time
from pathlib import Path

from scheduler.domain.protocol import AfterReply, Channel, Purpose
from scheduler.paths import shipped
from scheduler.protocols.configuration import Configuration, Instance
from scheduler.protocols.loader import check
from scheduler.protocols.nodes import Node
from scheduler.protocols.source import read_tree
from tests.protocols.folders import sound

CONFIG = shipped("config")
SHARED = {
    "prepare", "sun_protection", "avoid_actives", "redness_check", "recheck", "week_check", "next_session",
    "next_session_reminder",
}  # fmt: skip


def shipped_config() -> Configuration:
    return sound(CONFIG)


def tree(file: Path) -> Node:
    node, problems = read_tree(file)
    assert node is not None
    assert not problems
    return node


def test_the_shipped_configuration_has_no_problem() -> None:
    assert check(CONFIG)[1] == ()


def test_it_has_two_clinics_and_two_protocols() -> None:
    config = shipped_config()
    assert set(config.clinics) == {"lumiere", "serena"}
    assert set(config.protocols) == {"microneedling", "rf_microneedling"}


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
    own = {"rf_redness_check", "rf_recheck", "rf_week_check", "rf_two_week_check"}
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
    for protocol in shipped_config().protocols.values():
        invitations = [step for step in protocol.steps if step.id.startswith("next_session")]
        assert invitations
        for step in invitations:
            assert step.purpose is Purpose.RECALL
            assert step.defer_on_closures
            assert step.unless == {"next_appointment"}


def test_every_file_opens_with_a_comment_that_says_what_it_is() -> None:
    for file in CONFIG.rglob("*.yaml"):
        assert file.read_text(encoding="utf-8").startswith("# "), file


def test_the_instance_file_names_every_default() -> None:
    assert shipped_config().instance == Instance()
    file = tree(CONFIG / "aftercare.yaml")
    assert {key for key, _ in file.entries()} == {it.name for it in fields(Instance)}
