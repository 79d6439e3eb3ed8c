import asyncio
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.channels.rehearsal import RehearsalTransport
from scheduler.clock import FixedClock
from scheduler.domain.clinic import SmsSender
from scheduler.domain.outgoing import Outgoing
from scheduler.domain.protocol import Channel
from scheduler.errors import ErrorKind, StoreError
from tests.channels.messages import ANNA, EMAIL, MIME, SMS, failure, hand_over


class Kept:
    """Where the rows go in these tests."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Channel, Outgoing]] = []

    def __call__(self, attempt: str, channel: Channel, message: Outgoing) -> None:
        self.rows.append((attempt, channel, message))


def rehearsal(tmp_path: Path, clock: FixedClock, kept: Kept) -> RehearsalTransport:
    return RehearsalTransport(tmp_path / "var" / "outbox", clock, keep=kept)


def test_an_sms_becomes_a_text_file_and_a_row(tmp_path: Path, clock: FixedClock) -> None:
    kept = Kept()
    (accepted,) = hand_over(rehearsal(tmp_path, clock, kept), SMS)
    (file,) = (tmp_path / "var" / "outbox").iterdir()
    assert accepted.provider_id == "rehearsal-attempt-1"
    assert kept.rows == [("attempt-1", Channel.SMS, SMS)]
    assert file.name == "20260302T150000Z-sms-attempt-1.txt"
    assert file.read_text() == f"To: {ANNA}\nFrom: +14165550100\nSegments: 1 (GSM-7)\n\n{SMS.body}\n"


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        (SmsSender(messaging_service="MG1"), "MG1"),
        (SmsSender(name="Serena"), "Serena"),
        (SmsSender(number="+3491"), "+3491"),
    ],
)
def test_the_text_file_says_who_sends(tmp_path: Path, clock: FixedClock, sender: SmsSender, shown: str) -> None:
    hand_over(rehearsal(tmp_path, clock, Kept()), replace(SMS, sender=sender))
    (file,) = (tmp_path / "var" / "outbox").iterdir()
    assert f"From: {shown}\n" in file.read_text()


def test_an_email_becomes_exactly_its_bytes(tmp_path: Path, clock: FixedClock) -> None:
    kept = Kept()
    hand_over(rehearsal(tmp_path, clock, kept), EMAIL)
    (file,) = (tmp_path / "var" / "outbox").iterdir()
    assert file.name == "20260302T150000Z-email-attempt-2.eml"
    assert file.read_bytes() == MIME
    assert kept.rows == [("attempt-2", Channel.EMAIL, EMAIL)]


def test_only_the_owner_can_read_the_outbox(tmp_path: Path, clock: FixedClock) -> None:
    folder = tmp_path / "var" / "outbox"
    folder.mkdir(parents=True, mode=0o755)
    hand_over(rehearsal(tmp_path, clock, Kept()), SMS, EMAIL)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_past_the_deadline_nothing_is_kept(tmp_path: Path, clock: FixedClock) -> None:
    kept = Kept()
    clock.move_to(SMS.deadline + timedelta(seconds=1))
    error = failure(rehearsal(tmp_path, clock, kept), SMS)
    assert (error.kind, error.code, kept.rows) == (ErrorKind.NOT_CALLED, "deadline", [])
    assert not (tmp_path / "var").exists()


def test_an_outbox_that_can_not_be_written_is_said_in_one_line(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    error = failure(rehearsal(tmp_path, clock, Kept()), SMS)
    assert error.kind is ErrorKind.CONFIGURATION
    assert str(tmp_path / "var" / "outbox") in str(error)
    assert "\n" not in str(error)


def test_a_message_whose_row_is_not_stored_shows_no_file(tmp_path: Path, clock: FixedClock) -> None:
    def full(_attempt: str, _channel: Channel, _message: Outgoing) -> None:
        raise StoreError("the disk is full")

    outbox = tmp_path / "outbox"
    error = failure(RehearsalTransport(outbox, clock, keep=full), SMS)
    assert (error.kind, str(error)) == (ErrorKind.TRANSIENT, "the disk is full")
    assert list(outbox.iterdir()) == []


def test_many_at_once_are_all_kept_one_at_a_time(tmp_path: Path, clock: FixedClock) -> None:
    kept = Kept()

    async def run() -> None:
        async with rehearsal(tmp_path, clock, kept) as channel:
            await asyncio.gather(*(channel.send(replace(SMS, attempt=f"a{n}")) for n in range(50)))

    asyncio.run(run())
    assert len(kept.rows) == len(list((tmp_path / "var" / "outbox").iterdir())) == 50


def test_the_probe_makes_the_folder_or_says_why_not(tmp_path: Path, clock: FixedClock) -> None:
    channel = rehearsal(tmp_path, clock, Kept())
    asyncio.run(channel.probe())
    assert (tmp_path / "var" / "outbox").is_dir()
