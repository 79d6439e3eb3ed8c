"""The queue of batches between the engines that claim and the workers that deliver, kept by Procrastinate.

A job holds the ids of messages that are due and claimed in the name of its batch, nothing of a patient. What counts
is the claim: a job that is lost, doubled or late loses nothing and sends nothing twice.
"""

import logging
import secrets
from asyncio import Event
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.types import JSONDict  # noqa: TC002  (nothing is gained by hiding it)

from scheduler.clock import Clock
from scheduler.errors import StoreError
from scheduler.services.leases import LEASE
from scheduler.store.claims import claim_due, give_back
from scheduler.store.crew import Crew, look_at_crew, waiting_jobs
from scheduler.store.database import Store, Tx
from scheduler.store.foreign import driver_connection

QUEUE, TASK = "aftercare", "deliver"
JOB = 200
"""Messages in one job, at most."""
WAITING = 8
"""Jobs that may wait for each worker: enough that none runs dry, few enough that no lease ends in the queue."""
AT_ONCE = 3
"""Jobs that one transaction defers, at most."""

# Its lines name a job with all its ids at each of its steps. What goes wrong is said by us, in one line.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Queue:
    """Hands batches on to workers, on connections of the store. All block, and raise StoreError."""

    store: Store
    clock: Clock
    _app: App = field(default_factory=lambda: App(connector=SyncPsycopgConnector()))  # never opened: it needs no pool

    def crew(self) -> Crew:
        """Say who is at work."""
        with self.store.read() as tx:
            return look_at_crew(tx)

    def fill(self, stop: Event) -> bool:
        """Hand on what is due while there is room, until `stop` is set; return whether batches wait for workers."""
        while not stop.is_set():
            crew = self.crew()
            room = crew.workers * WAITING - crew.waiting
            if room <= 0 or not self.hand_on(jobs=min(room, AT_ONCE)):
                return crew.waiting > 0
        return False

    def hand_on(self, *, jobs: int) -> int:
        """Claim what is due and defer it, at most so many jobs, in one transaction; return how many messages."""
        batch = f"batch/{secrets.token_hex(8)}"
        with self._transaction() as tx:
            ids = claim_due(tx, now=self.clock.now(), limit=JOB * jobs, lease=LEASE, owner=batch)
            if ids:
                jobs_of: list[JSONDict] = [
                    {"batch": batch, "ids": [*ids[at : at + JOB]]} for at in range(0, len(ids), JOB)
                ]
                deferrer = self._app.configure_task(TASK, queue=QUEUE, connection=driver_connection(tx))
                deferrer.batch_defer(*jobs_of)
        return len(ids)

    def withdraw(self) -> int:
        """Take back the jobs that no worker has started; return how many messages are scheduled again."""
        count = 0
        with self._transaction() as tx:
            for job, arguments in waiting_jobs(tx).items():
                if self._app.job_manager.cancel_job_by_id(job, delete_job=True, connection=driver_connection(tx)):
                    given = give_back(tx, arguments["ids"], owner=arguments["batch"], now=self.clock.now())
                    count += len(given)
        return count

    @contextmanager
    def _transaction(self) -> Iterator[Tx]:
        try:
            with self.store.write() as tx:
                yield tx
        except ConnectorException as error:
            raise StoreError(
                f"the database {self.store.where} did not take a batch for the workers: see that PostgreSQL runs and "
                "that `aftercare db upgrade` was run"
            ) from error
