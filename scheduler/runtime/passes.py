"""One pass of sending without an engine: open the channels, send all that is due, close them."""

import asyncio
from contextlib import AsyncExitStack

from scheduler.services.dispatch import Dispatcher
from scheduler.services.summary import Summary


async def one_pass(dispatcher: Dispatcher, stop: asyncio.Event | None = None) -> Summary:
    """Send all that is due now and return what became of it; when `stop` is set it ends after the batch at hand."""
    async with AsyncExitStack() as channels:
        for transport in dispatcher.transports.values():
            await channels.enter_async_context(transport)
        return await dispatcher.run(stop)
