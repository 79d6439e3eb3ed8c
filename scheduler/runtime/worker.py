"""A delivery worker: takes batches off the queue and hands their messages over, by the code of every engine."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from psycopg_pool import PoolTimeout

from scheduler.clock import Clock
from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.runtime.queue import JOB, QUEUE, TASK
from scheduler.services.dispatch import BATCH, LANES, Dispatcher
from scheduler.services.leases import LEASE
from scheduler.store.claims import give_back, take_over
from scheduler.store.crew import DEAD_AFTER, HEARTBEAT
from scheduler.store.database import Store

log = get_logger(__name__)

POLL = 2.0
"""Seconds. A job is told of at once; this is for the one that came between two connections."""
SWEEP = 5.0
"""Seconds between two looks for jobs whose worker died."""
REST = 1.0
"""Seconds before another try at a database that is away."""


@dataclass(slots=True)
class Worker:
    """Runs until `stop` is set; what it holds then is finished or given back before `run` returns.

    `connect` are the arguments of the driver for the database of `store`.
    """

    store: Store
    dispatcher: Dispatcher
    clock: Clock
    stop: asyncio.Event
    connect: Mapping[str, Any]
    _fault: Exception | None = field(default=None, init=False)

    def take(self, dispatcher: Dispatcher) -> None:
        """Work by another dispatcher from the next job on, one that `dispatcher.by` made: its channels are open."""
        self.dispatcher = dispatcher

    async def run(self) -> None:
        """Deliver what is handed on. A database that is away is waited for, with a line in the log.

        Raises whatever a delivery raises that is no StoreError, a fault of the program, after the others have ended.
        """
        log.info("worker.started")
        asyncio.get_running_loop().set_exception_handler(_tell)
        try:
            async with AsyncExitStack() as channels:
                for transport in self.dispatcher.transports.values():
                    await channels.enter_async_context(transport)
                while not self.stop.is_set():
                    await self._work()
        finally:
            log.info("worker.stopped")
        if self._fault:
            raise self._fault

    async def _work(self) -> None:
        """Work until the database goes away, the process was frozen, or `stop` is set."""
        app = self._app()
        try:
            async with app.open_async():
                await _until_one_ends(self._take_jobs(app), self._sweep(app), self.stop.wait())
        except (ConnectorException, PoolTimeout, StoreError) as error:
            log.warning("store.unavailable", reason=f"{type(error).__name__}: see that PostgreSQL runs")
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), REST)

    def _app(self) -> App:
        app = App(connector=PsycopgConnector(kwargs=dict(self.connect), min_size=1, max_size=LANES + 2, timeout=10))
        app.task(name=TASK, queue=QUEUE)(self.deliver)
        return app

    async def _take_jobs(self, app: App) -> None:
        await app.run_worker_async(
            queues=[QUEUE],
            name=self.dispatcher.owner,
            concurrency=self._jobs_at_once(),
            fetch_job_polling_interval=POLL,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT.total_seconds(),
            stalled_worker_timeout=DEAD_AFTER.total_seconds(),
        )

    def _jobs_at_once(self) -> int:
        """Return how many jobs hold as many begun messages as an engine's batches do: no slot of a channel idles."""
        portion = min(BATCH, self.dispatcher.configuration.instance.sms_at_once)
        return max(LANES, ceil(LANES * portion / JOB))

    async def deliver(self, batch: str, ids: list[int]) -> None:
        """Deliver one job. One that comes late or twice does nothing: its batch's claim is no longer there."""
        try:
            mine = await asyncio.to_thread(self._take_over, batch, ids)
            if mine:
                await self.dispatcher.deliver(mine, self.stop)
        except StoreError as error:
            log.warning("delivery.interrupted", batch=batch, reason=str(error))  # the leases give it back
        except Exception as error:  # whatever it is, it is raised by `run`: Procrastinate would only log it
            self._fault = error
            self.stop.set()
            raise

    def _take_over(self, batch: str, ids: list[int]) -> list[int]:
        now, owner = self.clock.now(), self.dispatcher.owner
        with self.store.write() as tx:
            if self.stop.is_set():
                give_back(tx, ids, owner=batch, now=now)
                return []
            return take_over(tx, ids, batch=batch, owner=owner, now=now, lease=LEASE)

    async def _sweep(self, app: App) -> None:
        """Take away the jobs whose worker died, again and again; return when this process was frozen for long.

        Others have taken it for dead then, and it must sign on anew. What a dead worker had not yet taken over is
        given back at once; the rest is freed by its lease.
        """
        now = asyncio.get_running_loop().time
        while True:
            before = now()
            await asyncio.sleep(SWEEP)
            if now() - before > DEAD_AFTER.total_seconds():
                return
            stalled = await app.job_manager.get_stalled_jobs(
                queue=QUEUE, seconds_since_heartbeat=DEAD_AFTER.total_seconds()
            )
            for job in stalled:
                await asyncio.to_thread(self._free, job.task_kwargs)
                with suppress(ConnectorException):  # another worker was first
                    await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)

    def _free(self, arguments: Mapping[str, Any]) -> None:
        with self.store.write() as tx:
            given = give_back(tx, arguments["ids"], owner=arguments["batch"], now=self.clock.now())
        log.warning("batch.freed", batch=arguments["batch"], messages=len(given))


async def _until_one_ends(*works: Coroutine[Any, Any, object]) -> None:
    """Run these until one ends, then cancel the others and wait for them; raise what ended one of them.

    A cancelled worker takes no more jobs and waits for those that go on.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say in one line that a finished job could not be taken off the queue: the sweeper does it later."""
    if isinstance(context.get("exception"), ConnectorException):
        log.warning("job.unfinished")
    else:
        loop.default_exception_handler(context)
