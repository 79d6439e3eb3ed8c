"""Over a real service: a reply that sounds bad rings, escalates, is taken by its link, and all of it is on record."""

import json
import re
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.acceptance.grounds import Ground, address_of, crowd, ground_in
from tests.chaos.site import mobile
from tests.servers.signing import by_token, encoded
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import AUTH_TOKEN, TwilioServer
from tests.servers.webhook import SECRET, WebhookServer

PUBLIC = "http://127.0.0.1:8000"
INBOUND = "/webhooks/twilio/inbound"
CHECK = datetime(2030, 3, 8, 15, 0, tzinfo=UTC)
"""Ten in the morning in Montréal, two days after the visit."""
DESK, DOCTOR = "+14165550111", "+14165550112"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ground(
    request: pytest.FixtureRequest, tmp_path: Path, twilio: TwilioServer, smtp: SmtpServer, receiver: WebhookServer
) -> Ground:
    """One patient of a clinic with a desk, a doctor and a pager on call."""
    database = request.getfixturevalue("empty_postgres_url") if request.param == "postgres" else None
    made = ground_in(tmp_path, twilio, smtp, database=database)
    made.site.environ["AFTERCARE_WEBHOOK_SECRET"] = SECRET
    clinic = tmp_path / "own" / "config" / "clinics" / "lumiere.yaml"
    on_call = (
        f'on_call: [{{name: Desk, sms: "{DESK}", email: desk@lumiere.example}}, {{name: Doctor, sms: "{DOCTOR}"}}, '
        f'{{name: Pager, webhook: "{receiver.url}"}}]'
    )
    said = clinic.read_text(encoding="utf-8")
    clinic.write_text(re.sub(r"^on_call: .*$", on_call, said, flags=re.MULTILINE), encoding="utf-8")
    made.prepare(1)
    receiver.now = made.site.clock.now
    return made


def write_back(service: str, text: str) -> None:
    """Let the patient's answer come in, as Twilio hands it on."""
    form = {
        "MessageSid": f"SM{'0' * 31}1",
        "From": mobile(0),
        "To": "+14165550109",
        "MessagingServiceSid": "MG0123456789abcdef0123456789abcdef",
        "Body": text,
        "NumMedia": "0",
    }
    headers = by_token(f"{PUBLIC}{INBOUND}", form, AUTH_TOKEN)
    request = urllib.request.Request(f"{service}{INBOUND}", encoded(form), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status in (200, 204)


def opened(service: str, path: str, *, press: bool = False) -> str:
    """Open the page of a link, or press its button."""
    request = urllib.request.Request(f"{service}{path}", data=b"" if press else None)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        error.close()
        raise AssertionError(f"{path}: {error.code}") from None


def link_in(text: str) -> str:
    found = re.search(rf"{PUBLIC}(/a/[\w-]+)", text)
    assert found, text
    return found[1]


def test_a_bad_answer_rings_within_two_seconds_escalates_and_is_taken_by_its_link(
    ground: Ground, twilio: TwilioServer, smtp: SmtpServer, receiver: WebhookServer
) -> None:
    ground.site.clock.move_to(CHECK)
    with ground.serving() as process:
        service = address_of(ground.site.said(process))
        ground.until(lambda: bool(twilio.sent_to(mobile(0))))
        began = time.monotonic()
        write_back(service, "3, and I have a fever")
        ground.until(lambda: bool(twilio.sent_to(DESK) and smtp.delivered_to("desk@lumiere.example")))
        assert time.monotonic() - began < 2.0 * crowd()
        ring = twilio.sent_to(DESK)[0].body
        assert not any(word in ring for word in ("Patient 0", "Sample", mobile(0), "fever"))

        ground.site.clock.move_by(timedelta(minutes=10))
        ground.until(lambda: bool(twilio.sent_to(DOCTOR)))
        ground.site.clock.move_by(timedelta(minutes=10))
        ground.until(lambda: bool(receiver.taken))
        (call,) = receiver.taken.values()
        assert (call.said["kind"], call.said["clinic"]) == ("urgent", "lumiere")

        doctors = link_in(twilio.sent_to(DOCTOR)[0].body)
        page = opened(service, doctors)
        assert "Patient 0 Sample" in page
        assert "3, and I have a fever" in page
        assert "/take" in page
        opened(service, f"{doctors}/take", press=True)
        assert "Doctor" in opened(service, link_in(ring))

        ground.site.clock.move_by(timedelta(minutes=60))
        (alert,) = ground.site.json("alerts", "list")["alerts"]
        assert (alert["taken_by"], alert["ring_at"], alert["rings"]) == ("Doctor", None, 3)
        assert [it["name"] for it in alert["told"]] == ["Desk", "Doctor", "Pager"]
        opened(service, f"{doctors}/close", press=True)
        assert ground.site.json("alerts", "list") == {"alerts": []}
    (first,) = [it for it in ground.site.json("alerts", "--all")["alerts"] if it["kind"] == "urgent"]
    assert [it["cause"] for it in first["history"]] == ["raised", "rung", "rung", "rung", "taken", "closed"]
    assert len(twilio.sent_to(DESK)) == len(twilio.sent_to(DOCTOR)) == 1
    assert "fever" not in json.dumps(first)
