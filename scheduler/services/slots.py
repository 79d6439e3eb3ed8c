"""How many hand-overs of a channel go on at once, whichever batches of an engine they belong to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field

from scheduler.domain.protocol import Channel


@dataclass(slots=True)
class Turn:
    """The slots of one portion: it may begin `size` hand-overs, and gives each slot back as its hand-over ends."""

    pool: "_Pool"
    size: int
    held: int

    def end(self, count: int = 1) -> None:
        """Give so many slots back, for others to begin with."""
        self.held -= count
        self.pool.give(count)


@dataclass(slots=True)
class Slots:
    """`at_once` bounds the hand-overs that have begun and not ended, for each channel. One for all of an engine.

    A portion has its slots before it begins, so what a pause comes too late for is no more than that.

    A portion begins with half of them, or with all that are free: while one is begun or recorded, another is on its
    way. Emails are the exception: no portion begins while another is on its way, since no server can be asked about
    a mail that was begun when the engine died, and each is sent again.
    """

    at_once: Mapping[Channel, int]
    _loop: asyncio.AbstractEventLoop | None = None
    _pools: dict[Channel, "_Pool"] = field(default_factory=dict)
    _alone: dict[Channel, asyncio.Lock] = field(default_factory=dict)

    @asynccontextmanager
    async def portion(self, channel: Channel, most: int) -> AsyncIterator[Turn]:
        """Wait for slots, for `most` hand-overs at the most; what is left of them at the end is given back.

        To hold from before the begin of a portion to its record. Needs a running event loop.
        """
        self._follow_loop()
        pool = self._pools.setdefault(channel, _Pool(self.at_once[channel]))
        async with self._alone_with(channel):
            size = await pool.take(least=min(most, max(1, self.at_once[channel] // 2)), most=most)
            turn = Turn(pool, size, held=size)
            try:
                yield turn
            finally:
                turn.end(turn.held)

    def _alone_with(self, channel: Channel) -> AbstractAsyncContextManager[None]:
        if channel is not Channel.EMAIL:
            return nullcontext()
        return self._alone.setdefault(channel, asyncio.Lock())

    def _follow_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._pools, self._alone = loop, {}, {}


@dataclass(slots=True)
class _Pool:
    """Free slots. Several are taken in one step, so nobody holds some and waits for others who do the same."""

    free: int
    _first: asyncio.Lock = field(default_factory=asyncio.Lock)
    _given: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, *, least: int, most: int) -> int:
        async with self._first:  # in the order in which they came: a large portion is not passed over for ever
            while self.free < least:
                self._given.clear()
                await self._given.wait()
            taken = min(self.free, most)
            self.free -= taken
            return taken

    def give(self, count: int) -> None:
        self.free += count
        self._given.set()
