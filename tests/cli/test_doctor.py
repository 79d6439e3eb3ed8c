from tests.cli.command import Command


def test_the_doctor_says_how_each_part_is_and_succeeds_where_nothing_is_wrong(aftercare: Command) -> None:
    told = aftercare.json("doctor")
    assert {finding["part"] for finding in told["findings"]} >= {"delivery", "config", "database", "clock", "disk"}
    assert all(set(finding) == {"part", "health", "message", "remedy"} for finding in told["findings"])
    assert "rehearsal: nothing leaves this machine" in aftercare.done("doctor")


def test_the_doctor_fails_with_what_is_wrong_and_what_to_do(aftercare: Command) -> None:
    aftercare.set(AFTERCARE_DELIVERY="live")
    ended = aftercare.run("doctor")
    assert ended.code == 1
    assert "live, but not set: TWILIO_ACCOUNT_SID" in ended.out
    assert "set them, or go back to rehearsal" in ended.out


def test_the_doctor_in_an_empty_folder_makes_nothing(fresh: Command) -> None:
    assert "there is none yet" in fresh.done("doctor")
    assert list(fresh.folder.iterdir()) == []
