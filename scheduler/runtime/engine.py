"""The embedded engine: a loop that sends what is due and sleeps until something is, and beside it other duties."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scheduler.channels.webhook.caller import HookCaller
from scheduler.clock import Clock
from scheduler.domain.sources import Calendar
from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.runtime.alarm import FURTHEST, Alarm, Pulse
from scheduler.services.bookings.duty import BookingDuty
from scheduler.services.dispatch import Dispatcher
from scheduler.services.duties import Duties
from scheduler.services.happening import Happening
from scheduler.services.hook_pump import HookPump
from scheduler.services.summary import Summary
from scheduler.services.tallies import Tallies
from scheduler.store.database import Store
from scheduler.store.messages import next_wake

if TYPE_CHECKING:  # it loads Procrastinate, which SQLite has no use for
    from scheduler.runtime.queue import Queue

log = get_logger(__name__)

BREATH = 0.02
"""Seconds between two looks at messages that are due and can't be taken now."""
SLOW = 0.25
"""Seconds after which what becomes due no longer waits for the batches that are on their way. Sooner, a batch of each
single message would cost more than the wait: what came due meanwhile goes out together."""
APART = 0.2
"""Seconds between two times of a duty beside sending, however often that takes a turn."""
WATCH = timedelta(seconds=1)
"""Between two looks at batches that wait for workers, which may die."""

Duty = Callable[[], Awaitable[bool]]
"""Does a part of what is to be done; says whether a message may be due because of it."""


@dataclass(slots=True)
class Engine:
    """Runs until `stop` is set; what it holds then is finished or given back before `run` returns.

    With a `queue` it hands what is due on to the workers while any live, and delivers by itself while none does.
    With `hooks` it tells other systems what happens.
    """

    store: Store
    dispatcher: Dispatcher
    clock: Clock
    stop: asyncio.Event
    queue: "Queue | None" = None
    hooks: HookPump | None = None
    _duties: Duties = field(init=False)
    _bookings: BookingDuty = field(init=False)
    _turned: Pulse = field(default_factory=Pulse)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _caller: HookCaller = field(default_factory=HookCaller)

    def __post_init__(self) -> None:
        """Make what it does beside sending: it remembers what it saw."""
        self._duties = replace(self.dispatcher.duties(), tallies=Tallies())
        self._bookings = BookingDuty(self.store, self.clock, stopping=self.stop.is_set)

    def take(self, dispatcher: Dispatcher) -> None:
        """Work by another dispatcher from the next batch on, one that `dispatcher.by` made: its channels are open.

        A batch that goes on, and a duty, ends by the one it began with. For the engine's own event loop.
        """
        self.dispatcher = dispatcher
        self._duties = self._duties.by(dispatcher.configuration, dispatcher.replies, dispatcher.approver)

    def wake(self) -> None:
        """Look at once for what is due: somebody added it. For the engine's own event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Send what is due, again and again. A database that is away is waited for, with a line in the log."""
        alarm = Alarm(self.clock)
        alarm.start()
        log.info("engine.started")
        try:
            async with AsyncExitStack() as channels:
                for transport in self.dispatcher.transports.values():
                    await channels.enter_async_context(transport)
                await channels.enter_async_context(self._caller)
                await self._loops(alarm)
        finally:
            alarm.stop()
            log.info("engine.stopped")

    async def _loops(self, alarm: Alarm) -> None:
        """Run all loops. A fault of the program in one ends them all, after what is being handed over has ended."""
        sending = asyncio.create_task(self._send(alarm), name="sending")
        duties = (self._keep, self._ask, self._hear, self._read_calendars, *([self._tell] if self.hooks else []))
        beside = [asyncio.create_task(self._beside(alarm, duty)) for duty in duties]
        try:
            await asyncio.wait({sending, *beside}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop.set()
            await asyncio.wait({sending})
            for task in beside:
                task.cancel()  # it may hang at a provider, and can be broken off
        ends = await asyncio.gather(sending, *beside, return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
                raise end

    async def _send(self, alarm: Alarm) -> None:
        due = None if self.clock.waits_for_work else lambda: self._until_due(alarm)
        while not self.stop.is_set():
            self._woken.clear()
            try:
                await self.dispatcher.send_due(self.stop, Summary(), self._claim, due, self._deliver)
                await self._set(alarm)
            except StoreError as error:
                log.warning("store.unavailable", reason=str(error))
                alarm.set_for(None)
            self._turned.beat()
            await _first_of(alarm.rung.wait(), self._woken.wait(), self.stop.wait())

    async def _until_due(self, alarm: Alarm) -> None:
        await asyncio.sleep(SLOW)
        await self._set(alarm)
        await _first_of(alarm.rung.wait(), self._woken.wait())
        self._woken.clear()

    async def _set(self, alarm: Alarm) -> None:
        wake, breath = await asyncio.to_thread(self._next_look)
        alarm.set_for(wake, at_least=breath)

    async def _beside(self, alarm: Alarm, duty: Duty) -> None:
        while not self.stop.is_set():
            turned = self._turned.coming
            try:
                if await duty():
                    alarm.rung.set()
            except StoreError as error:
                log.debug("store.unavailable", reason=str(error))  # the loop that sends says it
            await _first_of(self.stop.wait(), within=APART)
            await _first_of(turned.wait(), self.stop.wait(), within=FURTHEST)

    async def _keep(self) -> bool:
        return await self._duties.keep()

    async def _ask(self) -> bool:
        return await self._duties.ask()

    async def _hear(self) -> bool:
        """Follow what booking systems tell."""
        return await asyncio.to_thread(self._bookings.look, self.dispatcher.configuration)

    async def _read_calendars(self) -> bool:
        """Read the calendars that are due."""
        configuration = self.dispatcher.configuration
        if not any(isinstance(it, Calendar) for clinic in configuration.clinics.values() for it in clinic.bookings):
            return False
        from scheduler.services.feeds.pulling import Puller  # noqa: PLC0415  (it loads icalendar, which most clinics have no use for)

        return await Puller(self.store, self.clock).pull_due(configuration)

    async def _tell(self) -> bool:
        """Tell other systems what happened; no message is due because of it."""
        assert self.hooks
        try:
            while not self.stop.is_set() and await self.hooks.pump(self._caller):
                pass
        finally:
            await self.hooks.let_go()
        return False

    def _deliver(self, ids: Sequence[int], stop: asyncio.Event) -> Awaitable[list[Happening]]:
        return self.dispatcher.deliver(ids, stop)

    def _claim(self) -> list[int]:
        """Claim for ourselves, unless workers live. What waits for workers while none lives is taken back first."""
        if self.queue:
            crew = self.queue.crew()
            if crew.workers:
                return []
            if crew.waiting:
                log.warning("batches.withdrawn", messages=self.queue.withdraw())
        return self.dispatcher.claim()

    def _next_look(self) -> tuple[datetime | None, float]:
        """Hand on what workers may do; return when to look again, and how many seconds to wait at least."""
        waits = self.queue.fill(self.stop) if self.queue else False
        with self.store.read() as tx:
            wake = next_wake(tx)
        now = self.clock.now()
        if waits:
            wake = min(wake or now + WATCH, now + WATCH)
        # What is due and was not ours to take is in another's hands, or has no room yet: no reason to spin.
        return wake, BREATH if wake and wake <= now else 0.0


async def _first_of(*waits: Awaitable[object], within: float | None = None) -> None:
    """Wait until one of these has come, at most so many seconds."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
