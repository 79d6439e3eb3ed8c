"""Desk, engine and reports work on the same visits at once: they wait for each other, never in a circle."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from scheduler.clock import FixedClock
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.states import Status
from scheduler.runtime.passes import one_pass
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.hearing import Hearing, Word
from scheduler.settings import Settings
from scheduler.store.appointments import get_appointment
from scheduler.store.database import open_store
from scheduler.store.messages import messages_of
from tests.servers.behaviours import refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.conftest import live_settings
from tests.services.house import CHECK, House, after

pytestmark = pytest.mark.postgres
ROUNDS = 25


@pytest.fixture
def house(postgres_settings: Settings, texts_dir: Path, twilio: TwilioServer, smtp: SmtpServer) -> Iterator[House]:
    with open_store(postgres_settings) as opened:
        yield House(opened, live_settings(postgres_settings, twilio, smtp), texts_dir)


def test_no_two_of_them_ever_wait_in_a_circle(house: House, twilio: TwilioServer) -> None:
    visits = [
        house.register(name=f"Patient {n}", phone=f"+1416555{3000 + n}", email=f"p{n}@patients.example")
        for n in range(8)
    ]
    twilio.default = refuse(429, 20429)
    house.clock.move_to(CHECK)
    over = threading.Event()
    works = [lambda: desk(house, visits), lambda: desk(house, visits[::-1])]
    around = [lambda: engine(house, over), lambda: engine(house, over), lambda: reports(house, visits, over)]
    with ThreadPoolExecutor(len(works) + len(around)) as threads:
        beside = [threads.submit(work) for work in around]
        try:
            for done in [threads.submit(work) for work in works]:
                done.result()
        finally:
            over.set()
        for done in beside:
            done.result()
    assert deadlocks(house.settings) == 0


def desk(house: House, visits: Sequence[int]) -> None:
    """Move every visit a little, or call it off, again and again."""
    with open_store(house.settings) as store:
        for round_ in range(ROUNDS):
            for visit in visits:
                with store.write() as tx:
                    if round_ % 5 == 4:
                        call_off(tx, visit, AppointmentStatus.CANCELLED, now=house.clock.now(), by="desk")
                    else:
                        found = get_appointment(tx, visit)
                        starts_at = after(CHECK, days=-2, minutes=-round_)
                        now = house.clock.now()
                        reschedule(tx, house.configuration, found, starts_at=starts_at, now=now, by="desk")


def engine(house: House, over: threading.Event) -> None:
    """Send what is due and is refused, which looks at each visit again."""
    with open_store(house.settings) as store:
        mine = house.on(store)
        mine.clock = FixedClock(CHECK)
        while not over.is_set():
            mine.clock.move_to(after(mine.clock.now(), seconds=40))
            asyncio.run(one_pass(mine.dispatcher(f"engine-{threading.get_ident()}")))


def reports(house: House, visits: Sequence[int], over: threading.Event) -> None:
    """Let the provider say of whatever was tried that it did not arrive: another channel takes over."""
    with open_store(house.settings) as store:
        while not over.is_set():
            for visit in visits:
                with store.read() as tx:
                    tried = [it for it in messages_of(tx, visit) if it.attempt]
                for message in tried:
                    assert message.attempt
                    word = Word(Status.UNDELIVERED, "SM1", "30005", house.clock.now())
                    with store.write() as tx:
                        hearing = Hearing(house.configuration, "reports")
                        hearing.hear(tx, message.attempt, message.id, word, now=house.clock.now())


def deadlocks(settings: Settings) -> int:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row
    return int(row[0])
