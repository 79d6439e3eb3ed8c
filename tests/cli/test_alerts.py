"""`aftercare alerts`: what needs a person, who was told, who takes it, and how it is closed."""

from datetime import UTC, datetime

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import because
from scheduler.services.ringing import raise_and_ring
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.cli.command import Command
from tests.postgres import TEST_KEYS
from tests.services.house import configuration

DAY = datetime(2030, 3, 18, 14, 0, tzinfo=UTC)


@pytest.fixture
def urgent(aftercare: Command) -> int:
    """A reply that sounds bad, of which the desk was told."""
    settings = read_settings({"AFTERCARE_DATA_DIR": str(aftercare.folder / "var"), **TEST_KEYS})
    with open_store(settings) as store, store.write() as tx:
        alert = raise_and_ring(
            tx,
            configuration(),
            AlertKind.URGENT,
            "reply/1",
            reasons=(because("reply_urgent"),),
            now=DAY,
            clinic="north",
        )
    assert alert
    return alert.id


def test_nothing_wrong_is_said_so(aftercare: Command) -> None:
    aftercare.register()
    assert aftercare.done("alerts").strip() == "No alert is open."
    assert aftercare.done("alerts", "list").strip() == "No alert is open."
    assert aftercare.done("alerts", "--all").strip() == "No alert was ever raised."
    assert aftercare.json("alerts") == {"alerts": []}


def test_a_folder_that_can_not_be_written_is_listed_with_what_to_do_until_it_is_mended(aftercare: Command) -> None:
    aftercare.register()
    outbox = aftercare.folder / "var" / "outbox"
    outbox.write_text("in the way")
    aftercare.done("dispatch", "--now", "2030-03-18T14:00:00Z")
    # Whoever is on call is told of the email channel by SMS, which has no other way out in a rehearsal.
    alerts = aftercare.json("alerts")["alerts"]
    assert {(it["kind"], it["subject"], it["closed_at"]) for it in alerts} == {
        (AlertKind.CIRCUIT, "email", None),
        (AlertKind.CIRCUIT, "sms", None),
    }
    assert all("outbox" in it["reason"] for it in alerts)
    said = aftercare.done("alerts")
    assert "nothing goes out by email" in said.lower()
    assert "by itself" in said
    outbox.unlink()
    aftercare.done("dispatch", "--now", "2030-03-18T14:02:00Z")
    assert aftercare.json("alerts") == {"alerts": []}
    assert "2030-03-18 14:00 to 2030-03-18 14:02 UTC" in aftercare.done("alerts", "--all")


def test_it_lists_who_was_told_and_what_to_do(aftercare: Command, urgent: int) -> None:
    (alert,) = aftercare.json("alerts", "list")["alerts"]
    assert (alert["id"], alert["kind"], alert["rings"], alert["taken_by"]) == (urgent, "urgent", 1, None)
    assert alert["ring_at"] == "2030-03-18T14:10:00Z"
    assert alert["told"] == [{"at": "2030-03-18T14:00:00Z", "name": "Desk", "ways": ["sms", "email"]}]
    assert [(it["cause"], it["by"]) for it in alert["history"]] == [("raised", "engine"), ("rung", "engine")]
    said = aftercare.done("alerts")
    assert "Desk was rung (sms, email)." in said
    assert "call the patient now" in said


def test_one_is_taken_once_and_the_second_learns_by_whom(aftercare: Command, urgent: int) -> None:
    first = aftercare.json("alerts", "take", str(urgent), "--by", "Dr. Grant")
    assert (first["alert"], first["taken"], first["taken_by"]) == (urgent, True, "Dr. Grant")
    second = aftercare.done("alerts", "take", str(urgent), "--by", "Night desk")
    assert "was taken by Dr. Grant already" in second
    assert aftercare.json("alerts", "take", str(urgent))["taken"] is False
    assert "Taken by Dr. Grant." in aftercare.done("alerts")
    assert aftercare.json("alerts")["alerts"][0]["ring_at"] is None


def test_one_is_closed_by_name_and_stays_in_the_history(aftercare: Command, urgent: int) -> None:
    assert f"Alert {urgent} is closed." in aftercare.done("alerts", "close", str(urgent), "--by", "Dr. Grant")
    assert aftercare.json("alerts") == {"alerts": []}
    (alert,) = aftercare.json("alerts", "--all")["alerts"]
    assert [(it["cause"], it["by"]) for it in alert["history"]][-1] == ("closed", "Dr. Grant")
    assert aftercare.json("alerts", "close", str(urgent))["closed_at"] == alert["closed_at"]
    assert "is closed" in aftercare.refused("alerts", "take", str(urgent))


def test_a_fault_is_not_closed_by_hand_and_says_what_to_do(aftercare: Command) -> None:
    aftercare.register()
    (aftercare.folder / "var" / "outbox").write_text("in the way")
    aftercare.done("dispatch", "--now", "2030-03-18T14:00:00Z")
    assert "ends by itself" in aftercare.refused("alerts", "close", "1")
    assert aftercare.json("alerts", "take", "1")["taken"] is True


def test_an_alert_that_is_not_there_is_one_line(aftercare: Command) -> None:
    aftercare.register()
    for word in ("take", "close"):
        assert "there is no alert 7" in aftercare.refused("alerts", word, "7")
        aftercare.refused("alerts", word, "0", code=2)
        aftercare.refused("alerts", word, code=2)
