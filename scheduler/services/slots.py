"""How many hand-overs of a channel go on at once, whichever batches of an engine they belong to."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field

from scheduler.domain.protocol import Channel


@dataclass(slots=True)
class Slots:
    """`at_once` bounds the hand-overs that go on, for each channel. One for all batches of an engine.

    So while one batch is begun or recorded, the others have its slots: the provider is never waited for in turns.
    Emails are the exception: no portion begins while another is on its way, since no server can be asked about a
    mail that was begun when the engine died, and each is sent again.
    """

    at_once: Mapping[Channel, int]
    _loop: asyncio.AbstractEventLoop | None = None
    _free: dict[Channel, asyncio.Semaphore] = field(default_factory=dict)
    _alone: dict[Channel, asyncio.Lock] = field(default_factory=dict)

    def of(self, channel: Channel) -> asyncio.Semaphore:
        """Return what to hold during a hand-over. Needs a running event loop, and is of that loop."""
        self._follow_loop()
        return self._free.setdefault(channel, asyncio.Semaphore(self.at_once[channel]))

    def portion(self, channel: Channel) -> AbstractAsyncContextManager[None]:
        """Return what to hold from the begin of a portion to its record. Needs a running event loop."""
        self._follow_loop()
        if channel is not Channel.EMAIL:
            return nullcontext()
        return self._alone.setdefault(channel, asyncio.Lock())

    def _follow_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._free, self._alone = loop, {}, {}
