"""The servers of these tests, started by hand as their first lines say."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.channels.smtp.channel import SmtpTransport
from scheduler.channels.smtp.server import read_smtp_url
from scheduler.channels.twilio.channel import TwilioTransport
from scheduler.clock import FixedClock
from tests.channels.messages import EMAIL, MIME, SMS, hand_over
from tests.servers.twilio import ACCOUNT_SID, AUTH_TOKEN


@contextmanager
def program(module: str, record: Path) -> Iterator[str]:
    """Yield the address that it prints first."""
    command = [sys.executable, "-m", module, "--port", "0", "--record", str(record)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def test_the_twilio_server_runs_by_hand_and_records(tmp_path: Path, clock: FixedClock) -> None:
    record = tmp_path / "taken.jsonl"
    with program("tests.servers.twilio", record) as url:
        channel = TwilioTransport(
            account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, api_url=url, public_url="http://127.0.0.1", clock=clock
        )
        accepted = hand_over(channel, SMS, SMS)
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [line["sid"] for line in lines] == [message.provider_id for message in accepted]
    assert [line["body"] for line in lines] == [SMS.body, SMS.body]


def test_the_smtp_server_runs_by_hand_and_records(tmp_path: Path, clock: FixedClock) -> None:
    record = tmp_path / "delivered.jsonl"
    with program("tests.servers.smtp", record) as url:
        hand_over(SmtpTransport(read_smtp_url(url), clock=clock, at_once=1), EMAIL)
    (line,) = [json.loads(line) for line in record.read_text().splitlines()]
    assert (line["recipients"], base64.b64decode(line["content"])) == ([EMAIL.to], MIME)
