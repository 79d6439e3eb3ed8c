import asyncio
from pathlib import Path

import pytest

from scheduler.channels.smtp.channel import SmtpTransport
from scheduler.channels.smtp.server import read_smtp_url
from scheduler.clock import FixedClock
from scheduler.errors import ChannelError, ErrorKind, SettingsError
from tests.channels.messages import EMAIL, failure, hand_over
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.mail import Fault
from tests.servers.smtp import SmtpServer

USERS = {"care@lumiere.example": "s3cret:/?#"}
LOGIN = "care%40lumiere.example:s3cret%3A%2F%3F%23"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def transport(clock: FixedClock, url: str, timeout: float = 10.0) -> SmtpTransport:
    return SmtpTransport(read_smtp_url(url), clock=clock, at_once=2, connect_timeout=timeout, command_timeout=timeout)


def test_starttls_with_a_login_sends_encrypted(clock: FixedClock, certificate: Certificate) -> None:
    with SmtpServer(certificate=certificate, users=USERS) as smtp:
        url = f"smtp://{LOGIN}@127.0.0.1:{smtp.port}?starttls=true&ca={certificate.file}"
        hand_over(transport(clock, url), EMAIL)
        (mail,) = smtp.delivered
        assert (mail.encrypted, mail.user) == (True, "care@lumiere.example")


def test_smtps_with_a_login_sends_encrypted(clock: FixedClock, certificate: Certificate) -> None:
    with SmtpServer(certificate=certificate, tls_from_the_start=True, users=USERS) as smtp:
        url = f"smtps://{LOGIN}@127.0.0.1:{smtp.port}?ca={certificate.file}"
        hand_over(transport(clock, url), EMAIL)
        (mail,) = smtp.delivered
        assert (mail.encrypted, mail.user) == (True, "care@lumiere.example")


@pytest.mark.parametrize("tls_from_the_start", [True, False])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    clock: FixedClock, certificate: Certificate, tls_from_the_start: bool
) -> None:
    with SmtpServer(certificate=certificate, tls_from_the_start=tls_from_the_start) as smtp:
        url = smtp.url if tls_from_the_start else f"{smtp.url}?starttls=true"
        error = failure(transport(clock, url), EMAIL)
        assert (error.kind, error.code, smtp.delivered) == (ErrorKind.CONFIGURATION, "certificate", [])
        assert "?ca=FILE" in str(error)


def test_a_certificate_for_another_host_is_refused(clock: FixedClock, tmp_path: Path) -> None:
    other = make_certificate(tmp_path, host="127.0.0.2")
    with SmtpServer(certificate=other, tls_from_the_start=True) as smtp:
        error = failure(transport(clock, f"{smtp.url}?ca={other.file}"), EMAIL)
        assert (error.kind, error.code, smtp.delivered) == (ErrorKind.CONFIGURATION, "certificate", [])


def test_a_server_without_starttls_gets_no_mail_when_it_is_asked_for(smtp: SmtpServer, clock: FixedClock) -> None:
    error = failure(transport(clock, f"{smtp.url}?starttls=true"), EMAIL)
    assert (error.kind, error.code, smtp.delivered) == (ErrorKind.CONFIGURATION, "not-offered", [])


def test_a_wrong_password_is_a_configuration_error(clock: FixedClock, certificate: Certificate) -> None:
    with SmtpServer(certificate=certificate, users=USERS) as smtp:
        url = f"smtp://care%40lumiere.example:wrong@127.0.0.1:{smtp.port}?starttls=true&ca={certificate.file}"
        error = failure(transport(clock, url), EMAIL)
        assert (error.kind, error.code, smtp.delivered) == (ErrorKind.CONFIGURATION, "535 5.7.8", [])
        assert "wrong" not in str(error)


def test_a_login_that_is_missing_is_a_configuration_error(clock: FixedClock) -> None:
    with SmtpServer(users=USERS) as smtp:
        error = failure(transport(clock, smtp.url), EMAIL)
        assert (error.kind, error.code) == (ErrorKind.CONFIGURATION, "530 5.7.0")


def test_a_login_that_the_server_does_not_offer_is_a_configuration_error(smtp: SmtpServer, clock: FixedClock) -> None:
    error = failure(transport(clock, f"smtp://{LOGIN}@127.0.0.1:{smtp.port}"), EMAIL)
    assert (error.kind, error.code) == (ErrorKind.CONFIGURATION, "not-offered")


@pytest.mark.parametrize(
    ("greeting", "kind", "code"),
    [
        ("421 4.3.2 too busy", ErrorKind.TRANSIENT, "421"),
        ("554 5.7.1 no service for you", ErrorKind.CONFIGURATION, "554 5.7.1"),
        ("554 no service", ErrorKind.CONFIGURATION, "554"),
        ("HTTP/1.1 400 Bad Request", ErrorKind.TRANSIENT, "-1"),
        (Fault.HANG_UP, ErrorKind.NOT_CALLED, "unreachable"),
        (Fault.SILENCE, ErrorKind.NOT_CALLED, "timeout"),
    ],
)
def test_a_server_that_does_not_greet_gets_nothing(
    smtp: SmtpServer, clock: FixedClock, greeting: str | Fault, kind: ErrorKind, code: str
) -> None:
    smtp.greeting = greeting
    error = failure(transport(clock, smtp.url, timeout=0.3), EMAIL)
    assert (error.kind, error.code, smtp.delivered) == (kind, code, [])


def test_nothing_listening_means_not_called(clock: FixedClock, unused_port: int) -> None:
    error = failure(transport(clock, f"smtp://127.0.0.1:{unused_port}"), EMAIL)
    assert (error.kind, error.code) == (ErrorKind.NOT_CALLED, "unreachable")


@pytest.mark.usefixtures("no_names")
def test_a_name_that_does_not_exist_means_not_called(clock: FixedClock) -> None:
    error = failure(transport(clock, "smtp://mail.example"), EMAIL)
    assert (error.kind, error.code) == (ErrorKind.NOT_CALLED, "dns")


def test_tls_to_a_plain_port_means_not_called(smtp: SmtpServer, clock: FixedClock) -> None:
    error = failure(transport(clock, smtp.url.replace("smtp:", "smtps:")), EMAIL)
    assert (error.kind, error.code) == (ErrorKind.NOT_CALLED, "tls")


def test_the_probe_logs_in_and_sends_nothing(clock: FixedClock, certificate: Certificate) -> None:
    async def probe(login: str) -> None:
        url = f"smtp://{login}@127.0.0.1:{smtp.port}?starttls=true&ca={certificate.file}"
        async with transport(clock, url) as channel:
            await channel.probe()

    with SmtpServer(certificate=certificate, users=USERS) as smtp:
        asyncio.run(probe(LOGIN))
        with pytest.raises(ChannelError) as caught:
            asyncio.run(probe("care:wrong"))
        assert caught.value.kind is ErrorKind.CONFIGURATION
        assert smtp.delivered == []


def test_a_certificate_file_that_can_not_be_read_is_a_settings_error(clock: FixedClock, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ca=.*missing\.pem: No such file"):
        transport(clock, f"smtps://mail.example?ca={tmp_path / 'missing.pem'}")
    (tmp_path / "empty.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"ca=.*empty\.pem: it holds no certificate"):
        transport(clock, f"smtps://mail.example?ca={tmp_path / 'empty.pem'}")
