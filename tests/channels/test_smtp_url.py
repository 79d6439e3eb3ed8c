import pytest

from scheduler.channels.smtp.server import Security, SmtpServer, read_smtp_url
from scheduler.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 587, Security.STARTTLS)),
        ("smtp://mail.example/", SmtpServer("mail.example", 587, Security.STARTTLS)),
        ("smtp://mail.example:2525?starttls=true", SmtpServer("mail.example", 2525, Security.STARTTLS)),
        ("smtp://mail.example?starttls=required", SmtpServer("mail.example", 587, Security.STARTTLS)),
        ("smtps://mail.example", SmtpServer("mail.example", 465, Security.TLS)),
        ("smtp://127.0.0.1:1025", SmtpServer("127.0.0.1", 1025, Security.PLAIN)),
        ("smtp://localhost", SmtpServer("localhost", 25, Security.PLAIN)),
        ("smtp://[::1]:25?starttls=false", SmtpServer("::1", 25, Security.PLAIN)),
        ("smtp://localhost?starttls=true", SmtpServer("localhost", 587, Security.STARTTLS)),
        (
            "smtps://a%40b:p%3Aw%2F%23@mail.example?ca=/etc/ca.pem",
            SmtpServer("mail.example", 465, Security.TLS, "a@b", "p:w/#", "/etc/ca.pem"),
        ),
        ("smtps://user@mail.example", SmtpServer("mail.example", 465, Security.TLS, "user", "")),
    ],
)
def test_an_address_says_where_and_how(url: str, server: SmtpServer) -> None:
    assert read_smtp_url(url) == server


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smtp://mail.example?starttls=false", "in the clear"),
        ("smtp://192.168.1.5?starttls=false", "in the clear"),
        ("smtp://127.0.0.1.evil.example?starttls=false", "in the clear"),
        ("smtps://mail.example?starttls=true", "leave starttls out"),
        ("smtp://mail.example?starttls=perhaps", "true or false"),
        ("smtp://mail.example?startls=true", "'startls' is not known"),
        ("smtp://mail.example:70000", "port"),
        ("smtp://mail.example:mail", "port"),
        ("http://mail.example", "looks like"),
        ("smtp://", "looks like"),
        ("smtp://user:pass#word@mail.example", "%23"),
        ("smtp://user:pass/word@mail.example", "looks like"),
        ("smtp://mail.example/path", "looks like"),
        ("smtp://:password@mail.example", "no user"),
    ],
)
def test_a_wrong_address_is_refused_in_one_line(url: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_smtp_url(url)
    assert words in str(caught.value)
    assert str(caught.value).startswith("AFTERCARE_SMTP_URL")
    assert "\n" not in str(caught.value)
    assert "word@mail" not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(read_smtp_url("smtps://user:s3cret@mail.example"))
