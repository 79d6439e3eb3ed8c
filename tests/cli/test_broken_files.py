"""What the desk can do while a file is broken: stop, look up, answer for a patient; nothing new is planned."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import because
from scheduler.services.ringing import raise_and_ring
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.cli.command import REGISTER, Command
from tests.cli.test_alerts import DAY
from tests.cli.test_replies import write
from tests.postgres import TEST_KEYS
from tests.services.house import CONFIG, configuration
from tests.services.several import ADVICE

BROKEN = {
    "a protocol": "protocols/peel.yaml",
    "another clinic": "clinics/south.yaml",
    "the installation": "aftercare.yaml",
}
LATER = "2030-03-21T10:00"
DESK = (
    "timeline 1",
    "no-show 1",
    "cancel 1",
    "alerts list",
    "alerts take 1 --by Ann",
    "alerts close 1 --by Ann",
    "replies list",
    "replies list --clinic north",
    "replies handled 1 --by Ann",
    "held list",
    "held list --clinic south",
    "held release --all",
    "held drop --all",
    "consent show 1",
    "consent revoke 1 --words stop",
    "consent grant 1 --channel sms --purpose care --words yes",
    "consent export --clinic south",
    "page 1",
    "page 1 --revoke",
    "evidence 1 --out proof",
    "unanswered --clinic north",
    "unanswered heard 1",
)
STRICT = (
    f"reschedule 1 --at {LATER}",
    f"adjust 1 check --at {LATER}",
    "import visits.csv --clinic north",
    "plan",
    "apply",
    "approve --all --by Ann --role nurse",
    "dispatch",
    "serve",
)


@pytest.fixture
def desk(aftercare: Command) -> Command:
    """The command with files of its own, a visit with a reply to it, and an alert."""
    aftercare.set(AFTERCARE_CONFIG_DIR=str(shutil.copytree(CONFIG, aftercare.folder / "config")))
    aftercare.register()
    write("What time do you open?")
    (aftercare.folder / "visits.csv").write_text("name\n")
    return aftercare


def break_file(desk: Command, name: str) -> None:
    file = desk.folder / "config" / name
    file.write_text(f"{file.read_text(encoding='utf-8')}\nnonsense: true\n", encoding="utf-8")


def name_no_tag(desk: Command) -> None:
    """Let a protocol name an advice that advice.yaml does not have."""
    file = desk.folder / "config" / "protocols" / "peel.yaml"
    file.write_text(file.read_text().replace('"09:30",', '"09:30", advice: {no_such_thing: 1d},'))
    (desk.folder / "config" / "advice.yaml").write_text(ADVICE, encoding="utf-8")


BREAKAGES: dict[str, Callable[[Command], None]] = {
    **{what: lambda desk, name=name: break_file(desk, name) for what, name in BROKEN.items()},  # type: ignore[misc]  # bound as it is now
    "a tag that is missing": name_no_tag,
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_the_desk_works_by_what_is_sound_and_is_warned_in_one_line(desk: Command, breakage: str) -> None:
    BREAKAGES[breakage](desk)
    broken = BROKEN.get(breakage, "protocols/peel.yaml")
    for words in DESK:
        ended = desk.run(*words.split())
        warned = [line for line in ended.err.splitlines() if not line.startswith("{")]
        assert (ended.code, len(warned)) == (0, 1), (words, ended)
        assert warned[0].startswith("warning: "), words
        assert broken in warned[0], words
        assert "new plans wait" in warned[0], words


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_what_plans_is_refused_while_a_file_is_broken(desk: Command, breakage: str) -> None:
    BREAKAGES[breakage](desk)
    broken = BROKEN.get(breakage, "protocols/peel.yaml")
    assert broken in desk.refused("register", *REGISTER)
    for words in STRICT:
        assert broken in desk.refused(*words.split()), words


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_visit_goes_by_the_version_that_is_kept_whatever_became_of_the_file(desk: Command, breakage: str) -> None:
    before = desk.json("timeline", "1")
    BREAKAGES[breakage](desk)
    assert desk.json("timeline", "1") == before


def test_a_visit_that_took_place_is_noted_while_a_file_is_broken(desk: Command) -> None:
    visit = desk.register("--at", "2020-03-20T10:00", "--external-id", "B1")
    break_file(desk, "protocols/peel.yaml")
    assert desk.json("complete", str(visit))["status"] == "completed"


def raise_alert(desk: Command) -> str:
    settings = read_settings({"AFTERCARE_DATA_DIR": str(desk.folder / "var"), **TEST_KEYS})
    with capture_logs(), open_store(settings) as store, store.write() as tx:
        why = (because("reply_urgent"),)
        alert = raise_and_ring(tx, configuration(), AlertKind.URGENT, "x", reasons=why, now=DAY, clinic="north")
    assert alert
    return str(alert.id)


@pytest.mark.parametrize("gone", ["clinics/north.yaml", "clinics", "all"])
def test_a_stop_a_cancelled_visit_and_an_alert_that_is_taken_need_no_file_at_all(desk: Command, gone: str) -> None:
    alert = raise_alert(desk)
    if gone == "clinics/north.yaml":
        break_file(desk, gone)
    else:
        shutil.rmtree(desk.folder / "config" / ("" if gone == "all" else gone))
        (desk.folder / "config").mkdir(exist_ok=True)
    assert desk.json("consent", "revoke", "--appointment", "1", "--words", "Stop it") == {"patient": 1, "now": None}
    assert "on record" in desk.done("consent", "revoke", "1", "--words", "Stop it")
    assert desk.json("cancel", "1")["status"] == "cancelled"
    assert "Appointment 1 is cancelled." in desk.done("cancel", "1")
    assert desk.json("alerts", "take", alert)["taken"]
    desk.done("pause", "1")
    desk.done("pause", "--all")
    exported = Path("all.csv")
    desk.done("consent", "export", "--out", str(exported))
    assert exported.read_text(encoding="utf-8").count("Stop it") > 1


def test_what_needs_the_broken_file_of_its_own_clinic_says_so_in_one_line(desk: Command) -> None:
    break_file(desk, "clinics/north.yaml")
    for words in ("timeline 1", "consent show 1", "evidence 1 --out proof", "unanswered --clinic north"):
        said = desk.refused(*words.split())
        assert "clinic 'north'" in said, words
        assert "clinics/north.yaml" in said, words
    ended = desk.run("unanswered")
    assert "patients of north are not listed" in ended.err


def test_a_clinic_whose_file_is_broken_can_be_paused_and_one_that_there_is_not_can_not(desk: Command) -> None:
    break_file(desk, "clinics/north.yaml")
    assert desk.json("pause", "--clinic", "north")["result"] == "paused"
    assert "there is no clinic 'nort'" in desk.refused("pause", "--clinic", "nort")


def test_evidence_without_all_that_was_approved_is_refused(desk: Command) -> None:
    approvals = desk.folder / "config" / "approvals"
    approvals.mkdir()
    (approvals / "peel.yaml").write_text("- by: Ann\n")
    assert "approvals/peel.yaml" in desk.refused("evidence", "1", "--out", "proof")
    assert not Path("proof").exists()


def test_where_nothing_is_broken_nobody_is_warned(desk: Command) -> None:
    assert desk.run("timeline", "1").err == ""
