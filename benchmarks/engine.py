"""One engine in a process of its own: warms up, says so, and sends all that is due when it is told to.

Run by the measures: python -m benchmarks.engine --warm-at SECONDS --at SECONDS (Unix time).
"""

import argparse
import asyncio
import time
from contextlib import AsyncExitStack

from benchmarks.clock import instant
from benchmarks.process import report, wait_for_go
from scheduler.cli.wiring import open_product
from scheduler.clock import FixedClock
from scheduler.services.dispatch import Dispatcher


def main() -> None:
    """Measure one pass of the product as the environment describes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warm-at", type=float, required=True)
    parser.add_argument("--at", type=float, required=True)
    asked = parser.parse_args()
    clock = FixedClock(instant(asked.warm_at))
    with open_product(clock=clock, create=False) as product:
        asyncio.run(_measure(product.dispatcher(), clock, asked.at))


async def _measure(dispatcher: Dispatcher, clock: FixedClock, at: float) -> None:
    async with AsyncExitStack() as channels:
        for transport in dispatcher.transports.values():
            await channels.enter_async_context(transport)
        await dispatcher.run()
        wait_for_go()
        clock.move_to(instant(at))
        started = time.monotonic()
        summary = await dispatcher.run()
        report(started=started, ended=time.monotonic(), sent=summary.counts["sent"])


if __name__ == "__main__":
    main()
