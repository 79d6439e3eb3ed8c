"""Connections to the mail server, kept open between messages, never more than emails may go at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import aiosmtplib

from scheduler.channels.smtp.connect import connect, hang_up
from scheduler.channels.smtp.server import SmtpServer
from scheduler.errors import ChannelError

T = TypeVar("T")


class StaleError(ChannelError):
    """The connection broke at the first command: nothing of a message was sent."""


class Pool:
    """At most `size` connections; one that was not needed for `idle_for` seconds is closed.

    Timeouts are in seconds. Raises SettingsError when the trusted certificates can't be read.
    """

    def __init__(
        self, server: SmtpServer, *, size: int, connect_timeout: float, command_timeout: float, idle_for: float
    ) -> None:
        self._server = server
        self._tls = server.tls_context()
        self._slots = asyncio.Semaphore(size)
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._idle_for = idle_for
        self._idle: dict[aiosmtplib.SMTP, asyncio.TimerHandle] = {}

    async def run(
        self,
        begin: Callable[[aiosmtplib.SMTP], Awaitable[object]],
        finish: Callable[[aiosmtplib.SMTP], Awaitable[T]],
    ) -> T:
        """Do `begin`, the first command, and then `finish` on one connection. Both raise ChannelError only.

        A kept connection may have died unseen: when it breaks at `begin`, a fresh one is tried, once. `finish` is
        never done twice.
        """
        async with self._slots:
            if (kept := self._take()) is not None:
                try:
                    return await self._run_on(kept, begin, finish)
                except StaleError:
                    self._drop_all()
            fresh = await connect(
                self._server, self._tls, connect_timeout=self._connect_timeout, command_timeout=self._command_timeout
            )
            return await self._run_on(fresh, begin, finish)

    async def close(self) -> None:
        """Take leave of the server on every kept connection."""
        while (smtp := self._take()) is not None:
            with suppress(aiosmtplib.SMTPException):
                await smtp.execute_command(b"QUIT", timeout=self._connect_timeout)
            hang_up(smtp)

    async def _run_on(
        self,
        smtp: aiosmtplib.SMTP,
        begin: Callable[[aiosmtplib.SMTP], Awaitable[object]],
        finish: Callable[[aiosmtplib.SMTP], Awaitable[T]],
    ) -> T:
        """Keep the connection afterwards if it is fit for the next message; a cancelled one never is."""
        fit = False
        try:
            await _begin(smtp, begin)
            result = await finish(smtp)
            fit = smtp.is_connected
        except ChannelError:
            fit = await _reset(smtp)
            raise
        finally:
            if fit:
                self._keep(smtp)
            else:
                hang_up(smtp)
        return result

    def _keep(self, smtp: aiosmtplib.SMTP) -> None:
        self._idle[smtp] = asyncio.get_running_loop().call_later(self._idle_for, self._drop, smtp)

    def _take(self) -> aiosmtplib.SMTP | None:
        """Take the connection used last, so that those which are not needed grow old."""
        while self._idle:
            smtp, alarm = self._idle.popitem()
            alarm.cancel()
            if smtp.is_connected:
                return smtp
        return None

    def _drop(self, smtp: aiosmtplib.SMTP) -> None:
        self._idle.pop(smtp).cancel()
        hang_up(smtp)

    def _drop_all(self) -> None:
        for smtp in tuple(self._idle):
            self._drop(smtp)


async def _begin(smtp: aiosmtplib.SMTP, begin: Callable[[aiosmtplib.SMTP], Awaitable[object]]) -> None:
    try:
        await begin(smtp)
    except ChannelError as error:
        if smtp.is_connected:
            raise
        raise StaleError(
            str(error), kind=error.kind, code=error.code, retry_after=error.retry_after, scope=error.scope
        ) from None


async def _reset(smtp: aiosmtplib.SMTP) -> bool:
    """Whether the connection is fit for the next message after this one was refused."""
    if not smtp.is_connected:
        return False
    try:
        await smtp.rset()
    except aiosmtplib.SMTPException:
        return False
    return True
