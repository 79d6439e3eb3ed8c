"""A running service takes Twilio's reports, and a killed hand-over is settled by the next one."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.acceptance.conftest import Aftercare
from tests.servers.behaviours import FAIL_AFTER_TAKING
from tests.servers.signing import by_token, encoded
from tests.servers.twilio import AUTH_TOKEN, TwilioServer

PUBLIC = "http://127.0.0.1:9"
PATH = "/webhooks/twilio/status"
REGISTER = ("register", "--clinic", "serena", "--treatment", "microneedling", "--name", "Ana Muestra")


def register(aftercare: Aftercare) -> str:
    """Register a visit of yesterday with a phone only, so that a text is due in the days that follow."""
    visit = (datetime.now(UTC) - timedelta(hours=20)).isoformat()
    return str(aftercare.json(*REGISTER, "--phone", "+34600000101", "--at", visit)["appointment"])


def sms(aftercare: Aftercare, appointment: str, step: str) -> dict[str, str]:
    told = aftercare.json("timeline", appointment)["messages"]
    return next(it for it in told if (it["step"], it["channel"]) == (step, "sms"))


@contextmanager
def serving(aftercare: Aftercare) -> Iterator[str]:
    service = aftercare.start("serve", "--port", "0")
    try:
        assert service.stderr is not None
        yield service.stderr.readline().split()[2].rstrip(",")
    finally:
        service.terminate()
        service.communicate(timeout=30)
    assert service.returncode == 0


def call(address: str, form: Mapping[str, str], headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(f"{address}{PATH}", encoded(form), dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_running_service_takes_what_twilio_signed_and_nothing_else(
    aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer
) -> None:
    aftercare.environ |= {**live, "AFTERCARE_PUBLIC_URL": PUBLIC}
    aftercare.approve()
    appointment = register(aftercare)
    due = sms(aftercare, appointment, "redness_check")["due_at"]
    assert aftercare.json("dispatch", "--now", due)["sent"] >= 1
    sid = twilio.taken[-1].sid
    form = {"MessageSid": sid, "MessageStatus": "delivered", "To": "+34600000101"}
    with serving(aftercare) as address:
        assert call(address, form, {}) == 403
        assert call(address, form, by_token(f"{address}{PATH}", form, AUTH_TOKEN)) == 403
        assert call(address, form, by_token(f"{PUBLIC}{PATH}", form, AUTH_TOKEN)) == 204
    assert sms(aftercare, appointment, "redness_check")["status"] == "delivered"
    assert json.dumps(form["To"]).encode() not in (aftercare.folder / "var" / "aftercare.db").read_bytes()


def test_a_service_without_a_token_takes_no_reports(aftercare: Aftercare) -> None:
    register(aftercare)
    with serving(aftercare) as address:
        assert call(address, {"MessageSid": "SM1", "MessageStatus": "sent"}, {}) == 503


def test_a_text_that_was_taken_without_an_answer_is_found_by_a_later_pass(
    aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer
) -> None:
    aftercare.environ |= live
    aftercare.approve()
    appointment = register(aftercare)
    due = datetime.fromisoformat(sms(aftercare, appointment, "redness_check")["due_at"])
    twilio.now = lambda: due
    twilio.default = FAIL_AFTER_TAKING
    assert aftercare.json("dispatch", "--now", due.isoformat())["unknown"] >= 1
    taken = len(twilio.taken)
    for minutes in (2, 5, 8):
        aftercare.json("dispatch", "--now", (due + timedelta(minutes=minutes)).isoformat())
    found = sms(aftercare, appointment, "redness_check")
    assert (found["status"], len(twilio.taken)) == ("accepted", taken)
    assert found["reason"].endswith("the provider confirmed that it has it.")
