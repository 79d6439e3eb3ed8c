"""The alarm rings when it should, and never sleeps further than ten seconds of real time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from scheduler.clock import FixedClock, SystemClock
from scheduler.runtime.alarm import FURTHEST, Alarm

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def with_alarm(clock: FixedClock | SystemClock, work: Callable[[Alarm], Awaitable[None]]) -> None:
    async def run() -> None:
        alarm = Alarm(clock)
        alarm.start()
        try:
            await work(alarm)
        finally:
            alarm.stop()

    asyncio.run(run())


def rings_in(alarm: Alarm) -> float:
    """The real seconds until the job that rings runs."""
    (job,) = alarm._scheduler.get_jobs()
    seconds: float = (job.next_run_time - datetime.now(UTC)).total_seconds()
    return seconds


def test_it_rings_at_the_instant_that_was_asked_for() -> None:
    async def work(alarm: Alarm) -> None:
        started = time.monotonic()
        alarm.set_for(SystemClock().now() + timedelta(milliseconds=150))
        assert not alarm.rung.is_set()
        await asyncio.wait_for(alarm.rung.wait(), 5)
        assert time.monotonic() - started >= 0.14

    with_alarm(SystemClock(), work)


def test_for_a_past_instant_it_rings_at_once() -> None:
    async def work(alarm: Alarm) -> None:
        alarm.set_for(NOW - timedelta(hours=1))
        assert alarm.rung.is_set()

    with_alarm(FixedClock(NOW), work)


@pytest.mark.parametrize(
    ("instant", "seconds"),
    [(NOW + timedelta(seconds=4), 4.0), (NOW + timedelta(hours=4), FURTHEST), (None, FURTHEST)],
    ids=["soon", "in hours", "with nothing to wait for"],
)
def test_it_is_set_for_the_instant_but_never_further_than_ten_seconds(
    instant: datetime | None, seconds: float
) -> None:
    async def work(alarm: Alarm) -> None:
        alarm.set_for(instant)
        assert not alarm.rung.is_set()
        assert seconds - 1 < rings_in(alarm) <= seconds

    assert FURTHEST == 10
    with_alarm(FixedClock(NOW), work)


def test_setting_it_again_takes_the_place_of_what_was_set() -> None:
    async def work(alarm: Alarm) -> None:
        for seconds in (9, 3, 6):
            alarm.set_for(NOW + timedelta(seconds=seconds))
        assert 5 < rings_in(alarm) <= 6

    with_alarm(FixedClock(NOW), work)


def test_it_rings_again_and_again_when_it_is_set_for_instants_that_are_due_already() -> None:
    async def work(alarm: Alarm) -> None:
        for _ in range(200):
            alarm.set_for(SystemClock().now() + timedelta(milliseconds=1))
            await asyncio.wait_for(alarm.rung.wait(), 5)

    with_alarm(SystemClock(), work)


def test_why_the_job_only_sets_an_event() -> None:
    """APScheduler 3 drops a date job that re-arms itself, for an instant that is due, from inside its own run.

    The engine's loop re-arms the alarm from outside, so that this never meets it.
    """

    async def run() -> tuple[int, list[object]]:
        ran, dropped = 0, asyncio.Event()
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None})
        scheduler.add_listener(lambda _event: dropped.set(), EVENT_JOB_MAX_INSTANCES)

        async def wake() -> None:
            nonlocal ran
            ran += 1
            arm()
            await dropped.wait()

        def arm() -> None:
            scheduler.add_job(wake, DateTrigger(run_date=datetime.now(UTC)), id="wake", replace_existing=True)

        scheduler.start()
        arm()
        await asyncio.wait_for(dropped.wait(), 5)
        left = scheduler.get_jobs()
        scheduler.shutdown(wait=False)
        return ran, left

    assert asyncio.run(run()) == (1, [])
