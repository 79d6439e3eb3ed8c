"""One mail over one connection: MAIL, RCPT, DATA, the content, and what the last reply calls it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import aiosmtplib

from scheduler.channels.smtp.connect import hang_up
from scheduler.channels.smtp.envelope import Envelope, envelope_of
from scheduler.channels.smtp.errors import Stage, interrupted, refused
from scheduler.clock import Clock
from scheduler.domain.outgoing import OutgoingEmail
from scheduler.errors import ChannelError, ErrorKind

_GO_AHEAD = 354
_CLOSING = 421
# Postfix, Exchange; Exim; sendmail; Amazon SES.
_QUEUE_IDS = (
    re.compile(r"queued as ([\w.-]+)", re.IGNORECASE),
    re.compile(r"\bid=([\w.-]+)"),
    re.compile(r"^(?:2\.\d\.\d )?([\w.-]+) Message accepted"),
    re.compile(r"^Ok ([0-9a-f-]{20,})$", re.IGNORECASE),
)


class Transaction:
    """Hands one message over. `timeout` is for the last reply, in seconds. Raises ChannelError when made, too."""

    def __init__(self, message: OutgoingEmail, *, clock: Clock, timeout: float, bounces: str | None = None) -> None:
        self._message = message
        self._envelope = envelope_of(message, bounces)
        self._clock = clock
        self._timeout = timeout

    async def begin(self, smtp: aiosmtplib.SMTP) -> None:
        """Name the sender: the first command, which a dead connection fails without harm."""
        self._check_deadline()
        options = _options(smtp, self._envelope, self._message.mime)
        with _at(Stage.SENDER):
            await smtp.mail(self._envelope.sender, options=options, encoding=self._encoding)

    async def finish(self, smtp: aiosmtplib.SMTP) -> str:
        """Name the recipient, send the content, and return the server's name for the mail.

        1. Up to the reply to DATA nothing is taken: a broken line is TRANSIENT.
        2. The clock is looked at between that reply and the content. Past the deadline the line is closed
           instead, and the server forgets the mail (RFC 5321, 4.1.1.4).
        3. From the content's first byte on, only a reply of 4xx or 5xx says that it was not taken.
        """
        with _at(Stage.RECIPIENT):
            await smtp.rcpt(self._envelope.recipient, encoding=self._encoding)
        with _at(Stage.CONTENT):
            start = await smtp.execute_command(b"DATA")
        if start.code != _GO_AHEAD:
            raise refused(start.code, start.message, Stage.CONTENT)
        try:
            self._check_deadline()
            return await self._send_content(smtp)
        except ChannelError as error:
            if error.kind in (ErrorKind.NOT_CALLED, ErrorKind.UNKNOWN):
                hang_up(smtp)
            raise

    async def _send_content(self, smtp: aiosmtplib.SMTP) -> str:
        protocol = smtp.protocol
        if protocol is None or not protocol.is_connected:
            raise interrupted(ConnectionError(), Stage.CONTENT)
        protocol.write(_stuffed(self._message.mime))
        try:
            reply = await protocol.read_response(timeout=self._timeout)
        except aiosmtplib.SMTPResponseException:
            raise _unanswered("unreadable") from None
        except aiosmtplib.SMTPException as error:
            raise _unanswered("timeout" if isinstance(error, TimeoutError) else "connection-lost") from None
        if reply.code // 100 == 2:  # noqa: PLR2004  (2xx)
            return _queue_id(reply.message) or self._message.message_id
        if reply.code == _CLOSING:
            hang_up(smtp)
        if reply.code // 100 in (4, 5):
            raise refused(reply.code, reply.message, Stage.CONTENT)
        raise _unanswered("unreadable")

    def _check_deadline(self) -> None:
        if self._clock.now() > self._message.deadline:
            raise ChannelError(
                "Email: not sent, its deadline had passed before it could be written",
                kind=ErrorKind.NOT_CALLED,
                code="deadline",
            )

    @property
    def _encoding(self) -> str:
        return "utf-8" if self._envelope.utf8 else "ascii"


@contextmanager
def _at(stage: Stage) -> Iterator[None]:
    """Turn what aiosmtplib raises into our errors; its own hold the address."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as reply:
        raise refused(reply.code, reply.message, stage) from None
    except aiosmtplib.SMTPException as error:
        raise interrupted(error, stage) from None


def _options(smtp: aiosmtplib.SMTP, envelope: Envelope, mime: bytes) -> list[str]:
    """Return the parameters of MAIL. Raises ChannelError for an address that this server can't write to."""
    options = [f"SIZE={len(mime)}"] if smtp.supports_extension("size") else []
    if not mime.isascii() and smtp.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    if envelope.utf8:
        if not smtp.supports_extension("smtputf8"):
            raise ChannelError(
                "Email: the mail server can't write to addresses with letters beyond a-z (SMTPUTF8)",
                kind=ErrorKind.PERMANENT,
                code="no-smtputf8",
            )
        options.append("SMTPUTF8")
    return options


def _stuffed(mime: bytes) -> bytes:
    """Return the content as DATA takes it: lines end in CRLF, a leading dot is doubled, a lone one ends it."""
    if not mime.count(b"\n") == mime.count(b"\r") == mime.count(b"\r\n"):
        mime = re.sub(rb"\r\n|\r|\n", b"\r\n", mime)
    ending = b".\r\n" if mime.endswith(b"\r\n") else b"\r\n.\r\n"
    return (b"\r\n" + mime).replace(b"\r\n.", b"\r\n..")[2:] + ending


def _queue_id(reply: str) -> str | None:
    found = (pattern.search(reply) for pattern in _QUEUE_IDS)
    return next((match.group(1) for match in found if match), None)


def _unanswered(code: str) -> ChannelError:
    return ChannelError(
        f"Email: no clear reply after the content ({code}), the mail server may have taken it",
        kind=ErrorKind.UNKNOWN,
        code=code,
    )
