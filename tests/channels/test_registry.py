from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.channels.registry import open_transports
from scheduler.channels.rehearsal import RehearsalTransport
from scheduler.channels.smtp.channel import SmtpTransport
from scheduler.channels.twilio.channel import TwilioTransport
from scheduler.clock import FixedClock
from scheduler.domain.outgoing import Outgoing
from scheduler.domain.protocol import Channel
from scheduler.errors import SettingsError
from scheduler.settings import Delivery, Settings
from tests.channels.messages import EMAIL, SMS, hand_over
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioServer


def settings(tmp_path: Path, **changes: object) -> Settings:
    live = Settings(
        database_url="sqlite:///unused.db",
        config_dir=tmp_path,
        templates_dir=tmp_path,
        data_dir=tmp_path,
        delivery=Delivery.LIVE,
        twilio_account_sid=ACCOUNT_SID,
        twilio_auth_token=AUTH_TOKEN,
        smtp_url="smtps://mail.example",
    )
    return replace(live, **changes)  # type: ignore[arg-type]  # by their names


def no_keep(_attempt: str, _channel: Channel, _message: Outgoing) -> None:
    raise AssertionError("nothing is rehearsed here")


def test_nothing_leaves_the_machine_unless_delivery_is_live(tmp_path: Path, clock: FixedClock) -> None:
    kept = []
    transports = open_transports(
        settings(tmp_path, delivery=Delivery.REHEARSAL),
        clock=clock,
        keep=lambda attempt, channel, _message: kept.append((attempt, channel)),
        emails_at_once=2,
    )
    assert all(isinstance(transport, RehearsalTransport) for transport in transports.values())
    hand_over(transports[Channel.SMS], SMS)
    hand_over(transports[Channel.EMAIL], EMAIL)
    assert kept == [("attempt-1", Channel.SMS), ("attempt-2", Channel.EMAIL)]
    assert sorted(file.suffix for file in (tmp_path / "outbox").iterdir()) == [".eml", ".txt"]


def test_live_delivery_hands_over_to_twilio_and_smtp(
    tmp_path: Path, clock: FixedClock, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    transports = open_transports(
        settings(tmp_path, twilio_api_url=twilio.url, smtp_url=smtp.url), clock=clock, keep=no_keep, emails_at_once=2
    )
    hand_over(transports[Channel.SMS], SMS)
    hand_over(transports[Channel.EMAIL], EMAIL)
    assert (len(twilio.taken), len(smtp.delivered)) == (1, 1)
    assert not (tmp_path / "outbox").exists()


def test_live_delivery_without_credentials_names_all_that_is_missing(tmp_path: Path, clock: FixedClock) -> None:
    bare = settings(tmp_path, twilio_account_sid=None, twilio_auth_token=None, smtp_url=None)
    with pytest.raises(SettingsError) as caught:
        open_transports(bare, clock=clock, keep=no_keep, emails_at_once=2)
    assert all(
        name in str(caught.value) for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "AFTERCARE_SMTP_URL")
    )
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"twilio_api_url": "http://api.example"}, "AFTERCARE_TWILIO_API_URL.*https"),
        ({"twilio_api_url": "http://127.0.0.1.evil.example"}, "AFTERCARE_TWILIO_API_URL.*https"),
        ({"public_url": "https://my_clinic.example"}, "AFTERCARE_PUBLIC_URL.*underscore"),
        ({"smtp_url": "smtp://mail.example?starttls=false"}, "AFTERCARE_SMTP_URL.*in the clear"),
    ],
)
def test_what_would_expose_patients_or_never_work_is_refused(
    tmp_path: Path, clock: FixedClock, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        open_transports(settings(tmp_path, **changes), clock=clock, keep=no_keep, emails_at_once=2)


def test_the_shipped_addresses_are_fine_for_live(tmp_path: Path, clock: FixedClock) -> None:
    transports = open_transports(settings(tmp_path), clock=clock, keep=no_keep, emails_at_once=2)
    assert isinstance(transports[Channel.SMS], TwilioTransport)
    assert isinstance(transports[Channel.EMAIL], SmtpTransport)
