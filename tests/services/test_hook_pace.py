"""Webhooks out keep pace: one endpoint's trouble is nobody else's, and what a person may wait for comes first."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import sqlalchemy as sa

from scheduler.channels.webhook.caller import HookCaller
from scheduler.services.hook_pump import HookPump
from scheduler.store.hook_calls import add_calls
from scheduler.store.tables import events
from tests.servers.behaviours import SLOW
from tests.servers.hooks import HookReceiver
from tests.services.house import House
from tests.services.test_hooks import add, pump, types

NOW = datetime.now(UTC)


def fill(house: House, endpoint: int, kinds: list[str]) -> None:
    """Give an endpoint calls about the first line of history, each under an id of its own."""
    with house.store.write() as tx:
        last = tx.connection.execute(sa.select(sa.func.max(events.c.id))).scalar_one()
        lines = [(last + 1_000_000 + number, kind) for number, kind in enumerate(kinds)]
        add_calls(tx, endpoint, lines, now=house.clock.now())


def test_a_receiver_that_hangs_delays_no_other(any_house: House, hook_receiver: HookReceiver) -> None:
    any_house.clock.move_to(NOW)
    any_house.register(starts_at=(NOW + timedelta(days=8)).isoformat())

    async def told_within(seconds: float, count: int) -> None:
        made = HookPump(any_house.store, any_house.clock, live=True, rng=Random(1))
        async with HookCaller(timeout=30) as caller, asyncio.timeout(seconds):
            while len(hook_receiver.calls) < count:
                await made.pump(caller)
            await made.let_go()

    with HookReceiver() as slow:
        slow.default = SLOW
        fill(any_house, add(any_house, slow.url).id, ["message.delivered"] * 200)
        fill(any_house, add(any_house, hook_receiver.url).id, ["message.delivered"] * 100)
        asyncio.run(told_within(20, 100))
        assert len(slow.calls) <= 20


def test_what_a_person_may_wait_for_is_told_before_the_rest(any_house: House, hook_receiver: HookReceiver) -> None:
    any_house.clock.move_to(NOW)
    any_house.register(starts_at=(NOW + timedelta(days=8)).isoformat())
    endpoint = add(any_house, hook_receiver.url)
    fill(any_house, endpoint.id, ["message.delivered"] * 60 + ["alert.raised", "reply.received"])
    pump(any_house)
    assert len(types(hook_receiver)) == 62
    assert {"alert.raised", "reply.received"} <= set(types(hook_receiver)[:20])
