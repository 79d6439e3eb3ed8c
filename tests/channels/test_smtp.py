import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.channels.smtp.channel import SmtpTransport
from scheduler.channels.smtp.server import read_smtp_url
from scheduler.clock import FixedClock
from scheduler.domain.clinic import EmailSender
from scheduler.errors import ChannelError, ErrorKind
from tests.channels.messages import EMAIL, MIME, SMS, email_to, failure, hand_over, outcomes
from tests.servers.mail import At, Fault
from tests.servers.smtp import SmtpServer

ANNA = "anna@patients.example"
BOB = "bob@patients.example"
CARE = "care@lumiere.example"
SHORT = 0.4

Open = Callable[..., SmtpTransport]


@pytest.fixture
def open_smtp(clock: FixedClock) -> Open:
    def make(url: str, *, at_once: int = 4, idle_for: float = 30.0, timeout: float = 10.0) -> SmtpTransport:
        return SmtpTransport(
            read_smtp_url(url),
            clock=clock,
            at_once=at_once,
            connect_timeout=timeout,
            command_timeout=timeout,
            idle_for=idle_for,
        )

    return make


def test_a_mail_is_delivered_byte_for_byte_with_its_envelope(smtp: SmtpServer, open_smtp: Open) -> None:
    (accepted,) = hand_over(open_smtp(smtp.url), EMAIL)
    (mail,) = smtp.delivered
    assert (mail.sender, mail.recipients, mail.content) == (CARE, (ANNA,), MIME)
    assert accepted.provider_id == EMAIL.message_id
    assert "SMTPUTF8" not in mail.options


@pytest.mark.parametrize(
    ("mime", "arrives"),
    [
        (b"Subject: x\r\n\r\nno line end", b"Subject: x\r\n\r\nno line end\r\n"),
        (b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\n", b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\n"),
        (b".dot: first\r\n\r\nx\r\n", b".dot: first\r\n\r\nx\r\n"),
        (b"Subject: x\n\nbare\n.\nlines\r.\rends", b"Subject: x\r\n\r\nbare\r\n.\r\nlines\r\n.\r\nends\r\n"),
    ],
)
def test_no_content_ends_a_mail_early(smtp: SmtpServer, open_smtp: Open, mime: bytes, arrives: bytes) -> None:
    hand_over(open_smtp(smtp.url), replace(EMAIL, mime=mime), EMAIL)
    assert [mail.content for mail in smtp.delivered] == [arrives, MIME]


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        ("250 2.0.0 Ok: queued as 4XyZ12-ab", "4XyZ12-ab"),
        ("250 OK id=1rABCD-000abc-12", "1rABCD-000abc-12"),
        ("250 2.0.0 41A9xTk1012345 Message accepted for delivery", "41A9xTk1012345"),
        ("250 Ok 0102018d5f3c1a2b-12345678-90ab-cdef-1234-567890abcdef-000000",
         "0102018d5f3c1a2b-12345678-90ab-cdef-1234-567890abcdef-000000"),
        ("250 2.0.0 OK", EMAIL.message_id),
        ("251 will forward", EMAIL.message_id),
    ],
)  # fmt: skip
def test_the_servers_own_name_for_the_mail_is_kept(smtp: SmtpServer, open_smtp: Open, reply: str, name: str) -> None:
    smtp.final_reply = reply
    (accepted,) = hand_over(open_smtp(smtp.url), EMAIL)
    assert accepted.provider_id == name


REFUSALS = [
    (At.RCPT, "550 5.1.1 no such user", ErrorKind.PERMANENT, "550 5.1.1"),
    (At.RCPT, "550 no such user", ErrorKind.PERMANENT, "550"),
    (At.RCPT, "452 4.2.2 full", ErrorKind.TRANSIENT, "452"),
    (At.RCPT, "552 5.2.2 full", ErrorKind.TRANSIENT, "552 5.2.2"),
    (At.RCPT, "451 4.7.1 greylisted", ErrorKind.TRANSIENT, "451"),
    (At.RCPT, "554 5.7.1 relay access denied", ErrorKind.CONFIGURATION, "554 5.7.1"),
    (At.RCPT, "421 4.3.2 going down", ErrorKind.TRANSIENT, "421"),
    (At.MAIL, "553 5.7.1 not your address", ErrorKind.CONFIGURATION, "553 5.7.1"),
    (At.MAIL, "451 4.3.0 later", ErrorKind.TRANSIENT, "451"),
    (At.MAIL, "421 later", ErrorKind.TRANSIENT, "421"),
    (At.DATA, "554 no valid recipients", ErrorKind.CONTENT, "554"),
    (At.DATA, "451 later", ErrorKind.TRANSIENT, "451"),
    (At.CONTENT, "554 5.7.1 spam", ErrorKind.CONTENT, "554 5.7.1"),
    (At.CONTENT, "552 5.3.4 too big", ErrorKind.CONTENT, "552 5.3.4"),
    (At.CONTENT, "550 5.7.26 unauthenticated", ErrorKind.CONFIGURATION, "550 5.7.26"),
    (At.CONTENT, "451 4.3.0 disk full", ErrorKind.TRANSIENT, "451"),
    (At.CONTENT, "421 4.3.2 going down", ErrorKind.TRANSIENT, "421"),
]


@pytest.mark.parametrize(("at", "reply", "kind", "code"), REFUSALS)
def test_a_refusal_means_what_its_code_and_its_place_say(
    smtp: SmtpServer, open_smtp: Open, *, at: At, reply: str, kind: ErrorKind, code: str
) -> None:
    smtp.always[at, CARE if at is At.MAIL else ANNA] = reply
    error = failure(open_smtp(smtp.url), EMAIL)
    assert (error.kind, error.code, smtp.delivered) == (kind, code, [])


@pytest.mark.parametrize(("at", "reply", "kind", "code"), REFUSALS)
def test_after_a_refusal_the_next_mail_goes_out(
    smtp: SmtpServer, open_smtp: Open, *, at: At, reply: str, kind: ErrorKind, code: str
) -> None:
    smtp.replies[at, CARE if at is At.MAIL else ANNA] = [reply]
    first, second = outcomes(open_smtp(smtp.url, at_once=1), EMAIL, email_to(BOB))
    assert isinstance(first, ChannelError)
    assert (first.kind, first.code) == (kind, code)
    assert not isinstance(second, ChannelError)
    assert smtp.connections == (2 if reply.startswith("421") else 1)


def test_no_error_holds_an_address_or_what_the_server_said(smtp: SmtpServer, open_smtp: Open) -> None:
    smtp.replies[At.RCPT, ANNA] = ["550 5.1.1 <anna@patients.example> unknown", Fault.HANG_UP]
    smtp.replies[At.CONTENT, ANNA] = ["554 anna is spam", Fault.HANG_UP]
    for error in outcomes(open_smtp(smtp.url), EMAIL, EMAIL, EMAIL, EMAIL):
        assert isinstance(error, ChannelError)
        assert "anna" not in f"{error!r} {error} {error.code}".lower()
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize(
    ("at", "fault", "kind", "code", "delivered"),
    [
        (At.RCPT, Fault.HANG_UP, ErrorKind.TRANSIENT, "connection-lost", 0),
        (At.RCPT, Fault.SILENCE, ErrorKind.TRANSIENT, "timeout", 0),
        (At.DATA, Fault.HANG_UP, ErrorKind.TRANSIENT, "connection-lost", 0),
        (At.DATA, Fault.SILENCE, ErrorKind.TRANSIENT, "timeout", 0),
        (At.CONTENT, Fault.HANG_UP, ErrorKind.UNKNOWN, "connection-lost", 1),
        (At.CONTENT, Fault.SILENCE, ErrorKind.UNKNOWN, "timeout", 1),
        (At.CONTENT, "garbage", ErrorKind.UNKNOWN, "unreadable", 0),
        (At.CONTENT, "354 go on", ErrorKind.UNKNOWN, "unreadable", 0),
    ],
)
def test_only_what_breaks_after_the_content_is_unknown(
    smtp: SmtpServer,
    open_smtp: Open,
    *,
    at: At,
    fault: Fault | str,
    kind: ErrorKind,
    code: str,
    delivered: int,
) -> None:
    smtp.replies[at, ANNA] = [fault]
    patience = SHORT if fault is Fault.SILENCE else 10.0
    first, second = outcomes(open_smtp(smtp.url, timeout=patience), EMAIL, email_to(BOB))
    assert isinstance(first, ChannelError)
    assert (first.kind, first.code) == (kind, code)
    assert len(smtp.delivered_to(ANNA)) == delivered
    assert not isinstance(second, ChannelError)


@pytest.mark.parametrize("fault", [Fault.HANG_UP, Fault.SILENCE, "421 4.4.2 idle too long"])
def test_a_kept_connection_that_died_is_replaced_and_the_mail_goes_once(
    smtp: SmtpServer, open_smtp: Open, fault: Fault | str
) -> None:
    async def run() -> None:
        async with open_smtp(smtp.url, timeout=SHORT if fault is Fault.SILENCE else 10.0) as channel:
            await channel.send(EMAIL)
            smtp.replies[At.MAIL, CARE] = [fault]
            await channel.send(email_to(BOB))

    asyncio.run(run())
    assert (len(smtp.delivered), smtp.connections) == (2, 2)


def test_connections_that_all_died_are_dropped_together(smtp: SmtpServer, open_smtp: Open) -> None:
    async def run() -> None:
        async with open_smtp(smtp.url, at_once=3) as channel:
            await asyncio.gather(*(channel.send(EMAIL) for _ in range(3)))
            smtp.hang_up()
            await asyncio.gather(*(channel.send(email_to(BOB)) for _ in range(3)))

    asyncio.run(run())
    assert (len(smtp.delivered_to(ANNA)), len(smtp.delivered_to(BOB))) == (3, 3)


def test_a_fresh_connection_that_breaks_at_once_is_not_tried_for_ever(smtp: SmtpServer, open_smtp: Open) -> None:
    smtp.always[At.MAIL, CARE] = Fault.HANG_UP
    error = failure(open_smtp(smtp.url), EMAIL)
    assert (error.kind, error.code, smtp.connections) == (ErrorKind.TRANSIENT, "connection-lost", 1)


def test_one_connection_serves_many_mails(smtp: SmtpServer, open_smtp: Open) -> None:
    hand_over(open_smtp(smtp.url), *[EMAIL] * 20)
    assert (len(smtp.delivered), smtp.connections) == (20, 1)


def test_never_more_connections_than_emails_at_once(smtp: SmtpServer, open_smtp: Open) -> None:
    async def run() -> None:
        async with open_smtp(smtp.url, at_once=3) as channel:
            await asyncio.gather(*(channel.send(email_to(f"p{n}@patients.example")) for n in range(40)))

    asyncio.run(run())
    assert {mail.recipients[0] for mail in smtp.delivered} == {f"p{n}@patients.example" for n in range(40)}
    assert len(smtp.delivered) == 40
    assert smtp.connections <= 3


def test_a_connection_that_is_not_needed_is_closed(smtp: SmtpServer, open_smtp: Open) -> None:
    async def run() -> int:
        async with open_smtp(smtp.url, idle_for=0.0) as channel:
            await channel.send(EMAIL)
            await asyncio.to_thread(smtp.wait_until_all_closed)
            await channel.send(EMAIL)
            return smtp.connections

    assert asyncio.run(run()) == 2


def test_leaving_the_transport_says_goodbye(smtp: SmtpServer, open_smtp: Open) -> None:
    hand_over(open_smtp(smtp.url), EMAIL)
    smtp.wait_until_all_closed()
    assert smtp.open_connections == 0


def test_a_cancelled_mail_leaves_no_dirty_connection(smtp: SmtpServer, open_smtp: Open) -> None:
    async def run() -> None:
        async with open_smtp(smtp.url, at_once=1) as channel:
            smtp.replies[At.RCPT, ANNA] = [Fault.SILENCE]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(channel.send(EMAIL), SHORT)
            await channel.send(email_to(BOB))

    asyncio.run(run())
    assert [mail.recipients for mail in smtp.delivered] == [(BOB,)]


def test_a_mail_past_its_deadline_is_not_sent(smtp: SmtpServer, open_smtp: Open, clock: FixedClock) -> None:
    clock.move_to(EMAIL.deadline + timedelta(microseconds=1))
    error = failure(open_smtp(smtp.url), EMAIL)
    assert (error.kind, error.code, smtp.delivered) == (ErrorKind.NOT_CALLED, "deadline", [])


def test_a_deadline_that_passes_just_before_the_content_holds(
    smtp: SmtpServer, open_smtp: Open, clock: FixedClock
) -> None:
    async def run() -> ChannelError:
        async with open_smtp(smtp.url) as channel:
            await channel.send(email_to(BOB))
            smtp.on_data = lambda: clock.move_to(EMAIL.deadline + timedelta(seconds=1))
            with pytest.raises(ChannelError) as caught:
                await channel.send(EMAIL)
            return caught.value

    error = asyncio.run(run())
    smtp.wait_until_all_closed()
    assert (error.kind, error.code, smtp.delivered_to(ANNA)) == (ErrorKind.NOT_CALLED, "deadline", [])


def test_a_foreign_domain_is_written_in_ascii(smtp: SmtpServer, open_smtp: Open) -> None:
    hand_over(open_smtp(smtp.url), email_to("anna@bücher.example"))
    (mail,) = smtp.delivered
    assert mail.recipients == ("anna@xn--bcher-kva.example",)
    assert "SMTPUTF8" not in mail.options


def test_a_foreign_local_part_needs_smtputf8(smtp: SmtpServer, open_smtp: Open) -> None:
    hand_over(open_smtp(smtp.url), email_to("jörg@patients.example"))
    (mail,) = smtp.delivered
    assert mail.recipients == ("jörg@patients.example",)
    assert "SMTPUTF8" in mail.options


def test_without_smtputf8_such_an_address_is_out_of_reach(open_smtp: Open) -> None:
    with SmtpServer(smtputf8=False) as smtp:
        first, second = outcomes(open_smtp(smtp.url), email_to("jörg@patients.example"), EMAIL)
        assert isinstance(first, ChannelError)
        assert (first.kind, first.code) == (ErrorKind.PERMANENT, "no-smtputf8")
        assert not isinstance(second, ChannelError)
        assert smtp.connections == 1


def test_eight_bit_content_is_declared(smtp: SmtpServer, open_smtp: Open) -> None:
    mime = "Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\nécran solaire\r\n".encode()
    hand_over(open_smtp(smtp.url), replace(EMAIL, mime=mime))
    (mail,) = smtp.delivered
    assert mail.content == mime
    assert "BODY=8BITMIME" in mail.options


@pytest.mark.parametrize(
    "address",
    [
        "anna",
        "anna@",
        "@patients.example",
        "anna@patients.example\r\nRCPT TO:<eve@evil.example>",
        "anna@patients.example,eve@evil.example",
        "anna@patients.example> SIZE=1 <eve@evil.example",
        "Anna <anna@patients.example>",
        "anna@b\u00fccher..example",
        "anna@pat\x00ients.example",
    ],
)
def test_what_is_not_one_address_is_never_sent(smtp: SmtpServer, open_smtp: Open, address: str) -> None:
    error = failure(open_smtp(smtp.url), email_to(address))
    assert (error.kind, error.code, smtp.connections) == (ErrorKind.PERMANENT, "bad-address", 0)


def test_a_bad_sender_is_the_clinics_fault(smtp: SmtpServer, open_smtp: Open) -> None:
    error = failure(open_smtp(smtp.url), replace(EMAIL, sender=EmailSender(address="care", name="Care")))
    assert (error.kind, error.code) == (ErrorKind.CONFIGURATION, "bad-sender")


def test_an_sms_is_a_programming_error(smtp: SmtpServer, open_smtp: Open) -> None:
    with pytest.raises(TypeError):
        hand_over(open_smtp(smtp.url), SMS)
