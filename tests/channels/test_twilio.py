import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduler.channels.twilio.channel import TwilioTransport
from scheduler.clock import FixedClock
from scheduler.domain.clinic import SmsSender
from scheduler.domain.outgoing import OutgoingSms
from scheduler.errors import ChannelError, ErrorKind
from tests.channels.messages import ANNA, EMAIL, NOW, SMS, failure, hand_over, outcomes
from tests.servers.behaviours import (
    CLOSE_AFTER_TAKING,
    CLOSE_BEFORE_READING,
    FAIL,
    FAIL_AFTER_TAKING,
    GARBAGE,
    HALF_A_RESPONSE,
    SLOW,
    Behaviour,
    refuse,
)
from tests.servers.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioServer


def transport(
    clock: FixedClock,
    url: str,
    *,
    public_url: str = "https://care.example.com",
    token: str = AUTH_TOKEN,
    timeout: float = 10.0,
) -> TwilioTransport:
    return TwilioTransport(
        account_sid=ACCOUNT_SID, auth_token=token, api_url=url, public_url=public_url, clock=clock, timeout=timeout
    )


def test_a_message_is_taken_once_and_its_sid_comes_back(twilio: TwilioServer, clock: FixedClock) -> None:
    (accepted,) = hand_over(transport(clock, twilio.url), SMS)
    (taken,) = twilio.taken
    assert (accepted.provider_id, taken.to, taken.body) == (taken.sid, ANNA, SMS.body)
    assert taken.params["From"] == "+14165550100"
    assert set(taken.params) == {"To", "From", "Body", "ValidityPeriod", "StatusCallback"}


def test_the_callback_carries_the_attempt(twilio: TwilioServer, clock: FixedClock) -> None:
    hand_over(transport(clock, twilio.url, public_url="https://care.example.com/clinic/"), SMS)
    assert (
        twilio.taken[0].params["StatusCallback"]
        == "https://care.example.com/clinic/webhooks/twilio/status?attempt=attempt-1"
    )


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000", "http://127.8.9.10", "http://[::1]:8000", "http://localhost:8000"]
)
def test_no_callback_is_asked_for_to_this_machine_itself(
    twilio: TwilioServer, clock: FixedClock, address: str
) -> None:
    hand_over(transport(clock, twilio.url, public_url=address), SMS)
    assert "StatusCallback" not in twilio.taken[0].params


@pytest.mark.parametrize(
    ("sender", "name", "value"),
    [
        (SmsSender(messaging_service="MG" + "0" * 32), "MessagingServiceSid", "MG" + "0" * 32),
        (SmsSender(number="+14165550100"), "From", "+14165550100"),
        (SmsSender(name="Serena"), "From", "Serena"),
    ],
)
def test_each_kind_of_sender_goes_into_its_own_field(
    twilio: TwilioServer, clock: FixedClock, sender: SmsSender, name: str, value: str
) -> None:
    hand_over(transport(clock, twilio.url), replace(SMS, sender=sender))
    assert {key: twilio.taken[0].params.get(key) for key in ("From", "MessagingServiceSid")} == {
        "From": None,
        "MessagingServiceSid": None,
        name: value,
    }


def test_a_clinic_without_a_sender_is_a_configuration_error(twilio: TwilioServer, clock: FixedClock) -> None:
    error = failure(transport(clock, twilio.url), replace(SMS, sender=SmsSender()))
    assert (error.kind, error.code, twilio.requests) == (ErrorKind.CONFIGURATION, "no-sender", 0)


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        (timedelta(minutes=90, milliseconds=900), "5400"),
        (timedelta(days=3), "36000"),
        (timedelta(0), "1"),
        (timedelta(seconds=-5), "1"),
    ],
)
def test_twilio_may_try_for_as_long_as_the_message_is_useful(
    twilio: TwilioServer, clock: FixedClock, left: timedelta, seconds: str
) -> None:
    hand_over(transport(clock, twilio.url), replace(SMS, useful_until=NOW + left))
    assert twilio.taken[0].params["ValidityPeriod"] == seconds


def test_a_message_past_its_deadline_is_not_written(twilio: TwilioServer, clock: FixedClock) -> None:
    clock.move_to(SMS.deadline + timedelta(microseconds=1))
    error = failure(transport(clock, twilio.url), SMS)
    assert (error.kind, error.code, twilio.requests) == (ErrorKind.NOT_CALLED, "deadline", 0)


def test_a_deadline_that_passes_while_the_connection_is_made_holds(twilio: TwilioServer) -> None:
    class Hurrying(FixedClock):
        looks = 0

        def now(self) -> datetime:
            self.looks += 1
            return super().now() + timedelta(seconds=20 * self.looks)

    late = transport(Hurrying(NOW), twilio.url)
    error = failure(late, SMS)
    assert (error.kind, error.code, twilio.requests) == (ErrorKind.NOT_CALLED, "deadline", 0)


@pytest.mark.parametrize(
    ("behaviour", "taken", "code"),
    [
        (FAIL_AFTER_TAKING, 1, "20500"),
        (FAIL, 0, "20500"),
        (refuse(503), 0, "http-503"),
        (refuse(500, 21610), 0, "21610"),
        (refuse(408), 0, "http-408"),
        (GARBAGE, 1, "unreadable"),
        (Behaviour(body=b""), 1, "unreadable"),
        (Behaviour(body=b"[]"), 1, "unreadable"),
        (Behaviour(body=b"{}"), 1, "unreadable"),
        (Behaviour(body=b'{"sid": null}'), 1, "unreadable"),
        (Behaviour(body=b'{"sid": 7'), 1, "unreadable"),
        (Behaviour(body=b'{"sid": "SM1", "date_created": 7}'), 1, "unreadable"),
        (HALF_A_RESPONSE, 1, "connection-lost"),
        (CLOSE_BEFORE_READING, 0, "connection-lost"),
        (CLOSE_AFTER_TAKING, 1, "connection-lost"),
        (SLOW, 1, "timeout"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_twilio_may_have_taken_is_unknown(
    twilio: TwilioServer, clock: FixedClock, behaviour: Behaviour, taken: int, code: str
) -> None:
    twilio.script.append(behaviour)
    error = failure(transport(clock, twilio.url, timeout=0.3 if behaviour.hangs else 10.0), SMS)
    assert (error.kind, error.code) == (ErrorKind.UNKNOWN, code)
    assert (len(twilio.taken), twilio.requests) == (taken, 1)


def test_a_kept_connection_that_closes_is_unknown_and_never_tried_again(
    twilio: TwilioServer, clock: FixedClock
) -> None:
    twilio.script.extend([Behaviour(), CLOSE_AFTER_TAKING])
    first, second = outcomes(transport(clock, twilio.url), SMS, replace(SMS, attempt="attempt-9"))
    assert not isinstance(first, ChannelError)
    assert isinstance(second, ChannelError)
    assert second.kind is ErrorKind.UNKNOWN
    assert len(twilio.connections) == 1
    assert len(twilio.taken) == 2


def test_connections_are_kept_between_messages(twilio: TwilioServer, clock: FixedClock) -> None:
    hand_over(transport(clock, twilio.url), *[SMS] * 10)
    assert (len(twilio.taken), len(twilio.connections)) == (10, 1)


def test_many_messages_go_at_once(twilio: TwilioServer, clock: FixedClock) -> None:
    async def run() -> None:
        async with transport(clock, twilio.url) as channel:
            await asyncio.gather(*(channel.send(replace(SMS, body=f"Text {n}")) for n in range(150)))

    asyncio.run(run())
    assert {taken.body for taken in twilio.taken} == {f"Text {n}" for n in range(150)}


def test_nothing_listening_means_not_called(clock: FixedClock, unused_port: int) -> None:
    error = failure(transport(clock, f"http://127.0.0.1:{unused_port}"), SMS)
    assert (error.kind, error.code) == (ErrorKind.NOT_CALLED, "unreachable")


@pytest.mark.usefixtures("no_names")
def test_a_name_that_does_not_exist_means_not_called(clock: FixedClock) -> None:
    error = failure(transport(clock, "http://twilio.example"), SMS)
    assert (error.kind, error.code) == (ErrorKind.NOT_CALLED, "dns")


def test_a_failed_tls_handshake_means_not_called(twilio: TwilioServer, clock: FixedClock) -> None:
    error = failure(transport(clock, twilio.url.replace("http:", "https:")), SMS)
    assert (error.kind, error.code, twilio.taken) == (ErrorKind.NOT_CALLED, "tls", [])


def test_a_wrong_token_is_a_configuration_error(twilio: TwilioServer, clock: FixedClock) -> None:
    error = failure(transport(clock, twilio.url, token="wrong"), SMS)
    assert (error.kind, error.code, twilio.taken) == (ErrorKind.CONFIGURATION, "20003", [])


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("Mon, 02 Mar 2026 15:01:30 GMT", 90.0), ("soon", None)])
def test_429_is_transient_and_says_how_long_to_wait(
    twilio: TwilioServer, clock: FixedClock, value: str, seconds: float | None
) -> None:
    twilio.script.append(refuse(429, 20429, Retry_After=value))
    error = failure(transport(clock, twilio.url), SMS)
    assert (error.kind, error.code, error.retry_after) == (ErrorKind.TRANSIENT, "20429", seconds)


def test_no_error_holds_a_number_a_text_or_a_token(twilio: TwilioServer, clock: FixedClock) -> None:
    twilio.script.extend(
        [refuse(400, 21211), refuse(400, 99999), refuse(500), GARBAGE, HALF_A_RESPONSE, CLOSE_BEFORE_READING]
    )
    errors = outcomes(transport(clock, twilio.url), *[SMS] * 6)
    for error in errors:
        assert isinstance(error, ChannelError)
        shown = f"{error!r} {error} {error.code}"
        assert not any(secret in shown for secret in (ANNA, "Anna", AUTH_TOKEN, "555"))
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None


def test_nothing_is_logged(twilio: TwilioServer, clock: FixedClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="twilio")
    twilio.script.extend([Behaviour(), refuse(400, 21211)])
    outcomes(transport(clock, twilio.url), SMS, SMS)
    assert [record for record in caplog.records if record.name.startswith("twilio")] == []


def test_the_sdk_does_not_look_at_the_environment_for_a_region(
    twilio: TwilioServer, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    hand_over(transport(clock, twilio.url), SMS)
    assert len(twilio.taken) == 1


def test_a_base_address_may_have_a_path(twilio: TwilioServer, clock: FixedClock) -> None:
    error = failure(transport(clock, f"{twilio.url}/proxy"), SMS)
    assert (error.kind, error.code) == (ErrorKind.CONFIGURATION, "http-404")


def test_the_probe_passes_with_the_right_credentials_only(twilio: TwilioServer, clock: FixedClock) -> None:
    async def probe(token: str) -> None:
        async with transport(clock, twilio.url, token=token) as channel:
            await channel.probe()

    asyncio.run(probe(AUTH_TOKEN))
    with pytest.raises(ChannelError, match="credentials") as caught:
        asyncio.run(probe("wrong"))
    assert caught.value.kind is ErrorKind.CONFIGURATION
    assert twilio.taken == []


def test_an_email_is_a_programming_error(twilio: TwilioServer, clock: FixedClock) -> None:
    with pytest.raises(TypeError):
        hand_over(transport(clock, twilio.url), EMAIL)


def test_what_was_taken_can_be_listed_by_number_and_day(twilio: TwilioServer, clock: FixedClock) -> None:
    async def run() -> tuple[list[str], list[str]]:
        async with transport(clock, twilio.url) as channel:
            for number in (ANNA, "+14165550199", ANNA, ANNA):
                await channel.send(replace(SMS, to=number))
            messages = channel._client.messages
            found = await messages.list_async(to=ANNA, page_size=2)
            day = twilio.taken[0].at
            none = await messages.list_async(to=ANNA, date_sent_before=day - timedelta(days=1))
            return [message.sid for message in found], [message.sid for message in none]

    found, none = asyncio.run(run())
    assert found == [taken.sid for taken in reversed(twilio.sent_to(ANNA))]
    assert none == []


def test_an_outgoing_sms_shows_no_patient_data() -> None:
    assert not any(secret in repr(SMS) for secret in (ANNA, "Anna"))
    assert isinstance(SMS, OutgoingSms)
