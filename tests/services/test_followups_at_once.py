"""Replies, reminders, the desk and an engine work on the same visits at once."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from scheduler.errors import StoreError
from scheduler.services.reminders import Reminders
from scheduler.services.reply_desk import ReplyDesk
from scheduler.services.unanswered import heard
from scheduler.settings import Settings
from scheduler.store.database import open_store
from scheduler.store.messages import messages_of
from tests.servers.behaviours import refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.conftest import live_settings
from tests.services.house import CHECK, House, after
from tests.services.replying import incoming, words
from tests.services.test_lock_order import deadlocks, desk, engine
from tests.services.test_reminders import checks, send_only

pytestmark = pytest.mark.postgres
PATIENCE = timedelta(milliseconds=200)


@pytest.fixture
def house(postgres_settings: Settings, texts_dir: Path, twilio: TwilioServer, smtp: SmtpServer) -> Iterator[House]:
    with open_store(postgres_settings) as opened:
        yield House(opened, live_settings(postgres_settings, twilio, smtp), texts_dir)


def test_a_reminder_waits_for_the_reply_that_is_being_taken_in_and_then_is_none(house: House) -> None:
    appointment = house.register(treatment="needling")
    send_only(house, CHECK)
    now = after(CHECK, minutes=1)
    with open_store(house.settings, patience=PATIENCE) as other:
        with house.store.write() as tx:
            ReplyDesk(house.configuration, words, by="test").take_in(tx, incoming("1", now), now=now)
            with pytest.raises(StoreError, match="locked"):
                Reminders().plan(other, house.configuration, now=now)
        assert Reminders().plan(other, house.configuration, now=now) == 0
    assert checks(house, appointment) == [(1, "accepted")]


def test_all_of_them_wait_for_each_other_never_in_a_circle(house: House, twilio: TwilioServer) -> None:
    numbers = [f"+1416555{3000 + n}" for n in range(6)]
    visits = [
        house.register(treatment="needling", name=f"Patient {n}", phone=phone, email=f"p{n}@patients.example")
        for n, phone in enumerate(numbers)
    ]
    house.dispatch(CHECK)
    twilio.default = refuse(429, 20429)
    over = threading.Event()
    around = [lambda: engine(house, over), lambda: looks(house, visits, over), lambda: patients(house, numbers, over)]
    with ThreadPoolExecutor(5) as threads:
        beside = [threads.submit(work) for work in around]
        try:
            for done in [threads.submit(desk, house, order) for order in (visits, visits[::-1])]:
                done.result()
        finally:
            over.set()
        for done in beside:
            done.result()
    assert deadlocks(house.settings) == 0
    with house.store.read() as tx:
        for visit in visits:
            origins = [it.origin for it in messages_of(tx, visit)]
            assert len(origins) == len(set(origins))


def patients(house: House, numbers: Sequence[str], over: threading.Event) -> None:
    """Let everyone write again and again, better and the same in turn."""
    with open_store(house.settings) as store:
        for turn in count():
            for number in numbers:
                if over.is_set():
                    return
                text = f"{1 + turn % 2}, day {turn}"
                now = house.clock.now()
                with store.write() as tx:
                    ReplyDesk(house.configuration, words, by="test").take_in(
                        tx, incoming(text, now, sender=number), now=now
                    )


def looks(house: House, visits: Sequence[int], over: threading.Event) -> None:
    """Look for what is to be reminded of, and note that patients were heard."""
    with open_store(house.settings) as store:
        for visit in (visit for _ in count() for visit in visits):
            if over.is_set():
                return
            Reminders().plan(store, house.configuration, now=house.clock.now())
            with store.write() as tx:
                heard(tx, visit, now=after(CHECK, days=-1), by="desk")
