"""One HTTP request on its way to a provider: whether it may still be written, and whether it was."""

from datetime import datetime

from aiohttp import BytesPayload
from aiohttp.abc import AbstractStreamWriter

from scheduler.clock import Clock


class DeadlinePastError(Exception):
    """The last look at the clock, with the connection in hand, found the deadline past."""


class Handover:
    """What is known of one request. Without a deadline it is always written.

    `written` is set before the first byte leaves: while it is False, nothing of the request left this
    process, whatever went wrong; once it is True, only an answer tells what became of it.
    """

    def __init__(self, clock: Clock, deadline: datetime | None = None) -> None:
        self._clock = clock
        self._deadline = deadline
        self.written = False
        self.too_late = False

    def begin(self) -> None:
        """Note that the request is being written. Raises DeadlinePastError when it must not be."""
        if self._deadline is not None and self._clock.now() > self._deadline:
            self.too_late = True
            raise DeadlinePastError
        self.written = True


class WatchedBody(BytesPayload):
    """A body that asks its hand-over at the very moment when aiohttp, connected, writes it.

    aiohttp holds the headers back until then and sends them with the body.
    """

    def __init__(
        self, content: bytes, handover: Handover, *, content_type: str = "application/x-www-form-urlencoded"
    ) -> None:
        super().__init__(content, content_type=content_type)
        self._handover = handover

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of it."""
        self._handover.begin()
        await super().write(writer)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write so much of it."""
        self._handover.begin()
        await super().write_with_length(writer, content_length)
