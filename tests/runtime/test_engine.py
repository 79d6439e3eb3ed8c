"""The embedded engine: it sends what becomes due while it runs, and ends cleanly when it is told to."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog

from scheduler.clock import Clock, SystemClock, TimeLapseClock
from scheduler.runtime.engine import Engine
from scheduler.services.dispatch import LANES
from scheduler.services.happening import Happening, Watch, ignore
from scheduler.store.database import open_store
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, FIRST_HOURS, NEXT_DAY, PREPARE, REBOOK, REGISTERED, TIPS, House, after


def engine(house: House, clock: Clock, stop: asyncio.Event, watch: Watch = ignore) -> Engine:
    transports = house.transports(clock)
    dispatcher = replace(house.dispatcher(transports=transports), clock=clock, watch=watch)
    return Engine(house.store, dispatcher, clock, stop)


def register_due_now(house: House, count: int = 1, *, first: int = 0) -> None:
    """Register messages that are due at this very moment, of patients from that number on."""
    now = SystemClock().now()
    house.clock.move_to(now)
    registrar = house.registrar()
    with house.store.write() as tx:
        for n in range(first, first + count):
            registrar.register(
                tx,
                house.registration(
                    clinic="south",
                    treatment="laser",
                    name=f"Patient {n}",
                    phone=f"+3460000{1000 + n}",
                    starts_at=after(now, days=-2).isoformat(),
                ),
            )


async def run_until(house: House, count: int) -> list[Happening]:
    """Run an engine until so many things happened."""
    stop, seen = asyncio.Event(), []

    def watch(happening: Happening) -> None:
        seen.append(happening)
        if len(seen) >= count:
            stop.set()

    await asyncio.wait_for(engine(house, SystemClock(), stop, watch).run(), 20)
    return seen


def test_it_sends_each_message_at_the_instant_at_which_it_becomes_due(house: House) -> None:
    house.register()
    seen: list[Happening] = []

    async def six_weeks() -> None:
        stop = asyncio.Event()
        end = after(REGISTERED, days=60)
        clock = TimeLapseClock(REGISTERED, rate=60 * 86_400 / 0.3, until=end, at_end=stop.set)
        await asyncio.wait_for(engine(house, clock, stop, seen.append).run(), 20)

    asyncio.run(six_weeks())
    assert [(it.step, it.channel.value, it.at) for it in seen if it.status == "accepted"] == [
        ("prepare", "email", PREPARE),
        ("first_hours", "sms", FIRST_HOURS),
        ("next_day", "sms", NEXT_DAY),
        ("next_day", "email", NEXT_DAY),
        ("check", "sms", CHECK),
        ("tips", "sms", TIPS),
        ("rebook", "email", REBOOK),
    ]
    assert [it.step for it in seen if it.status != "accepted"] == ["offer"]


def test_it_finds_what_is_registered_while_it_sleeps(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.runtime.alarm.FURTHEST", 0.05)

    async def register_meanwhile() -> list[Happening]:
        running = asyncio.create_task(run_until(house, 1))
        await asyncio.to_thread(register_due_now, house)
        return await running

    (sent,) = asyncio.run(register_meanwhile())
    assert sent.status == "accepted"


def test_it_waits_for_a_database_that_is_away_and_then_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.runtime.alarm.FURTHEST", 0.05)
    register_due_now(house)
    database = house.settings.data_dir / "aftercare.db"
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")

        def give_way(event: str) -> None:
            if event == "store.unavailable" and other.in_transaction:
                other.execute("ROLLBACK")

        with (
            log_events(give_way) as events,
            open_store(house.settings, patience=timedelta(milliseconds=20)) as impatient,
        ):
            (sent,) = asyncio.run(run_until(house.on(impatient), 1))
    assert sent.status == "accepted"
    # Sending and the duties beside it may each have met the lock.
    assert list(dict.fromkeys(it["event"] for it in events)) == [
        "engine.started",
        "store.unavailable",
        "engine.stopped",
    ]
    assert "is locked by another process" in events[1]["reason"]


def test_it_finishes_the_batches_at_hand_when_it_is_told_to_stop_and_holds_nothing_then(
    live: House, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.services.dispatch.BATCH", 10)
    register_due_now(live, 10 * LANES + 15)
    asyncio.run(run_until(live, 1))
    sent = len(twilio.taken)
    assert 0 < sent <= 10 * LANES
    live.clock.move_to(SystemClock().now())
    assert len(live.claim("next")) == 10 * LANES + 15 - sent


def test_a_fault_of_the_program_ends_it(house: House) -> None:
    register_due_now(house)

    def faulty(_happening: Happening) -> None:
        raise ZeroDivisionError

    async def run() -> None:
        await engine(house, SystemClock(), asyncio.Event(), faulty).run()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())


@contextmanager
def log_events(react: Any) -> Iterator[list[Any]]:
    """Collect what is logged, and call `react` with the name of each event."""
    before = structlog.get_config()
    collected: list[Any] = []

    def collect(_logger: Any, _method: str, event: Any) -> Any:
        collected.append(event)
        react(event["event"])
        raise structlog.DropEvent

    structlog.configure(processors=[collect])
    try:
        yield collected
    finally:
        structlog.configure(**before)
