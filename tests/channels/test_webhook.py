"""Alerts reach a clinic's own system signed, once, and what it answers is understood."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.channels.webhook.channel import WebhookTransport
from scheduler.channels.webhook.signing import signed_headers
from scheduler.clock import FixedClock
from scheduler.domain.outgoing import OutgoingCall
from scheduler.errors import ChannelError, ErrorKind, SettingsError
from scheduler.settings import read_settings
from tests.channels.messages import NOW, SMS, failure, hand_over
from tests.servers.behaviours import CLOSE_AFTER_TAKING, SLOW, Behaviour, refuse
from tests.servers.webhook import SECRET, WebhookServer

PAYLOAD = b'{"type":"alert","alert":7}'


@pytest.fixture
def transport(clock: FixedClock, receiver: WebhookServer) -> WebhookTransport:
    receiver.now = clock.now
    return WebhookTransport(SECRET, clock=clock, timeout=0.5)


@pytest.fixture
def call(receiver: WebhookServer) -> OutgoingCall:
    return OutgoingCall("attempt-3", receiver.url, "alert-7-12", PAYLOAD, NOW + timedelta(seconds=30))


def test_it_signs_as_the_published_example_of_standard_webhooks() -> None:
    sent = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', now=sent)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_that_checks_the_signature_takes_the_call(
    transport: WebhookTransport, call: OutgoingCall, receiver: WebhookServer
) -> None:
    (accepted,) = hand_over(transport, call)
    assert (accepted.provider_id, accepted.reports) == ("alert-7-12", False)
    (taken,) = receiver.calls
    assert taken.body == PAYLOAD
    assert taken.headers["Content-Type"] == "application/json"


def test_a_secret_without_its_prefix_is_the_same_secret(
    clock: FixedClock, call: OutgoingCall, receiver: WebhookServer
) -> None:
    receiver.now = clock.now
    hand_over(WebhookTransport(SECRET.removeprefix("whsec_"), clock=clock), call)
    assert len(receiver.taken) == 1


def test_another_secret_is_refused_by_the_receiver_and_that_is_for_good(
    clock: FixedClock, call: OutgoingCall, receiver: WebhookServer
) -> None:
    receiver.now = clock.now
    guessed = WebhookTransport("whsec_" + "QUFB" * 8, clock=clock)
    assert failure(guessed, call).kind is ErrorKind.PERMANENT
    assert (receiver.refused, receiver.calls) == (1, [])


@pytest.mark.parametrize("status", [300, 301, 307, 400, 401, 403, 404, 405, 410, 413, 422])
def test_what_will_not_be_taken_later_either_fails_for_good(
    status: int, transport: WebhookTransport, call: OutgoingCall, receiver: WebhookServer
) -> None:
    receiver.default = refuse(status, Location="http://127.0.0.1:1/elsewhere")
    error = failure(transport, call)
    assert (error.kind, error.code) == (ErrorKind.PERMANENT, f"http-{status}")
    assert len(receiver.calls) == 1


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_what_may_be_taken_later_is_tried_again(
    status: int, transport: WebhookTransport, call: OutgoingCall, receiver: WebhookServer
) -> None:
    receiver.default = refuse(status)
    error = failure(transport, call)
    assert (error.kind, error.retry_after) == (ErrorKind.TRANSIENT, None)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("90", 90), ("86400", 3600), ("Mon, 02 Mar 2026 15:02:00 GMT", 120), ("Mon, 02 Mar 2026 14:00:00 GMT", 0)],
)
def test_the_wait_that_a_receiver_asks_for_is_kept_up_to_an_hour(
    said: str, seconds: float, transport: WebhookTransport, call: OutgoingCall, receiver: WebhookServer
) -> None:
    receiver.default = refuse(429, Retry_After=said)
    assert failure(transport, call).retry_after == seconds


@pytest.mark.parametrize("said", ["soon", "", "-1", "²"])
def test_a_wait_that_can_not_be_read_is_none(said: str, transport: WebhookTransport, receiver: WebhookServer) -> None:
    receiver.default = refuse(503, Retry_After=said.encode().decode("latin-1"))
    call = OutgoingCall("attempt-3", receiver.url, "alert-7-12", PAYLOAD, NOW + timedelta(seconds=30))
    assert failure(transport, call).retry_after is None


@pytest.mark.parametrize("behaviour", [CLOSE_AFTER_TAKING, SLOW], ids=["closes", "is silent"])
def test_a_call_that_was_written_and_not_answered_is_unknown(
    behaviour: Behaviour, transport: WebhookTransport, call: OutgoingCall, receiver: WebhookServer
) -> None:
    receiver.default = behaviour
    assert failure(transport, call).kind is ErrorKind.UNKNOWN


def test_where_nobody_listens_nothing_was_called(
    transport: WebhookTransport, call: OutgoingCall, unused_port: int
) -> None:
    error = failure(transport, replace(call, to=f"http://127.0.0.1:{unused_port}/alerts?key=of-the-clinic"))
    assert (error.kind, error.code) == (ErrorKind.NOT_CALLED, "unreachable")


@pytest.mark.usefixtures("no_names")
def test_an_unknown_host_was_not_called(transport: WebhookTransport, call: OutgoingCall) -> None:
    error = failure(transport, replace(call, to="https://system.clinic.example/alerts"))
    assert (error.kind, error.code) == (ErrorKind.NOT_CALLED, "dns")


def test_past_its_deadline_nothing_is_written(
    transport: WebhookTransport, call: OutgoingCall, receiver: WebhookServer, clock: FixedClock
) -> None:
    clock.move_to(call.deadline + timedelta(milliseconds=1))
    error = failure(transport, call)
    assert (error.kind, error.code) == (ErrorKind.NOT_CALLED, "deadline")
    assert receiver.calls == []


def test_without_a_secret_nobody_is_called(clock: FixedClock, call: OutgoingCall, receiver: WebhookServer) -> None:
    error = failure(WebhookTransport(None, clock=clock), call)
    assert error.kind is ErrorKind.PERMANENT
    assert "AFTERCARE_WEBHOOK_SECRET" in str(error)
    assert (receiver.calls, receiver.refused) == ([], 0)


def test_no_error_and_no_repr_names_the_address_which_may_hold_a_secret(
    transport: WebhookTransport, call: OutgoingCall, receiver: WebhookServer, unused_port: int
) -> None:
    said: list[ChannelError] = []
    for behaviour in (refuse(404), refuse(500), CLOSE_AFTER_TAKING):
        receiver.default = behaviour
        said.append(failure(transport, call))
    said.append(failure(transport, replace(call, to=f"http://127.0.0.1:{unused_port}/of-the-clinic")))
    words = " ".join(f"{error} {error.__cause__!r}" for error in said) + repr(call)
    assert "of-the-clinic" not in words
    assert "127.0.0.1" not in words


def test_it_carries_alerts_only(transport: WebhookTransport) -> None:
    with pytest.raises(TypeError, match="alerts only"):
        hand_over(transport, SMS)


def test_it_has_to_be_opened(transport: WebhookTransport, call: OutgoingCall) -> None:
    with pytest.raises(RuntimeError, match="open the channel"):
        asyncio.run(transport.send(call))


@pytest.mark.parametrize("secret", ["short", "whsec_c2hvcnQ=", "not base64 at all!", "QUFB" * 30, "whsec_"])
def test_a_secret_that_receivers_could_not_read_is_refused_without_quoting_it(secret: str) -> None:
    with pytest.raises(SettingsError, match="24 to 64 bytes in base64") as refused:
        read_settings({"AFTERCARE_WEBHOOK_SECRET": secret})
    assert secret not in str(refused.value)


def test_the_secret_may_come_from_a_file_and_is_in_no_repr(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    settings = read_settings({"AFTERCARE_WEBHOOK_SECRET_FILE": str(tmp_path / "secret")})
    assert settings.webhook_secret == SECRET
    assert SECRET not in repr(settings)
