import re
from datetime import datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.content.mime import build_mime, header_address
from scheduler.content.render import RenderedEmail, render_email
from scheduler.domain.clinic import EmailSender
from scheduler.errors import TemplateError
from tests.content.given import NOW, SENDER, email_text, values

EMAIL = RenderedEmail("À bientôt", "Héllo\n\n-- \nline\n", "<p>Héllo</p>\n", "digest")
MESSAGE_ID = "<a1b2@lumiere.example>"


def _bytes(
    email: RenderedEmail = EMAIL, *, sender: EmailSender = SENDER, to: str = "ann@mail.example", name: str = "Ann"
) -> bytes:
    return build_mime(email, sender=sender, to=to, to_name=name, message_id=MESSAGE_ID, date=NOW, language="fr")


def _parsed(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def _mailbox(raw: bytes, header: str) -> tuple[str, str]:
    """Read a mailbox as RFC 2047 says; the new parser of Python 3.11 leaves spaces between encoded words."""
    value = BytesParser(policy=policy.compat32).parsebytes(raw)[header]
    name, address = parseaddr(value)
    return str(make_header(decode_header(name))), address


def test_a_parser_reads_back_what_was_meant() -> None:
    message = _parsed(_bytes(name="Zoë “Z” O'Neil"))
    assert message["From"] == "Clinique Lumière <care@lumiere.example>"
    assert message["To"].addresses[0].display_name == "Zoë “Z” O'Neil"
    assert message["To"].addresses[0].addr_spec == "ann@mail.example"
    assert message["Reply-To"] == "desk@lumiere.example"
    assert message["Subject"] == "À bientôt"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == MESSAGE_ID
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part["Content-Transfer-Encoding"] for part in message.iter_parts()] == ["quoted-printable"] * 2
    assert _part(message, "plain") == EMAIL.text
    assert _part(message, "html") == EMAIL.html


UNSUBSCRIBE = f"https://care.example.com/aftercare/u/{'A' * 60}-_"


def _with_link(url: str | None) -> bytes:
    given = {"sender": SENDER, "to": "ann@mail.example", "to_name": "Ann", "message_id": MESSAGE_ID, "date": NOW}
    return build_mime(EMAIL, **given, language="fr", unsubscribe_url=url)  # type: ignore[arg-type]  # by their names


def test_the_headers_of_one_click_stand_whole_on_one_line_each() -> None:
    raw = _with_link(UNSUBSCRIBE)
    assert f"\r\nList-Unsubscribe: <{UNSUBSCRIBE}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert _parsed(raw)["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"


def test_without_a_link_there_is_neither() -> None:
    assert b"List-Unsubscribe" not in _with_link(None)


@pytest.mark.parametrize(
    "url", ["", "mailto:a@b", "https://a b", "https://a>\r\nBcc: x@y", "https://é.example/u", "x"]
)
def test_what_is_no_web_address_does_not_get_into_a_header(url: str) -> None:
    with pytest.raises(TemplateError, match="AFTERCARE_PUBLIC_URL"):
        _with_link(url)


def test_a_real_email_arrives_unchanged(tmp_path: Path) -> None:
    email = render_email(
        email_text(tmp_path, "# Hé\n\n. dot\n\nFrom me = 3 " + "long " * 100), "step", "en", values()
    )
    message = _parsed(_bytes(email))
    assert _part(message, "plain") == email.text
    assert _part(message, "html").rstrip("\n") == email.html.rstrip("\n")


@pytest.mark.parametrize(
    "name", ["Ann", "Ann, Dr.", 'A "B" \\C', "=?utf-8?b?QQ==?=", "é" * 300, "a" * 300, "李 " * 80, ""]
)
def test_every_line_is_crlf_short_ascii_and_every_header_whole(name: str) -> None:
    raw = _bytes(name=name)
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert _mailbox(raw, "To") == (name.strip(), "ann@mail.example")


@given(subject=st.text(max_size=300), name=st.text(max_size=100), text=st.text(max_size=300))
def test_nothing_is_injected_whatever_the_texts(subject: str, name: str, text: str) -> None:
    clean = re.sub(r"[\ud800-\udfff]", "", text)
    line = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", "", subject)
    message = _parsed(_bytes(RenderedEmail(line.strip(), clean, clean, ""), name=name))
    assert message.keys() == [
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language",
        "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert len(message["To"].addresses) == 1
    assert len(list(message.iter_parts())) == 2


@pytest.mark.parametrize(
    "address",
    ["a@x.example\r\nBcc: b@x.example", "a@x.example\n", "a b@x.example", "a@x.example, b@x.example", "<a@x.example>",
     "a", "é@", "a@\u202ex.example", 'a"@x.example'],
)  # fmt: skip
def test_an_address_that_would_break_a_header_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(TemplateError, match="the email address") as caught:
        _bytes(to=address)
    assert "example" not in str(caught.value)


def test_an_international_address_stays_ascii_where_that_is_enough() -> None:
    assert header_address("ann@münchen.example") == "ann@xn--mnchen-3ya.example"
    assert header_address("ann@straße.example") == "ann@xn--strae-oqa.example"


def test_only_an_international_local_part_leaves_utf8_in_the_header() -> None:
    raw = _bytes(to="josé@mail.example")
    assert "To: Ann <josé@mail.example>\r\n".encode() in raw
    assert raw.replace("josé".encode(), b"").isascii()


@pytest.mark.parametrize("message_id", ["a@b", "<a@b>\r\nX: y", "<a b@c>", "<>"])
def test_a_message_id_that_would_break_a_header_is_refused(message_id: str) -> None:
    with pytest.raises(TemplateError, match="Message-ID"):
        build_mime(EMAIL, sender=SENDER, to="a@b.example", to_name="", message_id=message_id, date=NOW, language="en")


def test_the_same_message_is_the_same_bytes_whatever_zone_the_date_was_read_in() -> None:
    assert _bytes() == _bytes()
    local = datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("America/Toronto"))
    raw = build_mime(
        EMAIL, sender=SENDER, to="a@b.example", to_name="", message_id=MESSAGE_ID, date=local, language="en"
    )
    assert b"Date: Mon, 02 Mar 2026 15:00:00 +0000\r\n" in raw
