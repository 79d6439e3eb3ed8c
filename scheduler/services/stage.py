"""Where simulations are played: the product over a database in memory, with a clock that moves from work to work."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from scheduler.channels.simulated import SimulatedTransport
from scheduler.clock import FixedClock
from scheduler.content.templates import Texts
from scheduler.domain.protocol import Channel
from scheduler.errors import AftercareError
from scheduler.logs import unlogged
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import take_alert
from scheduler.services.dispatch import Dispatcher
from scheduler.services.holding import expire_held
from scheduler.services.inbound import Replies
from scheduler.services.links import Links
from scheduler.services.reminders import Reminders
from scheduler.services.reply_desk import Words
from scheduler.services.summary import Summary
from scheduler.services.unheard import tell_of_unheard
from scheduler.store.alerts import open_alerts
from scheduler.store.in_memory import InMemoryStore, next_work

Result = TypeVar("Result")
BY = "simulation"
MOST_PASSES = 5_000
"""For each case."""
A_MOMENT = timedelta(minutes=1)
"""Until what is due and did not move is tried again."""


class SimulationError(AftercareError):
    """What is to be simulated can't happen like this."""


class Stage:
    """One play: an empty database, a clock, and the dispatcher that sends with both, for so many `cases`.

    `heard`: a patient has written, so that there may be alerts. Nobody is rung. What nobody approved yet goes out: a
    simulation is how it is looked at before.
    """

    def __init__(
        self,
        store: InMemoryStore,
        configuration: Configuration,
        texts: Texts,
        words: Words,
        *,
        now: datetime,
        cases: int = 1,
    ) -> None:
        store.empty()
        self.store = store
        self.configuration = _unattended(configuration)
        self.clock = FixedClock(now)
        self.words = words
        self.replies = Replies(store, self.configuration, words, self.clock, BY)
        self.down_until = now
        self.heard = False
        self.passes_left = MOST_PASSES * cases
        transport = SimulatedTransport(self.clock)
        self._dispatcher = Dispatcher(
            store=store,
            configuration=self.configuration,
            texts=texts,
            links=Links("https://aftercare.example", store.vault),
            transports=dict.fromkeys(Channel, transport),
            clock=self.clock,
            owner=BY,
            rng=Random(1),  # noqa: S311  (the same each time; nothing is guessed by it)
        )

    async def run_until(self, end: datetime | None, is_over: Callable[[], bool] = lambda: False) -> None:
        """Send all that comes due, each at its instant, and stand at `end` then; None: until nothing waits.

        Nothing is sent before `down_until`. Raises SimulationError for what comes to no end.
        """
        while not is_over():
            due_at = self._next()
            if due_at is None or (end is not None and due_at > end):
                break
            self.clock.move_to(due_at)
            await self.work()
        if end is not None:
            self.clock.move_to(max(end, self.clock.now()))

    async def work(self) -> None:
        """Do once what an engine does now, unless it is down: what a provider or a person would do is left out."""
        now = self.clock.now()
        if self.heard:
            self._take_alerts(now)
        if now < self.down_until:
            return
        self.passes_left -= 1
        if self.passes_left < 0:
            raise SimulationError("the simulation comes to no end: something is tried again and again")
        with self.store.write() as tx:
            expire_held(tx, now=now, by=BY)
        await self._dispatcher.send_due(asyncio.Event(), Summary())
        Reminders().plan(self.store, self.configuration, now=now)
        if self.heard:
            tell_of_unheard(self.store, self.configuration, now=now)
            self._take_alerts(now)

    def _take_alerts(self, now: datetime) -> None:
        """Let somebody see to each alert at once, so that nobody is rung for weeks. It stays open until an event."""
        with self.store.write() as tx:
            for alert in open_alerts(tx):
                if alert.taken_at is None and alert.ring_at:
                    take_alert(tx, alert.id, by=BY, now=now)

    def _next(self) -> datetime | None:
        with self.store.read() as tx:
            wake = next_work(tx)
        if wake is None:
            return None
        now = self.clock.now()
        return max(wake if wake > now else now + A_MOMENT, self.down_until)


class _Here(ThreadPoolExecutor):
    """Runs what is handed to a thread at once, where the play runs: a third of the time of a play was waiting."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it, and return what is done already; whoever waits for a thread gets what it raises here."""
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def play_through(play: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a play to its end on an event loop of its own, logging nothing. Blocks."""

    async def here() -> Result:
        asyncio.get_running_loop().set_default_executor(_Here(max_workers=1))
        return await play()

    with unlogged():
        return asyncio.run(here())


def _unattended(configuration: Configuration) -> Configuration:
    clinics = {name: replace(clinic, on_call=()) for name, clinic in configuration.clinics.items()}
    instance = replace(configuration.instance, on_call=(), require_approval=False)
    return replace(configuration, instance=instance, clinics=clinics)
