"""The demo's play: one engine after another by the clock of the story, and the console beside them all the time."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scheduler.cli.demo_cast import Cast
from scheduler.cli.demo_view import DemoView
from scheduler.cli.wiring import Product
from scheduler.clock import Clock, FixedClock, ShiftedClock, StoryClock, TimeLapseClock
from scheduler.paths import sample
from scheduler.runtime.engine import Engine
from scheduler.services.exports.importing import Importer
from scheduler.services.happening import Happening
from scheduler.store.sessions import any_session

STARTS_AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
ENDS_AT = STARTS_AT + timedelta(weeks=6, hours=6, minutes=30)
"""Half past ten in the morning in Montréal: what somebody tries then need not wait for a night to end."""
SECONDS = 36
"""How long the time between the messages takes altogether; the sending itself comes on top."""
PATIENCE = 90.0
"""Seconds that a person gets to sign in before it begins all the same."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """At `at` the clinics import these exports: (clinic, file among the samples)."""

    at: datetime
    exports: tuple[tuple[str, str], ...]


STORY = (
    Chapter(STARTS_AT, (("lumiere", "lumiere.csv"), ("serena", "serena.csv"))),
    Chapter(STARTS_AT + timedelta(days=5, hours=6), (("lumiere", "lumiere-later.csv"),)),
)

AFTERWARDS = Chapter(ENDS_AT, (("lumiere", "lumiere-april.csv"),))
"""The week to come: a console in which nothing is ahead shows little."""


@dataclass(slots=True)
class Show:
    """Plays once. `invite` makes a link that lets a person in; `seconds` is how long the six weeks take."""

    product: Product
    clock: StoryClock
    listener: socket.socket
    view: DemoView
    invite: Callable[[], str]
    seconds: float
    until: datetime = ENDS_AT
    _engine: Engine | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _interrupted: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, *, leave: bool, waits: bool) -> bool:
        """Play, and unless it is to `leave` go on until it is interrupted. Return whether it came to its end.

        With `waits` it begins when somebody has signed in, or pressed Enter.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)
        # Every command knows of the demo; only this one may pay for loading the web server.
        from scheduler.cli.web_server import WebServer  # noqa: PLC0415

        web = WebServer(self.product, is_working=lambda: True, wake=self._waker(loop))
        serving = asyncio.create_task(web.server.serve(sockets=[self.listener]), name="web")
        try:
            self.view.open_at(self.invite(), waits=waits)
            if waits:
                await self._until_somebody_watches()
            finished = await self._play()
            self.view.close()
            self.view.print_summary(self.product.settings.outbox_dir, finished=finished)
            if finished and not leave:
                self.view.stay_open(f"{self.product.settings.public_url}/desk/", self.invite())
                await self._go_on()
        finally:
            web.server.should_exit = True
            await serving
        return finished

    async def _play(self) -> bool:
        rate = (ENDS_AT - STARTS_AT).total_seconds() / self.seconds
        ends = [chapter.at for chapter in STORY[1:]] + [self.until]
        for chapter, until in zip(STORY, ends, strict=True):
            if self._interrupted.is_set():
                break
            self.clock.by = FixedClock(chapter.at)
            await asyncio.to_thread(self._import, chapter)
            self._stop = asyncio.Event()
            await self._send(TimeLapseClock(chapter.at, rate=rate, until=until, at_end=self._stop.set), cast=True)
        return not self._interrupted.is_set()

    async def _go_on(self) -> None:
        """Let the clock run as it does on a wall, and the desk have something to do."""
        self._stop = asyncio.Event()
        self.clock.by = ShiftedClock(ENDS_AT)
        await asyncio.to_thread(self._import, AFTERWARDS)
        await asyncio.to_thread(Cast(self.product, self.view.acted).ask_something)
        await self._send(self.clock.by, cast=False)

    async def _send(self, clock: Clock, *, cast: bool) -> None:
        self.clock.by = clock
        self.view.follow(clock, self.product.configuration)
        act: Callable[[Happening], None] = Cast(self.product, self.view.acted).act if cast else lambda _it: None

        def watch(happening: Happening) -> None:
            self.view.happened(happening)
            act(happening)

        self._engine = Engine(self.product.store, self.product.dispatcher(watch), self.clock, self._stop)
        if self._interrupted.is_set():
            self._stop.set()
        await self._engine.run()
        self._engine = None

    def _import(self, chapter: Chapter) -> None:
        for clinic, export in chapter.exports:
            place = self.product.configuration.clinic(clinic)
            report = Importer(self.product.store, self.product.configuration, self.clock, place).run(sample(export))
            self.view.imported(chapter.at, place, export, report)

    async def _until_somebody_watches(self) -> None:
        """Wait for a session, for Enter, or for no longer than anybody would wait."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        begins_by = loop.time() + PATIENCE
        loop.add_reader(sys.stdin, ready.set)
        try:
            while loop.time() < begins_by and not ready.is_set() and not self._interrupted.is_set():
                if await asyncio.to_thread(self._is_watched):
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(ready.wait(), 0.2)
        finally:
            loop.remove_reader(sys.stdin)

    def _is_watched(self) -> bool:
        with self.product.store.read() as tx:
            return any_session(tx)

    def _waker(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        def wake() -> None:
            if engine := self._engine:
                loop.call_soon_threadsafe(engine.wake)

        return wake

    def _interrupt(self) -> None:
        self._interrupted.set()
        self._stop.set()
