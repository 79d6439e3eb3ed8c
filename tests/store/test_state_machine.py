"""Whatever happens to messages, in any order, doubled, from two engines: they stand where the model says."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from scheduler.domain.states import PROOF, REPLANNABLE, TRANSITIONS, Cause, Status, told
from scheduler.settings import Settings
from scheduler.store.claims import begin, claim_due, release_expired
from scheduler.store.database import Store, open_store
from scheduler.store.events import events_of_message
from scheduler.store.messages import Replan, get_message, replan
from scheduler.store.moves import Move, Outcome
from scheduler.store.tables import attempts, events, messages
from scheduler.store.transitions import finish, move_all
from tests.store.samples import LEASE, NOW, planned, registered, start

COUNT = 4
ENGINES = ("alice", "bob")
ENDS = {
    Cause.ACCEPT: (Status.ACCEPTED,),
    Cause.RETRY: (Status.SCHEDULED,),
    Cause.REFUSE: (Status.FAILED,),
    Cause.LOSE: (Status.UNKNOWN,),
    Cause.DECIDE: (Status.EXPIRED, Status.SUPPRESSED, Status.HELD),
}
PEOPLE = (Cause.CANCEL, Cause.RESUME, Cause.SETTLE, Cause.DECIDE)
"""What is decided of a message that no engine has begun, or has lost."""
LEAVES_FOR_GOOD = {Status.CANCELLED, Status.EXPIRED, Status.SUPPRESSED}
"""Only another plan, or proof that the provider has it, leads out of these."""

which = st.integers(0, COUNT - 1)
engine = st.sampled_from(ENGINES)


@dataclass
class Modelled:
    """What one message is expected to be."""

    status: Status = Status.SCHEDULED
    owner: str | None = None
    lease_until: datetime | None = None
    attempt: str | None = None
    tries: int = 0

    def go(self, to: Status) -> None:
        self.status, self.owner, self.lease_until = to, None, None


class Histories(RuleBasedStateMachine):
    """Two engines, people and providers on one store; `stores` opens it anew and empty for each history."""

    stores: Callable[[], tuple[Store, Store]]

    @initialize()
    def register(self) -> None:
        first, second = type(self).stores()
        self.store = dict(zip(ENGINES, (first, second), strict=True))
        self.ids = registered(first, [planned(f"step_{n}", useful_for=timedelta(days=30)) for n in range(COUNT)])
        self.model = {message_id: Modelled() for message_id in self.ids}
        self.tokens: dict[str, int] = {}
        self.now = NOW

    @rule(seconds=st.sampled_from([0, 1, 5, 31]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(by=engine, limit=st.integers(1, COUNT))
    def claim(self, by: str, limit: int) -> None:
        self._claim(by, limit)

    def _claim(self, by: str, limit: int) -> None:
        due = [it for it in self.ids if self.model[it].status is Status.SCHEDULED][:limit]
        with self.store[by].write() as tx:
            assert claim_due(tx, now=self.now, limit=limit, lease=LEASE, owner=by) == due
        for it in due:
            model = self.model[it]
            model.status, model.owner, model.lease_until = Status.CLAIMED, by, self.now + LEASE

    @rule(by=engine, others=st.lists(which, unique=True))
    def begin(self, by: str, others: list[int]) -> None:
        """Begin what this engine holds, and others that it does not, in one batch."""
        self._begin(by, others)

    def _begin(self, by: str, others: list[int]) -> None:
        chosen = {n for n, it in enumerate(self.ids) if self.model[it].owner == by} | set(others)
        wanted = {self.ids[n]: f"token-{len(self.tokens):04}-{n}" for n in sorted(chosen)}
        may = {it for it in wanted if self._is_held(it, by)}
        with self.store[by].write() as tx:
            begun = begin(tx, [start(it, token) for it, token in wanted.items()], owner=by, now=self.now)
        assert set(begun) == may
        for it in may:
            model = self.model[it]
            model.status, model.attempt, model.tries = Status.SENDING, wanted[it], model.tries + 1
            self.tokens[wanted[it]] = it

    @rule(by=engine)
    def take_up(self, by: str) -> None:
        """Claim and begin, with nothing between: what an engine does most of the time."""
        self._claim(by, COUNT)
        self._begin(by, [])

    def _is_held(self, message_id: int, by: str) -> bool:
        model = self.model[message_id]
        alive = model.lease_until is not None and model.lease_until > self.now
        return model.status is Status.CLAIMED and model.owner == by and alive

    @precondition(lambda self: self.tokens)
    @rule(by=engine, ago=st.integers(0, 6), cause=st.sampled_from(sorted(ENDS)), end=st.integers(0, 2))
    def record(self, by: str, ago: int, cause: Cause, end: int) -> None:
        """Record an outcome of any hand-over that there was: again, late, or of one that was taken for lost."""
        token = sorted(self.tokens, reverse=True)[ago % len(self.tokens)]
        it, to = self.tokens[token], ENDS[cause][end % len(ENDS[cause])]
        model = self.model[it]
        moves = model.status is Status.SENDING and model.attempt == token
        outcome = Outcome(token, Move(it, Status.SENDING, cause, to, by=by))
        with self.store[by].write() as tx:
            assert finish(tx, [outcome], now=self.now) == ([it] if moves else [])
        if moves:
            model.go(to)

    @precondition(lambda self: self.tokens)
    @rule(by=engine, nth=st.integers(0, 9), said=st.sampled_from(PROOF), stale=st.sampled_from(Status))
    def hear(self, by: str, nth: int, said: Status, stale: Status) -> None:
        """Take in a provider's word as of a standing that the message may not have, and as of its own."""
        it = list(self.tokens.values())[nth % len(self.tokens)]
        for seen in (stale, self.model[it].status):
            to = told(seen, said)
            self._goes(it, seen, to, self._move(by, Move(it, seen, Cause.RECEIPT, to, by=by)))

    @rule(by=engine, n=which, nth=st.integers(0, 99), stale=st.sampled_from(sorted(REPLANNABLE)))
    def decide(self, by: str, n: int, nth: int, stale: Status) -> None:
        """Cancel, resume, settle, drop: as of a standing that the message may not have, and as of its own."""
        it = self.ids[n]
        for seen in (stale, self.model[it].status):
            ways = sorted(way for way in TRANSITIONS if way[0] is seen and way[1] in PEOPLE)
            if ways:
                _, cause, to = ways[nth % len(ways)]
                self._goes(it, seen, to, self._move(by, Move(it, seen, cause, to, by="desk")))

    @rule(by=engine, n=which, stale=st.sampled_from(sorted(REPLANNABLE)))
    def replan(self, by: str, n: int, stale: Status) -> None:
        it = self.ids[n]
        for seen in {stale, self.model[it].status} & REPLANNABLE:
            item = Replan(it, seen, planned(f"step_{n}", useful_for=timedelta(days=30)))
            with self.store[by].write() as tx:
                moved = replan(tx, [item], protocol_digest="e" * 64, now=self.now, by="desk")
            self._goes(it, seen, Status.SCHEDULED, moved)

    def _move(self, by: str, move: Move) -> list[int]:
        with self.store[by].write() as tx:
            return move_all(tx, [move], now=self.now)

    def _goes(self, it: int, seen: Status, to: Status, moved: list[int]) -> None:
        """Compare what moved with whether the message stood where it was seen."""
        assert moved == ([it] if self.model[it].status is seen else [])
        if moved and to is not seen:
            self.model[it].go(to)

    @rule(by=engine)
    def give_back(self, by: str) -> None:
        mine = [it for it in self.ids if (self.model[it].status, self.model[it].owner) == (Status.CLAIMED, by)]
        moves = [Move(it, Status.CLAIMED, Cause.RELEASE, Status.SCHEDULED, by=by, owner=by) for it in self.ids]
        with self.store[by].write() as tx:
            assert move_all(tx, moves, now=self.now) == mine
        for it in mine:
            self.model[it].go(Status.SCHEDULED)

    @rule(by=engine)
    def rescue(self, by: str) -> None:
        dead = [it for it in self.ids if (until := self.model[it].lease_until) is not None and until <= self.now]
        with self.store[by].write() as tx:
            found = release_expired(tx, now=self.now)
        assert set(found.released) == {it for it in dead if self.model[it].status is Status.CLAIMED}
        assert set(found.lost) == {it for it in dead if self.model[it].status is Status.SENDING}
        for it in dead:
            claimed = self.model[it].status is Status.CLAIMED
            self.model[it].go(Status.SCHEDULED if claimed else Status.UNKNOWN)

    @invariant()
    def each_message_stands_where_the_model_says(self) -> None:
        for by in ENGINES:
            with self.store[by].read() as tx:
                for it, model in self.model.items():
                    row = get_message(tx, it)
                    stands = Modelled(row.status, row.claimed_by, row.lease_until, row.attempt, row.tries)
                    assert stands == model

    def teardown(self) -> None:
        if hasattr(self, "ids"):
            with self.store["alice"].read() as tx:
                for it in self.ids:
                    judge([(e.from_status, e.cause, e.to_status) for e in events_of_message(tx, it)])


def judge(history: list[tuple[Status | None, object, Status | None]]) -> None:
    """Each change begins where the last ended; none is outside the table, none goes back from what is known."""
    assert set(history) <= TRANSITIONS
    assert [end for _, _, end in history[:-1]] == [begin for begin, _, _ in history[1:]]
    known = [PROOF.index(end) for _, _, end in history if end in PROOF]
    assert known == sorted(known)
    for (_, _, end), (_, cause, after) in pairwise(history):
        assert end not in PROOF or after in PROOF
        assert end not in LEAVES_FOR_GOOD or cause is Cause.REPLAN or after in PROOF


@pytest.fixture
def histories(settings: Settings) -> Iterator[type[Histories]]:
    """The machine over two connections to one store, which is emptied before each history."""
    with ExitStack() as opened:
        pair = tuple(opened.enter_context(open_store(settings)) for _ in ENGINES)

        def stores() -> tuple[Store, Store]:
            with pair[0].write() as tx:
                for table in (events, attempts, messages):
                    tx.connection.execute(sa.delete(table))
            return pair[0], pair[1]

        yield type("Machine", (Histories,), {"stores": staticmethod(stores)})


def test_no_history_moves_a_message_backwards_or_begins_it_from_where_it_may_not(
    histories: type[Histories], settings: Settings
) -> None:
    run_state_machine_as_test(
        histories,
        settings=effort(
            max_examples=30 if settings.on_sqlite else 10,
            stateful_step_count=60,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
