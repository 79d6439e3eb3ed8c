"""The embedded engine: one loop that sends what is due and sleeps until something is."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

from scheduler.clock import Clock
from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.runtime.alarm import Alarm
from scheduler.services.dispatch import Dispatcher
from scheduler.store.database import Store
from scheduler.store.messages import next_wake

log = get_logger(__name__)

BREATH = 0.2
"""Seconds between two looks at messages that another engine is about to take."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Runs until `stop` is set; what it holds then is finished or given back before `run` returns."""

    store: Store
    dispatcher: Dispatcher
    clock: Clock
    stop: asyncio.Event

    async def run(self) -> None:
        """Send what is due, again and again. A database that is away is waited for, with a line in the log."""
        alarm = Alarm(self.clock)
        alarm.start()
        log.info("engine.started")
        try:
            async with AsyncExitStack() as channels:
                for transport in self.dispatcher.transports.values():
                    await channels.enter_async_context(transport)
                while not self.stop.is_set():
                    await self._turn(alarm)
        finally:
            alarm.stop()
            log.info("engine.stopped")

    async def _turn(self, alarm: Alarm) -> None:
        try:
            await self.dispatcher.run(self.stop)
            wake = await asyncio.to_thread(self._next_wake)
            # What is due and was not ours to take is in another transaction's hands: no reason to spin.
            alarm.set_for(wake, at_least=BREATH if wake and wake <= self.clock.now() else 0.0)
        except StoreError as error:
            log.warning("store.unavailable", reason=str(error))
            alarm.set_for(None)
        await _first_of(alarm.rung, self.stop)

    def _next_wake(self) -> datetime | None:
        with self.store.read() as tx:
            return next_wake(tx)


async def _first_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
