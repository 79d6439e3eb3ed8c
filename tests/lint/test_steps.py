"""The rules over steps: where they point, what they leave alone."""

from pathlib import Path

import pytest

from tests.lint.cases import found_in, laid_out

PROTOCOL, CLINIC = "config/protocols/microneedling.yaml", "config/clinics/rose.yaml"


def edited(folder: Path, *, swap: tuple[str, str] | None = None, clinic: str = "") -> Path:
    laid_out(folder)
    if swap:
        file = folder / PROTOCOL
        text = file.read_text(encoding="utf-8")
        assert text.count(swap[0]) == 1
        file.write_text(text.replace(*swap), encoding="utf-8")
    (folder / CLINIC).write_text((folder / CLINIC).read_text(encoding="utf-8") + clinic, encoding="utf-8")
    return folder


def found(folder: Path) -> list[str]:
    return [
        f"{problem.file.name}:{problem.line}:{problem.column} {problem.code} {problem.key}"
        for problem in found_in(folder)
    ]


def test_a_time_that_a_clinic_overrides_is_found_in_the_clinics_file(tmp_path: Path) -> None:
    said = 'overrides: {microneedling: {week_check: {at: "06:30"}}}\n'
    assert found(edited(tmp_path, clinic=said)) == [
        "rose.yaml:12:42 quiet-step overrides.microneedling.week_check.at"
    ]


def test_what_an_override_leaves_out_is_found_in_the_protocol(tmp_path: Path) -> None:
    said = "overrides: {microneedling: {week_check: {useful_for: 2d}}}\n"
    folder = edited(tmp_path, swap=('after: 7d\n    at: "10:00"', 'after: 7d\n    at: "20:00"'), clinic=said)
    assert found(folder) == ["microneedling.yaml:15:5 quiet-step steps.week_check.at"]


def test_the_end_of_quiet_hours_is_no_quiet_time(tmp_path: Path) -> None:
    assert found(edited(tmp_path, swap=('after: 7d\n    at: "10:00"', 'after: 7d\n    at: "08:00"'))) == []


def test_a_reminders_quiet_time_is_found_at_its_own_key(tmp_path: Path) -> None:
    swap = ("    ask: redness\n", '    ask: redness\n    remind: {after: 1d, at: "21:30"}\n')
    assert found(edited(tmp_path, swap=swap)) == ["microneedling.yaml:13:25 quiet-step steps.redness_check.remind.at"]


@pytest.mark.parametrize(("useful_for", "codes"), [("2d", ["may-expire"]), ("3d", ["may-expire"]), ("4d", [])])
def test_an_invitation_that_helps_no_longer_than_a_closure_lasts_may_expire(
    tmp_path: Path, useful_for: str, codes: list[str]
) -> None:
    swap = ("    purpose: recall\n", f"    purpose: recall\n    useful_for: {useful_for}\n")
    closed = "closures: [{from: 2026-12-24, to: 2026-12-26}]\n"
    problems = found_in(edited(tmp_path, swap=swap, clinic=closed))
    assert [problem.code for problem in problems] == codes
    if codes:
        assert "due on 2026-12-24, it waits for the next open day of rose, 2026-12-27" in problems[0].message


def test_care_goes_out_on_closed_days_and_loses_nothing_by_them(tmp_path: Path) -> None:
    assert found(edited(tmp_path, clinic="closures: [{from: 2026-12-20, to: 2027-01-10}]\n")) == [
        "microneedling.yaml:18:5 may-expire steps.next_session.useful_for"
    ]


def test_a_reply_comes_at_any_hour_so_a_follow_up_in_hours_may_expire(tmp_path: Path) -> None:
    recheck = (
        "  - id: recheck\n    after_reply: {to: redness_check, triage: [concern], wait: 4h}\n    channels: [sms]\n"
        "    ask: redness\n    useful_for: 6h\n  - id: week_check\n"
    )
    folder = edited(tmp_path, swap=("  - id: week_check\n", recheck))
    assert found(folder) == ["microneedling.yaml:17:5 may-expire steps.recheck.useful_for"]


def test_two_follow_ups_of_one_reply_are_not_at_one_moment_unless_the_same_reply_brings_both(tmp_path: Path) -> None:
    step = (
        "  - id: {name}\n    after_reply: {{to: redness_check, triage: [{triage}], wait: 2d}}\n    at: '10:00'\n"
        "    channels: [sms]\n    ask: redness\n    template: redness_check\n"
    )
    apart = step.format(name="one", triage="concern") + step.format(name="two", triage="fine")
    together = step.format(name="one", triage="concern") + step.format(name="two", triage='"fine", concern')
    week = "  - id: week_check\n"
    assert found(edited(tmp_path / "apart", swap=(week, apart + week))) == []
    assert found(edited(tmp_path / "together", swap=(week, together + week))) == [
        "microneedling.yaml:19:5 same-moment steps.two"
    ]


def test_if_late_collapse_is_the_default_and_only_found_where_somebody_wrote_it(tmp_path: Path) -> None:
    assert found(edited(tmp_path)) == []


def test_a_step_before_a_booking_can_be_known_is_no_fault(tmp_path: Path) -> None:
    early = '  - id: prepare\n    before: 12mo\n    at: "10:00"\n    channels: [email]\n  - id: week_check\n'
    assert found(edited(tmp_path, swap=("  - id: week_check\n", early))) == []
