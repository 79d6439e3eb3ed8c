"""How many hand-overs of a channel go on at once, whichever batches of an engine they belong to."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.domain.protocol import Channel


@dataclass(slots=True)
class Slots:
    """`at_once` bounds the hand-overs that go on, for each channel. One for all batches of an engine.

    So while one batch is begun or recorded, the others have its slots: the provider is never waited for in turns.
    """

    at_once: Mapping[Channel, int]
    _loop: asyncio.AbstractEventLoop | None = None
    _free: dict[Channel, asyncio.Semaphore] = field(default_factory=dict)

    def of(self, channel: Channel) -> asyncio.Semaphore:
        """Return what to hold during a hand-over. Needs a running event loop, and is of that loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._free = loop, {}
        if channel not in self._free:
            self._free[channel] = asyncio.Semaphore(self.at_once[channel])
        return self._free[channel]
