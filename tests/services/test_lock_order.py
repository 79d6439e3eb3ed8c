"""Desk, engine and reports work on the same visits at once: they wait for each other, never in a circle."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from scheduler.clock import FixedClock
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.outgoing import Accepted
from scheduler.domain.states import Status
from scheduler.errors import ChannelError, ConflictError, ErrorKind, NotFoundError, Scope
from scheduler.runtime.passes import one_pass
from scheduler.services.alerts import close_alert
from scheduler.services.applying import Chosen
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.bounces import Bounces, Taken
from scheduler.services.circuits import open_up
from scheduler.services.hearing import Hearing, Word
from scheduler.services.reacting import react
from scheduler.services.replies import deal_with
from scheduler.settings import Settings
from scheduler.store.alerts import alerts_of_reply
from scheduler.store.appointments import get_appointment
from scheduler.store.circuits import Fault
from scheduler.store.database import Store, open_store
from scheduler.store.messages import messages_of
from scheduler.store.pace_tables import circuits
from tests.servers.behaviours import refuse
from tests.servers.bounces import Report
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.conftest import live_settings
from tests.services.editing import edited, moved, removed
from tests.services.house import CHECK, MAIL, PREPARE, SMS, House, after, configuration
from tests.services.test_adjusting import make, take_back
from tests.services.test_applying import applier
from tests.services.test_dispatch_engines import DUE
from tests.services.texting import Text

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
    around = [
        lambda: engine(house, over),
        lambda: engine(house, over),
        lambda: reports(house, visits, over),
        lambda: operator(house, visits, over),
    ]
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


def operator(house: House, visits: Sequence[int], over: threading.Event) -> None:
    """Edit the protocol to and fro and apply it, and make exceptions and take them back, until it is over."""
    new = edited(house.configuration, check=moved("2d", "12:00"), tips=removed)
    with open_store(house.settings) as store:
        mine = house.on(store)
        while not over.is_set():
            for protocols in (new, house.configuration):
                applier(mine, protocols, batch=3, pause=time.sleep).apply(Chosen())
                for visit in visits:
                    with suppress(ConflictError, NotFoundError):  # called off or sent meanwhile, or gone by the edit
                        make(mine, visit, "tips", skip=True)
                        take_back(mine, visit, "tips")


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


def test_senders_are_held_before_circuits_before_visits_and_what_waits_is_woken_last(house: House) -> None:
    """Whoever took them in another order would meet those who take them in this one."""
    for n, clinic in enumerate(["north", "north", "south"]):
        house.register(treatment="laser", clinic=clinic, name=f"Patient {n}", phone=f"+1416555{3000 + n}", email="")
    house.clock.move_to(DUE)
    letters = house.prepare("engine", house.claim("engine")).letters
    trial, *others = sorted(letters, key=lambda it: it.outgoing.sender.key, reverse=True)
    key = trial.outgoing.sender.key
    recorder = house.dispatcher("engine").sender().recorder
    with house.store.write() as tx:
        open_up(tx, {Fault(SMS, key, "21606", "no"): []}, now=DUE)
        tx.connection.execute(sa.update(circuits).values(trial=trial.due.message.id))
    rest = ChannelError("slow", kind=ErrorKind.TRANSIENT, code="20429", retry_after=5.0, scope=Scope.SENDER)
    went, rested = (replace(trial, trial=True), Accepted("SM1", reports=True)), [(it, rest) for it in others]
    with locks(house.store) as taken:
        recorder.record([*rested, went], now=after(DUE, seconds=1))
    assert firsts(taken) == ["senders", "circuits", "alerts", "patients", "appointments", "messages"]
    assert "SKIP LOCKED" in taken[-1]


def test_a_report_holds_its_sender_before_circuits_and_wakes_what_waits_last(house: House) -> None:
    visit = house.register(treatment="laser", email="")
    house.dispatch(DUE)
    message = house.message(visit, "first_day")
    assert message.attempt
    with house.store.write() as tx:
        open_up(tx, {Fault(SMS, "+14165550109", "30034", "no", reported=True): []}, now=DUE)
        tx.connection.execute(sa.update(circuits).values(trial=message.id))
    word = Word(Status.UNDELIVERED, "SM1", "30022", DUE, left=True)
    with locks(house.store) as taken, house.store.write() as tx:
        Hearing(house.configuration, "reports").hear(tx, message.attempt, message.id, word, now=DUE)
    assert firsts(taken) == ["senders", "circuits", "alerts", "messages"]
    assert "SKIP LOCKED" in taken[-1]


def test_senders_are_told_to_rest_in_one_order(house: House) -> None:
    for n, clinic in enumerate(["north", "south"]):
        house.register(treatment="laser", clinic=clinic, name=f"Patient {n}", phone=f"+1416555{3000 + n}", email="")
    house.clock.move_to(DUE)
    letters = house.prepare("engine", house.claim("engine")).letters
    rest = ChannelError("slow", kind=ErrorKind.TRANSIENT, code="20429", retry_after=5.0, scope=Scope.SENDER)
    orders = []
    for turned in (letters, letters[::-1]):
        with locks(house.store) as taken, house.store.write() as tx:
            react(tx, [(it, rest) for it in turned], now=DUE)
        orders.append([it.partition("#")[2] for it in taken])
    assert orders[0] == orders[1]
    assert len(set(orders[0])) == 2


def test_a_mail_that_came_back_holds_no_patient_after_its_message(house: House, smtp: SmtpServer) -> None:
    """A visit that is moved holds the patient first and its messages then."""
    house.register(phone="")
    house.dispatch(PREPARE)
    (mail,) = smtp.delivered_to(MAIL)
    with locks(house.store) as taken:
        taken_in = Bounces(house.store, house.configuration, house.clock, "bounces").take_in(Report(mail).to())
    assert taken_in is Taken.DEAD
    assert firsts(taken) == ["messages", "alerts"]


def test_whoever_is_done_with_an_alert_or_its_reply_holds_the_alert_first(house: House) -> None:
    house.configuration = configuration()
    house.clock.move_to(CHECK)
    phones = ["+14165553001", "+14165553002"]
    for phone in phones:
        house.register(treatment="needling", name=f"Patient {phone}", phone=phone, email="")
    replies = [Text("I have a fever and pus", sender=phone).send(house).id for phone in phones]
    with house.store.read() as tx:
        (alert,) = alerts_of_reply(tx, replies[0])
    with locks(house.store) as at_page, house.store.write() as tx:
        close_alert(tx, alert.id, by="web", now=CHECK)
    with locks(house.store) as at_desk, house.store.write() as tx:
        deal_with(tx, replies[1], by="desk", now=CHECK)
    assert firsts(at_page) == firsts(at_desk) == ["alerts", "replies"]


TABLES = ("senders", "circuits", "alerts", "patients", "appointments", "messages", "replies")


@contextmanager
def locks(store: Store) -> Iterator[list[str]]:
    """Collect the statements of the block that hold rows of these tables, and after "#" a sender that they name."""
    taken: list[str] = []

    def note(_c: object, _k: object, statement: str, parameters: object, *_rest: object) -> None:
        if table_of(statement):
            named = parameters.get("sender", "") if isinstance(parameters, dict) else ""
            taken.append(f"{statement}#{named}")

    sa.event.listen(store._engine, "before_cursor_execute", note)
    try:
        yield taken
    finally:
        sa.event.remove(store._engine, "before_cursor_execute", note)


def table_of(statement: str) -> str | None:
    """Return which of the tables a statement holds rows of, None where it holds none."""
    begins = r"(?:UPDATE|INSERT INTO|LOCK TABLE)\s+(\w+)" if "FOR " not in statement else r"FROM (\w+)"
    found = re.search(begins, statement)
    return found[1] if found and found[1] in TABLES else None


def firsts(taken: Sequence[str]) -> list[str]:
    """Return the tables in the order in which each was first held."""
    return list(dict.fromkeys(filter(None, map(table_of, taken))))
