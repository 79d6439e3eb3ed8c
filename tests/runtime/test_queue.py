"""The queue between engines and workers: what counts is the claim, whatever becomes of a job."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.clock import SystemClock
from scheduler.errors import StoreError
from scheduler.runtime.queue import JOB, WAITING, Queue
from scheduler.runtime.worker import Worker
from scheduler.services.leases import LEASE
from scheduler.store.crew import DEAD_AFTER
from scheduler.store.engine import connect_arguments
from tests.runtime.test_engine import register_due_now
from tests.servers.twilio import TwilioServer
from tests.services.house import House

pytestmark = pytest.mark.postgres


def queue_of(house: House) -> Queue:
    return Queue(house.store, house.clock)


def rows(house: House, query: str) -> list[Any]:
    with house.store.read() as tx:
        return list(tx.connection.execute(sa.text(query)).all())


def statuses(house: House) -> dict[str, int]:
    """Count the messages that are or were due."""
    found = rows(house, "SELECT status FROM messages WHERE due_at <= now() + interval '1 minute'")
    return dict(Counter(row.status for row in found))


def add_workers(house: House, count: int, *, silent_for: float = 0) -> None:
    with house.store.write() as tx:
        for _ in range(count):
            tx.connection.exec_driver_sql(
                f"INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '{silent_for} seconds')"
            )


def worker_of(house: House, owner: str = "worker") -> Worker:
    """A worker that is given jobs by hand."""
    dispatcher = house.dispatcher(owner)
    return Worker(house.store, dispatcher, house.clock, asyncio.Event(), connect_arguments(house.settings))


def deliver(worker: Worker, job: dict[str, Any]) -> None:
    async def run() -> None:
        async with AsyncExitStack() as channels:
            for transport in worker.dispatcher.transports.values():
                await channels.enter_async_context(transport)
            await worker.deliver(**job)

    asyncio.run(run())


def jobs(house: House) -> list[dict[str, Any]]:
    return [row.args for row in rows(house, "SELECT args FROM procrastinate_jobs ORDER BY id")]


def test_what_is_due_is_claimed_and_deferred_in_batches_that_hold_nothing_but_ids(chain: House) -> None:
    register_due_now(chain, JOB + 50)
    assert queue_of(chain).hand_on(jobs=5) == JOB + 50
    first, second = jobs(chain)
    assert (len(first["ids"]), len(second["ids"])) == (JOB, 50)
    assert set(first) == {"batch", "ids"}
    assert all(isinstance(it, int) for it in first["ids"])
    owners = {row.claimed_by for row in rows(chain, "SELECT claimed_by FROM messages WHERE status = 'claimed'")}
    assert owners == {first["batch"]}


def test_a_batch_that_can_not_be_deferred_is_not_claimed_either(chain: House) -> None:
    register_due_now(chain, 10)
    with chain.store.write() as tx:
        tx.connection.exec_driver_sql("DROP FUNCTION procrastinate_defer_jobs_v1")
    with pytest.raises(StoreError, match="did not take a batch"):
        queue_of(chain).hand_on(jobs=1)
    assert statuses(chain) == {"scheduled": 10}


def test_a_job_is_delivered_once_however_often_it_comes(chain: House, twilio: TwilioServer) -> None:
    register_due_now(chain, 20)
    queue_of(chain).hand_on(jobs=1)
    (job,) = jobs(chain)
    first, second = worker_of(chain, "first"), worker_of(chain, "second")
    for worker in (first, second, first):
        deliver(worker, job)
    assert statuses(chain) == {"accepted": 20}
    assert Counter(Counter(it.to for it in twilio.taken).values()) == {1: 20}


def test_a_job_that_waited_for_longer_than_its_lease_does_nothing(chain: House, twilio: TwilioServer) -> None:
    register_due_now(chain, 5)
    queue_of(chain).hand_on(jobs=1)
    chain.clock.move_by(LEASE)
    deliver(worker_of(chain), jobs(chain)[0])
    assert not twilio.taken


def test_a_worker_takes_over_with_a_new_lease(chain: House, twilio: TwilioServer) -> None:
    register_due_now(chain, 5)
    queue_of(chain).hand_on(jobs=1)
    chain.clock.move_by(LEASE * 0.9)
    deliver(worker_of(chain), jobs(chain)[0])
    assert len(twilio.taken) == 5


def test_what_was_cancelled_in_the_queue_is_not_sent(chain: House, twilio: TwilioServer) -> None:
    register_due_now(chain, 5)
    queue_of(chain).hand_on(jobs=1)
    with chain.store.write() as tx:
        chosen = tx.connection.execute(sa.text("SELECT min(id) FROM messages WHERE status = 'claimed'")).scalar_one()
        tx.connection.execute(
            sa.text(
                "UPDATE messages SET status = 'cancelled', claimed_by = NULL, lease_until = NULL WHERE id = :chosen"
            ),
            {"chosen": chosen},
        )
    deliver(worker_of(chain), jobs(chain)[0])
    assert len(twilio.taken) == 4


def test_what_no_worker_has_started_is_taken_back_with_its_jobs(chain: House) -> None:
    register_due_now(chain, JOB + 10)
    queue = queue_of(chain)
    queue.hand_on(jobs=5)
    assert queue.withdraw() == JOB + 10
    assert jobs(chain) == []
    assert statuses(chain) == {"scheduled": JOB + 10}
    assert queue.withdraw() == 0


def test_a_job_that_a_worker_has_started_is_left_to_it(chain: House) -> None:
    register_due_now(chain, 10)
    queue = queue_of(chain)
    queue.hand_on(jobs=1)
    with chain.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE procrastinate_jobs SET status = 'doing'")
    assert queue.withdraw() == 0
    assert statuses(chain) == {"claimed": 10}


def test_no_more_waits_for_workers_than_they_can_begin_soon(chain: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.runtime.queue.JOB", 2)
    register_due_now(chain, 2 * WAITING * 2 + 20)
    add_workers(chain, 2)
    assert queue_of(chain).fill(asyncio.Event())
    assert len(jobs(chain)) == 2 * WAITING
    assert queue_of(chain).fill(asyncio.Event())
    assert len(jobs(chain)) == 2 * WAITING


def test_a_worker_that_says_nothing_for_long_does_not_count(chain: House) -> None:
    add_workers(chain, 3, silent_for=DEAD_AFTER.total_seconds() + 1)
    assert queue_of(chain).crew().workers == 0
    add_workers(chain, 1)
    assert queue_of(chain).crew().workers == 1


def test_nothing_is_handed_on_while_no_worker_lives(chain: House) -> None:
    register_due_now(chain, 10)
    assert not queue_of(chain).fill(asyncio.Event())
    assert statuses(chain) == {"scheduled": 10}


def test_a_worker_delivers_what_waits_takes_it_off_the_queue_and_signs_off(
    chain: House, twilio: TwilioServer
) -> None:
    register_due_now(chain, 30)
    queue_of(chain).hand_on(jobs=1)
    stop = asyncio.Event()
    dispatcher = replace(chain.dispatcher("worker"), watch=lambda _happening: stop.set())
    worker = Worker(chain.store, dispatcher, SystemClock(), stop, connect_arguments(chain.settings))
    asyncio.run(asyncio.wait_for(worker.run(), 20))
    assert statuses(chain) == {"accepted": 30}
    assert len(twilio.taken) == 30
    assert jobs(chain) == []
    assert rows(chain, "SELECT id FROM procrastinate_workers") == []


def test_what_a_dead_worker_had_not_taken_over_is_freed_and_its_job_removed(
    chain: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.runtime.worker.SWEEP", 0.05)
    register_due_now(chain, 7)
    queue_of(chain).hand_on(jobs=1)
    add_workers(chain, 1, silent_for=DEAD_AFTER.total_seconds() + 1)
    with chain.store.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
        )

    async def until_swept() -> None:
        stop = asyncio.Event()
        worker = Worker(
            chain.store, chain.dispatcher("worker"), SystemClock(), stop, connect_arguments(chain.settings)
        )
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(20):
            while await asyncio.to_thread(jobs, chain):  # noqa: ASYNC110  (another process's table)
                await asyncio.sleep(0.02)
        stop.set()
        await running

    asyncio.run(until_swept())
    assert statuses(chain) == {"scheduled": 7}


def test_a_fault_of_the_program_ends_a_worker(chain: House) -> None:
    register_due_now(chain, 3)
    queue_of(chain).hand_on(jobs=1)

    def faulty(_happening: object) -> None:
        raise ZeroDivisionError

    dispatcher = replace(chain.dispatcher("worker"), watch=faulty)
    worker = Worker(chain.store, dispatcher, SystemClock(), asyncio.Event(), connect_arguments(chain.settings))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(asyncio.wait_for(worker.run(), 20))
