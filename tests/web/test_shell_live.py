"""The live stream: it says that something happened and nothing more, to few enough, and it ends."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from scheduler.errors import StoreError
from scheduler.store.pulse import Pulse, pulse
from scheduler.web.console.live import MOST_OF_ONE, Live
from tests.services.house import House

PATIENCE = 5


class Heart:
    """What is looked at: how often, and what is seen."""

    def __init__(self) -> None:
        self.beat: Pulse = (1,)
        self.looks = 0
        self.fails = False

    def __call__(self) -> Pulse:
        self.looks += 1
        if self.fails:
            raise StoreError
        return self.beat


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, PATIENCE))


async def until_looked(heart: Heart, times: int) -> None:
    wanted = heart.looks + times
    while heart.looks < wanted:  # noqa: ASYNC110  (it looks in a thread)
        await asyncio.sleep(0)


async def read(stream: AsyncIterator[bytes]) -> bytes:
    return await anext(stream)


def test_everybody_hears_that_something_happened_and_nothing_of_what() -> None:
    async def work() -> None:
        heart = Heart()
        live = Live(heart, every=0)
        one, other = live.follow("user:anna"), live.follow("user:bob")
        assert [await read(one), await read(other)] == [b"retry: 2000\n\n"] * 2
        await until_looked(heart, 2)
        heart.beat = (2,)
        assert [await read(one), await read(other)] == [b"event: changed\ndata:\n\n"] * 2
        live.close()
        assert [it async for it in one] == []
        assert [it async for it in other] == []

    run(work())


def test_nobody_looks_while_nobody_listens() -> None:
    async def work() -> None:
        heart = Heart()
        live = Live(heart, every=0)
        stream = live.follow("user:anna")
        await read(stream)
        await until_looked(heart, 1)
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        assert live._watching is None

    run(work())


def test_one_user_gets_so_many_connections_and_others_still_theirs() -> None:
    async def work() -> None:
        live = Live(Heart(), every=0)
        streams = [live.follow("user:anna") for _ in range(MOST_OF_ONE)]
        for stream in streams:
            assert live.lets("user:anna")
            await read(stream)
        assert not live.lets("user:anna")
        assert live.lets("user:bob")
        await streams[0].aclose()  # type: ignore[attr-defined]  # it is a generator
        assert live.lets("user:anna")
        for stream in streams[1:]:
            await stream.aclose()  # type: ignore[attr-defined]  # it is a generator

    run(work())


def test_a_connection_ends_after_a_while_so_that_the_session_is_looked_at_again() -> None:
    async def work() -> None:
        live = Live(Heart(), every=0, lasts=0.05)
        assert (await _all(live.follow("user:anna")))[0].startswith(b"retry")
        live.close()

    run(work())


def test_a_database_that_is_away_for_a_moment_ends_nothing() -> None:
    async def work() -> None:
        heart = Heart()
        live = Live(heart, every=0)
        stream = live.follow("user:anna")
        await read(stream)
        await until_looked(heart, 2)
        heart.fails = True
        await until_looked(heart, 3)
        heart.fails, heart.beat = False, (2,)
        assert await read(stream) == b"event: changed\ndata:\n\n"
        live.close()

    run(work())


def test_a_closed_one_takes_nobody() -> None:
    async def work() -> None:
        live = Live(Heart())
        live.close()
        assert not live.lets("user:anna")

    run(work())


def test_whatever_happens_is_another_pulse(any_house: House) -> None:
    def feel() -> Pulse:
        with any_house.store.read() as tx:
            return pulse(tx)

    before = feel()
    any_house.register()
    after = feel()
    assert before != after
    assert feel() == after


async def _all(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [it async for it in stream]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR")
