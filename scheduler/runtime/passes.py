"""One pass of sending without an engine: open the channels, send all that is due, close them."""

from contextlib import AsyncExitStack

from scheduler.services.dispatch import Dispatcher
from scheduler.services.summary import Summary


async def one_pass(dispatcher: Dispatcher) -> Summary:
    """Send all that is due now and return what became of it."""
    async with AsyncExitStack() as channels:
        for transport in dispatcher.transports.values():
            await channels.enter_async_context(transport)
        return await dispatcher.run()
