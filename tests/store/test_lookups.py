"""What a provider is to be asked about is taken by one engine at a time, and found without reading everything."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.domain.retry import LOOK_AFTER
from scheduler.domain.states import Cause, Status
from scheduler.store.attempts import find_attempt
from scheduler.store.claims import release_expired
from scheduler.store.database import Store
from scheduler.store.lookups import Doubtful, has_rivals, note_asked, owned_ids, take_lookups, unknown_ends
from scheduler.store.moves import Move, Outcome
from scheduler.store.transitions import finish, move_all
from tests.store.samples import LEASE, NOW, begun, claimed, many_due, message

LOST = NOW + LEASE
DUE = LOST + LOOK_AFTER
AGAIN = timedelta(minutes=3)


def lost(store: Store, count: int) -> list[int]:
    """Messages whose engine died while it handed them over."""
    ids = many_due(store, count)
    begun(store, claimed(store))
    with store.write() as tx:
        assert len(release_expired(tx, now=LOST).lost) == count
    return ids


def taken(store: Store, *, minutes: float = 0, limit: int = 10) -> list[Doubtful]:
    with store.write() as tx:
        now = DUE + timedelta(minutes=minutes)
        return take_lookups(tx, Status.UNKNOWN, now=now, limit=limit, again=AGAIN)


def test_what_an_engine_left_behind_is_looked_up_after_a_while_and_not_by_two_at_once(store: Store) -> None:
    ids = lost(store, 3)
    assert taken(store, minutes=-0.1) == []
    first, second = taken(store, limit=2), taken(store, limit=2)
    assert sorted(it.message.id for it in (*first, *second)) == ids
    assert taken(store, minutes=2.9) == []
    assert len(taken(store, minutes=3)) == 3


def test_two_engines_at_the_same_instant_share_the_work(store: Store) -> None:
    lost(store, 4)
    with store.write() as tx:
        mine = take_lookups(tx, Status.UNKNOWN, now=DUE, limit=2, again=AGAIN)
    others = taken(store)
    assert {it.message.id for it in mine}.isdisjoint(it.message.id for it in others)
    assert len(mine) + len(others) == 4


def test_a_move_ends_the_asking(store: Store) -> None:
    (one,) = lost(store, 1)
    with store.write() as tx:
        move_all(tx, [Move(one, Status.UNKNOWN, Cause.SETTLE, Status.HELD, by="test")], now=DUE)
    assert message(store, one).look_at is None
    assert taken(store) == []


def test_that_it_was_asked_is_kept_from_the_first_time(store: Store) -> None:
    lost(store, 1)
    (doubtful,) = taken(store)
    for minutes in (1, 2):
        later = DUE + timedelta(minutes=minutes)
        with store.write() as tx:
            note_asked(tx, doubtful, now=later, look_at=later + AGAIN)
    with store.read() as tx:
        attempt = find_attempt(tx, doubtful.attempt.token)
    assert attempt
    assert attempt.asked_at == DUE + timedelta(minutes=1)
    assert message(store, doubtful.message.id).look_at == DUE + timedelta(minutes=2) + AGAIN


def test_that_it_was_asked_is_noted_at_the_message_itself_not_searched_for(store: Store) -> None:
    lost(store, 1)
    (doubtful,) = taken(store)
    said: list[str] = []
    with store.write() as tx:
        sa.event.listen(tx.connection, "before_cursor_execute", lambda _c, _k, it, *_rest: said.append(it))
        note_asked(tx, doubtful, now=DUE, look_at=DUE + AGAIN)
    (update,) = [it for it in said if it.startswith("UPDATE messages")]
    assert "messages.id = " in update


def test_what_was_asked_about_a_message_that_moved_meanwhile_is_forgotten(store: Store) -> None:
    (one,) = lost(store, 1)
    (doubtful,) = taken(store)
    with store.write() as tx:
        move_all(tx, [Move(one, Status.UNKNOWN, Cause.RECEIPT, Status.DELIVERED, by="test")], now=DUE)
        note_asked(tx, doubtful, now=DUE, look_at=DUE + AGAIN)
    assert message(store, one).look_at is None


def test_a_providers_id_belongs_to_one_hand_over(store: Store) -> None:
    (one,) = lost(store, 1)
    move = Move(one, Status.UNKNOWN, Cause.SETTLE, Status.ACCEPTED, by="test")
    with store.write() as tx:
        assert unknown_ends(tx, one) == 1
        finish(tx, [Outcome(f"token-{one}", move, provider_id="SM1")], now=DUE)
        assert owned_ids(tx, ["SM1", "SM2"]) == {"SM1"}
        assert unknown_ends(tx, one) == 0


def test_hand_overs_to_one_number_at_one_time_without_an_end_are_rivals(store: Store) -> None:
    one, two = lost(store, 2)
    move = Move(two, Status.UNKNOWN, Cause.SETTLE, Status.ACCEPTED, by="test")
    with store.write() as tx:
        attempt = find_attempt(tx, f"token-{one}")
        assert attempt
        assert has_rivals(tx, attempt, within=AGAIN)
        finish(tx, [Outcome(f"token-{two}", move, provider_id="SM2")], now=DUE)
        assert not has_rivals(tx, attempt, within=AGAIN)


def test_one_hand_over_that_can_not_be_opened_stops_no_other(store: Store) -> None:
    one, two = lost(store, 2)
    with store.write() as tx:
        broken = sa.text("UPDATE attempts SET body_sealed = address_sealed WHERE message_id = :one")
        tx.connection.execute(broken, {"one": one})
    assert [it.message.id for it in taken(store)] == [two]


@pytest.mark.parametrize("status", ["unknown", "accepted"])
def test_what_is_to_be_asked_is_found_by_its_partial_index(store: Store, status: str) -> None:
    with store.write() as tx:
        instant = "'2026'"
        if tx.dialect == "postgresql":
            tx.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            instant = "now()"
        explain = "EXPLAIN QUERY PLAN" if tx.dialect == "sqlite" else "EXPLAIN"
        plan = tx.connection.execute(
            sa.text(f"{explain} SELECT id FROM messages WHERE look_at <= {instant} AND status = '{status}'")
        )
        # Of those that are unknown there are few: either index will do.
        said = str(plan.all())
        assert "ix_messages_look_at" in said or (status == "unknown" and "ix_messages_unknown" in said)
