"""`aftercare unanswered`: who has not answered, and that a person has heard of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.cli.command import SECRETS, Command
from tests.postgres import TEST_KEYS
from tests.services.house import House

TORONTO = ZoneInfo("America/Toronto")


@pytest.fixture
def asked(aftercare: Command, texts_dir: Path) -> int:
    """An appointment whose check went out at ten in the morning two days ago."""
    today = datetime.now(UTC).astimezone(TORONTO).replace(hour=10, minute=0, second=0, microsecond=0)
    settings = read_settings({"AFTERCARE_DATA_DIR": str(aftercare.folder / "var"), **TEST_KEYS})
    with open_store(settings) as store:
        house = House(store, settings, texts_dir)
        house.clock.move_to(today - timedelta(days=9))
        appointment = house.register(starts_at=(today - timedelta(days=4)).isoformat(), external_id="B-17")
        house.dispatch(today - timedelta(days=2))
    return appointment


def test_who_did_not_answer_is_listed_without_a_name(aftercare: Command, asked: int) -> None:
    said = aftercare.done("unanswered")
    assert "check" in said
    assert "B-17" in said
    assert not [secret for secret in SECRETS if secret in said]
    (item,) = aftercare.json("unanswered")["unanswered"]
    assert (item["appointment"], item["external_id"], item["clinic"], item["step"]) == (
        asked,
        "B-17",
        "north",
        "check",
    )
    assert item["asked_at"].endswith("Z")


def test_a_clinic_sees_its_own(aftercare: Command, asked: int) -> None:
    assert len(aftercare.json("unanswered", "--clinic", "north")["unanswered"]) == 1
    assert aftercare.json("unanswered", "--clinic", "south") == {"unanswered": []}
    assert "there is no clinic 'nord'" in aftercare.refused("unanswered", "--clinic", "nord")
    assert asked


def test_whom_a_person_has_heard_is_no_longer_listed(aftercare: Command, asked: int) -> None:
    assert aftercare.done("unanswered", "heard", str(asked), "--by", "Ana").strip() == "Noted for 1 appointment."
    assert aftercare.done("unanswered").strip() == "Everyone has answered."


def test_an_appointment_that_is_not_there_is_refused(aftercare: Command, asked: int) -> None:
    assert "there is no appointment 99" in aftercare.refused("unanswered", "heard", str(asked), "99")
    assert len(aftercare.json("unanswered")["unanswered"]) == 1
