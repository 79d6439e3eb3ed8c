"""Engines that crash, providers that do not answer, people who change their minds: still nobody gets a text twice."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.states import PROOF, Cause, Status
from scheduler.errors import ChannelError, ConflictError
from scheduler.runtime.passes import one_pass
from scheduler.services.appointments import call_off, complete, reschedule
from scheduler.services.letters import Letter
from scheduler.services.outcomes import Ended
from scheduler.settings import Settings
from scheduler.store.appointments import get_appointment
from scheduler.store.attempts import attempts_of
from scheduler.store.claims import release_expired
from scheduler.store.database import open_store
from scheduler.store.events import events_of_message
from scheduler.store.messages import Message, messages_of, next_wake
from scheduler.store.moves import Move
from scheduler.store.tables import appointments, attempts, events, messages, provider_events, stops
from scheduler.store.transitions import move_all
from tests.services.house import EMAIL, REGISTERED, SMS, VISIT, House, after
from tests.services.provider import AskedProvider, Provider, Way
from tests.services.reports import Report
from tests.store.test_state_machine import judge

ENGINES = ("alice", "bob")
TABLES = (events, attempts, messages, stops, provider_events, appointments)
SAID = ("queued", "sent", "delivered", "undelivered", "failed")
JUMPS = (timedelta(seconds=5), timedelta(seconds=61), timedelta(minutes=4), timedelta(hours=2), timedelta(days=1))
STARTS = [VISIT + timedelta(days=days) for days in (-3, 0, 1, 7, 28)]
OVER = {Status.ACCEPTED, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.SUPPRESSED}
OVER |= {Status.CANCELLED, Status.HELD}

engine = st.sampled_from(ENGINES)
ways = st.lists(st.sampled_from(Way), max_size=4)


@dataclass
class Flight:
    """A hand-over that goes on; `ended` once the provider was called."""

    by: str
    letter: Letter
    ended: Ended | None = None


class Histories(RuleBasedStateMachine):
    """Two engines on one database, a patient with two visits, and providers whose word is the truth."""

    houses: Callable[[], tuple[House, House]]

    @initialize(treatments=st.lists(st.sampled_from(["peel", "laser"]), min_size=1, max_size=2))
    def register(self, treatments: list[str]) -> None:
        self.house = dict(zip(ENGINES, type(self).houses(), strict=True))
        self.one = self.house["alice"]
        self.clock = self.one.clock
        self.visits = [
            self.one.register(treatment=it, starts_at=after(VISIT, days=n).isoformat())
            for n, it in enumerate(treatments)
        ]
        self.sms, self.email = AskedProvider(self.clock), Provider(self.clock)
        self.provider = {SMS: self.sms, EMAIL: self.email}
        self.hands: list[Letter] = []
        self.flights: list[Flight] = []

    @rule()
    def the_next_instant_comes(self) -> None:
        with self.one.store.read() as tx:
            asked = tx.connection.scalar(sa.select(sa.func.min(messages.c.look_at)))
            wake = [it for it in (next_wake(tx), asked) if it]
        if wake:
            self.clock.move_to(max(self.clock.now(), min(wake)))

    @rule(by=engine, way=st.sampled_from(Way), found=st.booleans())
    def an_engine_dies_after_its_call(self, by: str, way: Way, found: bool) -> None:
        """It begins what is due next, calls, and records nothing; the lease ends."""
        self.the_next_instant_comes()
        self.take_up(by)
        self.begin()
        for flight in self.flights:
            flight.ended = flight.ended or self._called(flight.letter, way)
        self.crash(by)
        if found:
            self.clock.move_by(timedelta(minutes=2))
            self.rescue()

    @rule(by=engine, sms=ways, email=ways)
    def work_at_the_next_instant(self, by: str, sms: list[Way], email: list[Way]) -> None:
        self.the_next_instant_comes()
        self.a_whole_pass(by, sms, email)

    @rule(jump=st.sampled_from(JUMPS))
    def time_passes(self, jump: timedelta) -> None:
        self.clock.move_by(jump)

    @rule(by=engine)
    def take_up(self, by: str) -> None:
        """Claim and decide; the letters lie there."""
        house = self.house[by]
        self.hands += house.decide(by, house.claim(by)).letters

    @precondition(lambda self: self.hands)
    @rule()
    def begin(self) -> None:
        """Begin what lies there, each by the engine that holds it, as the sender does."""
        for letter in self.hands:
            by = letter.due.message.claimed_by or ""
            if self.clock.now() < letter.write_until:
                begun = self.house[by].dispatcher(by, self.provider).sender().begin([letter])
                self.flights += [Flight(by, it) for it in begun]
        self.hands = []

    @precondition(lambda self: self.flights)
    @rule(nth=st.integers(0, 9), way=st.sampled_from(Way))
    def call(self, nth: int, way: Way) -> None:
        flight = self.flights[nth % len(self.flights)]
        if flight.ended is None:
            flight.ended = self._called(flight.letter, way)

    def _called(self, letter: Letter, way: Way) -> Ended:
        try:
            return self.provider[letter.channel].take(letter.outgoing, way)
        except ChannelError as error:
            return error

    @precondition(lambda self: self.flights)
    @rule(nth=st.integers(0, 9), again=st.booleans())
    def record(self, nth: int, again: bool) -> None:
        flight = self.flights[nth % len(self.flights)]
        if flight.ended is not None:
            recorder = self.house[flight.by].dispatcher(flight.by, self.provider).sender().recorder
            recorder.record([(flight.letter, flight.ended)], now=self.clock.now())
            if not again:
                self.flights.remove(flight)

    @rule(by=engine)
    def crash(self, by: str) -> None:
        """An engine dies with all that it held."""
        self.hands = [it for it in self.hands if it.due.message.claimed_by != by]
        self.flights = [it for it in self.flights if it.by != by]

    @rule(by=engine, sms=ways, email=ways)
    def a_whole_pass(self, by: str, sms: list[Way], email: list[Way]) -> None:
        self.sms.script, self.email.script = list(sms), list(email)
        asyncio.run(one_pass(self.house[by].dispatcher(by, self.provider)))

    @rule()
    def rescue(self) -> None:
        with self.one.store.write() as tx:
            release_expired(tx, now=self.clock.now())

    @precondition(lambda self: self.sms.taken)
    @rule(nth=st.integers(0, 9), said=st.sampled_from(SAID), named=st.booleans())
    def a_report_comes(self, nth: int, said: str, named: bool) -> None:
        token, had = list(self.sms.taken.items())[-1 - nth % len(self.sms.taken)]
        code = "30003" if said in ("undelivered", "failed") else ""
        Report(had.sid, said, code, attempt=token if named else None).tell(self.one)

    @rule(nth=st.integers(0, 1), starts_at=st.sampled_from(STARTS), by=engine, seldom=st.integers(0, 3))
    def the_visit_is_moved(self, nth: int, starts_at: datetime, by: str, seldom: int) -> None:
        if seldom:
            return
        house, visit = self.house[by], self.visits[nth % len(self.visits)]
        with suppress(ConflictError), house.store.write() as tx:
            known = get_appointment(tx, visit)
            reschedule(tx, house.configuration, known, starts_at=starts_at, now=self.clock.now(), by="desk")

    @rule(nth=st.integers(0, 1), status=st.sampled_from(AppointmentStatus), by=engine, seldom=st.integers(0, 3))
    def the_visit_ends(self, nth: int, status: AppointmentStatus, by: str, seldom: int) -> None:
        if seldom:
            return
        visit, now = self.visits[nth % len(self.visits)], self.clock.now()
        with suppress(ConflictError), self.house[by].store.write() as tx:
            if status in (AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW):
                call_off(tx, visit, status, now=now, by="desk")
            else:
                complete(tx, get_appointment(tx, visit), now=now, by="desk")

    @rule(go_on=st.booleans())
    def a_person_looks_at_what_is_held(self, go_on: bool) -> None:
        """They know what was taken: what the provider has is not sent again."""
        ways = {True: (Cause.RESUME, Status.SCHEDULED), False: (Cause.DECIDE, Status.EXPIRED)}
        held = [it for it in self.all() if it.status is Status.HELD]
        with self.one.store.write() as tx:
            for it in held:
                had = any(attempt.token in self.sms.taken for attempt in attempts_of(tx, it.id))
                cause, to = ways[go_on and not had]
                move_all(tx, [Move(it.id, Status.HELD, cause, to, by="desk")], now=self.clock.now())

    def all(self) -> list[Message]:
        with self.one.store.read() as tx:
            return [it for visit in self.visits for it in messages_of(tx, visit)]

    def teardown(self) -> None:
        if not hasattr(self, "visits"):
            return
        self.hands, self.flights = [], []
        self._come_to_the_end()
        found = self.all()
        assert {it.status for it in found} <= OVER, "nothing is forgotten"
        with self.one.store.read() as tx:
            for it in found:
                judge([(e.from_status, e.cause, e.to_status) for e in events_of_message(tx, it.id)])
                if it.channel is SMS:
                    taken = [attempt for attempt in attempts_of(tx, it.id) if attempt.token in self.sms.taken]
                    assert len(taken) <= 1, f"{it.origin} was taken {len(taken)} times"
                    assert not taken or it.status in {*PROOF, Status.HELD}
                    assert taken or it.status not in (Status.ACCEPTED, Status.DELIVERED)
        self._one_channel_of_first_of(found)

    def _come_to_the_end(self) -> None:
        """Let one engine do its work until nothing is left to do."""
        for _ in range(200):
            if all(it.status in OVER for it in self.all()):
                return
            self.the_next_instant_comes()
            self.a_whole_pass("bob", [], [])
            self.clock.move_by(timedelta(seconds=1))
        raise AssertionError("it never ends")

    def _one_channel_of_first_of(self, found: list[Message]) -> None:
        """Of `first_of` the patient has one, unless the provider said that the other did not arrive."""
        checks = [it for it in found if it.step == "check" and it.status in (Status.ACCEPTED, Status.DELIVERED)]
        told = {it.id for it in checks if self._was_told_bad_news(it)}
        once = Counter((it.appointment_id, it.occurrence) for it in checks if it.id not in told)
        assert set(once.values()) <= {1}

    def _was_told_bad_news(self, message: Message) -> bool:
        with self.one.store.read() as tx:
            return any(
                it.to_status in (Status.UNDELIVERED, Status.FAILED) for it in events_of_message(tx, message.id)
            )


@pytest.fixture
def histories(settings: Settings, texts_dir: Path) -> Iterator[type[Histories]]:
    with ExitStack() as opened:
        pair = [opened.enter_context(open_store(settings)) for _ in ENGINES]

        def houses() -> tuple[House, House]:
            with pair[0].write() as tx:
                for table in TABLES:
                    tx.connection.execute(sa.delete(table))
            first = House(pair[0], settings, texts_dir)
            first.clock.move_to(REGISTERED)
            return first, first.on(pair[1])

        yield type("Machine", (Histories,), {"houses": staticmethod(houses)})


@pytest.mark.parametrize("number", [6, pytest.param(20, marks=pytest.mark.long)])
def test_no_history_sends_a_text_twice_forgets_one_or_uses_both_channels(
    histories: type[Histories], number: int
) -> None:
    run_state_machine_as_test(
        histories,
        settings=effort(
            max_examples=number,
            stateful_step_count=30,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
