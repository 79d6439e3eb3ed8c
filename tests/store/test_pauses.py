"""Pauses, volumes and what is held, as the databases keep them."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from scheduler.domain.brakes import Pause, Scope
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Brake, Cause, Status
from scheduler.settings import Settings
from scheduler.store.database import Store, open_store
from scheduler.store.held import Choice, held_messages, held_too_long, late_by_clinic
from scheduler.store.messages import get_message
from scheduler.store.moves import Move
from scheduler.store.pauses import add_pause, lift_pauses, orders_in_force, pauses_in_force, wake
from scheduler.store.transitions import move_all
from scheduler.store.volumes import count_handed_over, counts_of_hour, hour_of, hours_lately
from tests.store.samples import NOW, a_patient, planned, registered

ALL = Scope()


@pytest.fixture
def other(settings: Settings, store: Store) -> Iterator[Store]:
    """A second program on the same database."""
    del store
    with open_store(settings) as opened:
        yield opened


def pause(store: Store, scope: Scope = ALL, *, why: str | None = None) -> None:
    with store.write() as tx:
        add_pause(tx, Pause(scope, "Ada", NOW), why=why)


def test_of_many_pauses_only_those_that_may_cover_these_patients_are_read(store: Store) -> None:
    with store.write() as tx:
        people = [a_patient(tx).id, a_patient(tx, clinic="serena").id]
    scopes = [ALL, Scope("lumiere", Channel.SMS), Scope("lumiere", None, people[0]), Scope("serena", None, people[1])]
    for scope in scopes:
        pause(store, scope)
    with store.read() as tx:
        assert set(pauses_in_force(tx, [])) == set(scopes)  # few: not worth a choice
    for _ in range(100):
        pause(store, Scope("serena", None, people[1]))
    with store.read() as tx:
        assert set(pauses_in_force(tx, [people[0]])) == set(scopes[:3])
        assert set(pauses_in_force(tx, [])) == set(scopes[:2])


def test_a_lifted_pause_is_on_record_and_in_force_no_more(store: Store) -> None:
    pause(store, why="Zoë asked for it")
    with store.read() as tx:
        (order,) = orders_in_force(tx)
    assert order.why == "Zoë asked for it"
    assert "asked" not in repr(order)
    with store.write() as tx:
        assert [it.id for it in lift_pauses(tx, ALL, by="Bob", now=NOW)] == [order.id]
        assert pauses_in_force(tx, []) == {}
        assert lift_pauses(tx, ALL, by="Bob", now=NOW) == ()


def test_a_pause_that_a_decision_relies_on_is_lifted_after_its_commit(store: Store, other: Store) -> None:
    (message,) = registered(store, [planned()])
    pause(store)
    woken: list[int] = []

    def lift() -> None:
        with other.write() as tx:
            lift_pauses(tx, ALL, by="Bob", now=NOW)
            woken.append(wake(tx, ALL, now=NOW))

    lifting = threading.Thread(target=lift)
    with store.write() as tx:
        assert pauses_in_force(tx, [])
        lifting.start()
        tx.connection.exec_driver_sql(f"UPDATE messages SET brake = 'pause' WHERE id = {message}")
    lifting.join(timeout=10)
    assert woken == [1]
    with store.read() as tx:
        assert get_message(tx, message).brake is Brake.PAUSE


def test_two_programs_count_in_the_same_hour(store: Store, other: Store) -> None:
    def count(there: Store) -> None:
        for _ in range(20):
            with there.write() as tx:
                count_handed_over(tx, {"b": 1, "a": 2}, now=NOW + timedelta(minutes=5))

    threads = [threading.Thread(target=count, args=(it,)) for it in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    with store.read() as tx:
        assert counts_of_hour(tx, ["a", "b", "c"], now=NOW) == {"a": 80, "b": 40}
        assert hours_lately(tx, ["a"], now=NOW + timedelta(hours=1)) == {"a": [(hour_of(NOW), 80)]}
        assert hours_lately(tx, ["a"], now=NOW) == {}
        assert hours_lately(tx, ["a"], now=NOW + timedelta(days=28, hours=1)) == {}


def test_what_is_held_too_long_goes_to_one_program_only(store: Store, other: Store) -> None:
    ids = registered(store, [planned(it, status=Status.HELD) for it in ("a", "b")])
    until = NOW + timedelta(days=1)
    with store.read() as tx:
        assert held_too_long(tx, now=until - timedelta(seconds=1), limit=9) == ()
        assert {it.brake for it in held_messages(tx, Choice())} == {Brake.LATE}
    with store.write() as tx:
        assert [it.id for it in held_too_long(tx, now=until, limit=9)] == ids
        if tx.dialect == "postgresql":
            with other.write() as second:
                assert held_too_long(second, now=until, limit=9) == ()


def test_late_is_what_nobody_looked_at_since_it_was_due(store: Store) -> None:
    hour = timedelta(hours=1)
    registered(
        store,
        [
            planned("late"),
            planned("later", due_at=NOW + hour),
            planned("useless", useful_for=hour),
            planned("given_up", status=Status.EXPIRED),
        ],
    )
    tried = registered(store, [planned("tried")])
    with store.write() as tx:
        tx.connection.exec_driver_sql(
            f"UPDATE messages SET try_at = (SELECT due_at FROM messages WHERE step = 'later') WHERE id = {tried[0]}"
        )
        assert late_by_clinic(tx, due_before=NOW, now=NOW + 2 * hour) == {"lumiere": 1}


def test_a_held_message_moves_once(store: Store) -> None:
    (message,) = registered(store, [planned(status=Status.HELD)])
    go = Move(message, Status.HELD, Cause.RESUME, Status.SCHEDULED, by="test", try_at=NOW, released_at=NOW)
    with store.write() as tx:
        assert move_all(tx, [go], now=NOW) == [message]
        assert move_all(tx, [go], now=NOW) == []
        assert get_message(tx, message).released_at == NOW
