from scheduler.domain.alert import AlertKind
from tests.cli.command import Command


def test_nothing_wrong_is_said_so(aftercare: Command) -> None:
    aftercare.register()
    assert aftercare.done("alerts").strip() == "No alert is open."
    assert aftercare.done("alerts", "--all").strip() == "No alert was ever raised."
    assert aftercare.json("alerts") == {"alerts": []}


def test_a_folder_that_can_not_be_written_is_listed_with_what_to_do_until_it_is_mended(aftercare: Command) -> None:
    aftercare.register()
    outbox = aftercare.folder / "var" / "outbox"
    outbox.write_text("in the way")
    aftercare.done("dispatch", "--now", "2030-03-18T14:00:00Z")
    (alert,) = aftercare.json("alerts")["alerts"]
    assert (alert["kind"], alert["subject"], alert["closed_at"]) == (AlertKind.CIRCUIT, "email", None)
    assert "outbox" in alert["reason"]
    said = aftercare.done("alerts")
    assert "nothing goes out by email" in said.lower()
    assert "by itself" in said
    outbox.unlink()
    aftercare.done("dispatch", "--now", "2030-03-18T14:02:00Z")
    assert aftercare.json("alerts") == {"alerts": []}
    assert "2030-03-18 14:00 to 2030-03-18 14:02 UTC" in aftercare.done("alerts", "--all")
