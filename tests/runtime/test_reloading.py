"""Edited files under work that goes on: what is in hand ends by the old ones, the next batch goes by the new ones."""

import asyncio
import shutil
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.clock import SystemClock
from scheduler.content.templates import Texts
from scheduler.services.dispatch import Dispatcher
from scheduler.services.happening import Happening
from scheduler.store.tables import messages
from tests.runtime.test_engine import engine, register_due_now
from tests.runtime.test_queue import queue_of, rows, worker_of
from tests.servers.twilio import TwilioServer
from tests.services.house import House


@pytest.fixture
def edited(texts_dir: Path, tmp_path: Path) -> Texts:
    """The texts, each with a word more."""
    folder = shutil.copytree(texts_dir, tmp_path / "edited")
    for file in folder.glob("*/*/sms.txt"):
        file.write_text(f"New. {file.read_text(encoding='utf-8')}", encoding="utf-8")
    return Texts(folder)


def edit(dispatcher: Dispatcher, texts: Texts) -> Dispatcher:
    return dispatcher.by(dispatcher.configuration, texts, dispatcher.replies)


def wordings(house: House) -> list[str | None]:
    """Return what the messages to patients that went out were made from, in their order."""
    with house.store.read() as tx:
        sent = sa.select(messages.c.template_digest).where(messages.c.status == "accepted").order_by(messages.c.id)
        return list(tx.connection.execute(sent).scalars())


def test_a_batch_at_hand_ends_by_the_files_it_began_with_and_the_next_goes_by_the_edited_ones(
    live: House, twilio: TwilioServer, edited: Texts
) -> None:
    register_due_now(live, 3)
    twilio.delay = 0.3
    stop, seen = asyncio.Event(), list[Happening]()

    def watch(happening: Happening) -> None:
        seen.append(happening)
        if len(seen) == 5:
            stop.set()

    async def edit_meanwhile() -> None:
        running = engine(live, SystemClock(), stop, watch)
        opened = running.dispatcher
        task = asyncio.create_task(running.run())
        async with asyncio.timeout(20):
            going = "SELECT 1 FROM messages WHERE status = 'sending'"
            while not await asyncio.to_thread(rows, live, going):  # noqa: ASYNC110  (a batch's row)
                await asyncio.sleep(0.01)
            running.take(edit(opened, edited))
            assert seen == []
            await asyncio.to_thread(register_due_now, replace(live), 2, first=3)
            running.wake()
            await task
        assert running.dispatcher.transports is opened.transports
        assert running.dispatcher.slots is opened.slots

    asyncio.run(edit_meanwhile())
    before, now = wordings(live)[0], wordings(live)[-1]
    assert before != now
    assert wordings(live) == [before] * 3 + [now] * 2


def test_an_engine_that_takes_edited_files_still_knows_what_it_saw(house: House, edited: Texts) -> None:
    running = engine(house, house.clock, asyncio.Event())
    duties = running._duties
    running.take(edit(replace(running.dispatcher, configuration=replace(house.configuration)), edited))
    assert running._duties.configuration is running.dispatcher.configuration
    assert running._duties._lookout is duties._lookout
    assert running._duties._reminders is duties._reminders
    assert running._duties.transports is duties.transports


@pytest.mark.postgres
def test_a_worker_takes_edited_files_from_the_next_job_on(chain: House, edited: Texts) -> None:
    register_due_now(chain, 2)
    queue = queue_of(chain)
    worker = worker_of(chain)

    async def deliver_all() -> None:
        async with AsyncExitStack() as channels:
            for transport in worker.dispatcher.transports.values():
                await channels.enter_async_context(transport)
            for texts in (worker.dispatcher.texts, edited):
                worker.take(edit(worker.dispatcher, texts))
                chain.clock.move_to(chain.clock.now() + timedelta(seconds=1))
                assert queue.hand_on(jobs=1) == 2
                (job,) = rows(chain, "SELECT args FROM procrastinate_jobs ORDER BY id DESC LIMIT 1")
                await worker.deliver(**job.args)
                register_due_now(chain, 2, first=2)

    asyncio.run(deliver_all())
    before, now = wordings(chain)[0], wordings(chain)[-1]
    assert before != now
    assert wordings(chain) == [before] * 2 + [now] * 2
