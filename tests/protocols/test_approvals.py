"""config/approvals: records are appended, read back, and every hand-made change of one is an error at its line."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.domain.protocol import Channel
from scheduler.errors import ConflictError
from scheduler.protocols.approvals import Approval, Approvals, step_digest, text_name
from scheduler.protocols.approvals_folder import read_all_approvals
from scheduler.protocols.approvals_writing import append_approval, approvals_file, record_text
from scheduler.protocols.loader import check, load
from tests.protocols.folders import config_in

A, B, C = "a" * 64, "b" * 64, "c" * 64
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORD = Approval(
    "microneedling",
    'Dr. "Ada": #1 é',
    "medical director",
    NOON,
    A,
    {"rose": B},
    {"prepare": A, "prepare@rose": B},
    {"prepare/en/email": C, "advice.no_sun/pt-BR/email": A},
)
LATER = replace(RECORD, by="Bo", at=NOON.replace(hour=13), steps={"prepare": C})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return config_in(tmp_path)


def test_what_is_appended_is_read_back_and_stands_a_line_each(config: Path) -> None:
    file = append_approval(config, RECORD)
    append_approval(config, LATER)
    found = load(config).approvals
    assert found.records == (RECORD, LATER)
    assert found.steps == {("microneedling", A), ("microneedling", B), ("microneedling", C)}
    assert found.of_step("microneedling", C) == (LATER,)
    assert found.of_step("peel", C) == ()
    assert found.of_text(text_name("prepare", "en", Channel.EMAIL), C) == (RECORD, LATER)
    assert f"      prepare: {A}\n" in file.read_text()
    assert [it.name for it in file.parent.iterdir()] == ["microneedling.yaml"]


def test_comments_and_earlier_records_stay_as_they_are(config: Path) -> None:
    file = append_approval(config, RECORD)
    before = file.read_text() + "# signed on paper too\n"
    file.write_text(before)
    append_approval(config, LATER)
    assert file.read_text() == before + record_text(LATER)


def test_a_file_of_comments_only_approves_nothing_and_can_be_appended_to(config: Path) -> None:
    file = approvals_file(config, "microneedling")
    file.parent.mkdir()
    file.write_text("# nothing yet\n")
    assert load(config).approvals == Approvals()
    append_approval(config, RECORD)
    assert load(config).approvals.records == (RECORD,)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("medical director", "chief", "edited-record", 4),
        (f"prepare: {A}", f"prepare: {B}", "edited-record", 4),
        (f"prepare: {A}", "prepare: yes", "bad-record", 11),
        ("prepare/en/email", "prepare/en", "bad-record", 14),
        ("12:00:00Z", "12:00:00", "bad-record", 6),
        ("    role: ", "    rolle: ", "unknown-key", 5),
        (f"    protocol: {A}\n", "", "missing-key", 4),
    ],
)
def test_a_record_that_was_edited_by_hand_is_an_error_at_its_line(
    config: Path, old: str, new: str, code: str, line: int
) -> None:
    file = append_approval(config, RECORD)
    file.write_text(file.read_text().replace(old, new, 1))
    configuration, problems = check(config)
    assert configuration is None
    assert (problems[0].file, problems[0].code, problems[0].line) == (file, code, line)
    with pytest.raises(ConflictError, match="edited by hand"):
        append_approval(config, LATER)
    assert LATER.by not in file.read_text()


def test_a_record_that_was_copied_to_another_treatment_is_an_error(config: Path) -> None:
    file = append_approval(config, RECORD)
    file.with_name("peel.yaml").write_text(file.read_text())
    _, problems = check(config)
    assert {(it.code, it.severity) for it in problems} == {
        ("edited-record", "error"),
        ("unknown-treatment", "warning"),
    }


def test_records_of_a_treatment_that_is_gone_still_count_and_are_a_warning(config: Path) -> None:
    append_approval(config, replace(RECORD, treatment="peel"))
    append_approval(config, RECORD).with_name("notes.yml").write_text("x: y\n")
    found, problems = read_all_approvals(config, ["microneedling"])
    assert found.of_step("peel", A)
    assert {(it.file.name, it.code, it.severity) for it in problems} == {
        ("peel.yaml", "unknown-treatment", "warning"),
        ("notes.yml", "ignored-file", "warning"),
    }


def test_older_records_may_be_moved_to_a_file_beside_it(config: Path) -> None:
    file = append_approval(config, RECORD)
    file.rename(file.with_name("microneedling.2026.yaml"))
    append_approval(config, LATER)
    configuration, problems = check(config)
    assert configuration is not None
    assert configuration.approvals.records == (RECORD, LATER)
    assert problems == ()


def test_a_digest_does_not_change_by_what_is_not_said(config: Path) -> None:
    step = load(config).protocols["microneedling"].steps[0]
    assert step_digest(step) == step_digest(replace(step, ask=None))
    assert step_digest(step) != step_digest(replace(step, ask="redness"))


def test_nothing_is_written_where_the_file_cannot_be(config: Path) -> None:
    (config / "approvals").write_text("a file")
    with pytest.raises(ConflictError, match="can't be written"):
        append_approval(config, RECORD)
