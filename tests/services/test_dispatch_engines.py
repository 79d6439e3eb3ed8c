"""Several engines, many messages, and an engine that is told to stop."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from scheduler.channels.rehearsal import RehearsalTransport
from scheduler.domain.outgoing import Accepted, Outgoing
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.runtime.passes import one_pass
from scheduler.services.dispatch import BATCH, LANES
from scheduler.services.summary import Summary
from scheduler.store.database import open_store
from scheduler.store.health import count_in
from tests.servers.twilio import TwilioServer
from tests.services.house import VISIT, House, after

DUE = after(VISIT, days=1)


def register_many(house: House, count: int) -> None:
    registrar = house.registrar()
    people = [
        house.registration(treatment="laser", name=f"Patient {n}", phone=f"+1416555{1000 + n}") for n in range(count)
    ]
    with house.store.write() as tx:
        book = registrar.open(tx, "north", people)
        for one in people:
            registrar.enter(book, one)
        book.write()
    house.clock.move_to(DUE)


def test_engines_on_one_database_send_each_message_once(
    any_live: House, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.services.dispatch.BATCH", 7)
    register_many(any_live, 120)
    with open_store(any_live.settings) as other, ThreadPoolExecutor(3) as threads:
        engines = [any_live, any_live.on(other), any_live.on(other)]
        passes = [
            threads.submit(asyncio.run, one_pass(house.dispatcher(f"engine-{n}"))) for n, house in enumerate(engines)
        ]
        summaries = [it.result() for it in passes]
    assert sum(it.counts["sent"] for it in summaries) == 120
    assert Counter(Counter(it.to for it in twilio.taken).values()) == {1: 120}


def test_more_messages_than_a_batch_are_all_sent_in_one_pass(live: House, twilio: TwilioServer) -> None:
    count = 2 * BATCH + 200
    register_many(live, count)
    assert live.dispatch(DUE) == {"sent": count}
    assert Counter(Counter(it.to for it in twilio.taken).values()) == {1: count}
    assert len(live.happenings) == count


def test_an_engine_that_is_told_to_stop_finishes_its_batches_and_claims_no_more(
    any_live: House, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.services.dispatch.BATCH", 10)
    count = 10 * LANES + 20
    register_many(any_live, count)

    async def run_until_the_first_is_sent() -> Summary:
        stop = asyncio.Event()
        dispatcher = replace(any_live.dispatcher(), watch=lambda _happening: stop.set())
        async with AsyncExitStack() as channels:
            for transport in dispatcher.transports.values():
                await channels.enter_async_context(transport)
            return await dispatcher.run(stop)

    sent = asyncio.run(run_until_the_first_is_sent()).counts["sent"]
    assert 0 < sent <= 10 * LANES
    assert len(twilio.taken) == sent
    assert any_live.dispatch(DUE) == {"sent": count - sent}


class Watched(RehearsalTransport):
    """A mail server's stand-in that notes how many emails have begun and are not over while it takes one."""

    def __init__(self, house: House, begun: list[int]) -> None:
        super().__init__(house.settings.outbox_dir, house.clock, keep=lambda *_: None)
        self._house, self._begun = house, begun

    async def send(self, message: Outgoing) -> Accepted:
        await asyncio.sleep(0)
        self._begun.append(await asyncio.to_thread(self._count))
        return await super().send(message)

    def _count(self) -> int:
        with self._house.store.read() as tx:
            return count_in(tx, Status.SENDING)


def test_no_more_emails_begin_than_are_on_their_way(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.services.dispatch.BATCH", 12)
    at_once = any_house.configuration.instance.emails_at_once
    visits = [any_house.register(name=f"Patient {n}", email=f"p{n}@example.com", phone="") for n in range(60)]
    begun: list[int] = []
    transports = {**any_house.transports(), Channel.EMAIL: Watched(any_house, begun)}
    any_house.dispatch(any_house.message(visits[0], "next_day", Channel.EMAIL).due_at, transports)
    assert len(begun) == 60
    assert max(begun) <= at_once
