"""Email over SMTP: one recipient per message, never repeated here."""

from types import TracebackType
from typing import Self

import aiosmtplib

from scheduler.channels.smtp.errors import Stage, interrupted, refused
from scheduler.channels.smtp.pool import Pool
from scheduler.channels.smtp.server import SmtpServer
from scheduler.channels.smtp.transaction import Transaction
from scheduler.clock import Clock
from scheduler.domain.outgoing import Accepted, Outgoing, OutgoingEmail


class SmtpTransport:
    """The email channel, with at most `at_once` connections. Timeouts are in seconds.

    `idle_for`: a connection not needed for so long is closed. `bounces`: the mailbox that undeliverable mail comes
    back to, under an address for each hand-over; without it that is the clinic's sender. Raises SettingsError when
    made with a certificate file that can't be read.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        clock: Clock,
        at_once: int,
        bounces: str | None = None,
        connect_timeout: float = 10.0,
        command_timeout: float = 30.0,
        idle_for: float = 30.0,
    ) -> None:
        self._clock = clock
        self._bounces = bounces
        self._timeout = command_timeout
        self._pool = Pool(
            server,
            size=at_once,
            connect_timeout=connect_timeout,
            command_timeout=command_timeout,
            idle_for=idle_for,
        )

    async def __aenter__(self) -> Self:
        """Open nothing yet: the first message connects."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the kept connections."""
        await self._pool.close()

    async def send(self, message: Outgoing) -> Accepted:
        """Hand the mail to the server. Raises ChannelError as `smtp.errors` says.

        The id is the server's queue id where its reply has one, else the Message-ID.
        """
        if not isinstance(message, OutgoingEmail):
            raise TypeError("SMTP sends emails only")
        transaction = Transaction(message, clock=self._clock, timeout=self._timeout, bounces=self._bounces)
        return Accepted(await self._pool.run(transaction.begin, transaction.finish))

    async def probe(self) -> None:
        """Connect, encrypt and log in as for a mail, and send none. Raises ChannelError."""
        await self._pool.run(_noop, _noop)


async def _noop(smtp: aiosmtplib.SMTP) -> None:
    try:
        await smtp.noop()
    except aiosmtplib.SMTPResponseException as reply:
        raise refused(reply.code, reply.message, Stage.CONNECT) from None
    except aiosmtplib.SMTPException as error:
        raise interrupted(error, Stage.CONNECT) from None
