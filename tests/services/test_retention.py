"""What is old goes and what is young stays, a few rows at a time; what concerns patients has no age."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from scheduler.clock import FixedClock
from scheduler.domain.access import LinkPurpose
from scheduler.domain.booking_event import EventState
from scheduler.domain.protocol import Channel
from scheduler.services.hooks import NewEndpoint, add_endpoint
from scheduler.services.retention import AT_ONCE, KEPT_FOR, TURNS, Retention
from scheduler.store.all_tables import metadata
from scheduler.store.database import Store
from scheduler.store.retention import KINDS
from scheduler.store.tables import provider_events
from scheduler.store.users import add_user
from tests.repo.markdown import ROOT
from tests.services.house import House

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
YEARS = 6
PAGE = ROOT / "docs/explanation/privacy-and-security.md"
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "sessions": {"user_id": 1, "started_at": NOW, "seen_at": NOW, "by_link": False},
    "login_links": {"user_id": 1, "made_at": NOW, "made_by": "test", "purpose": LinkPurpose.PASSWORD},
    "login_failures": {"failures": 1, "wait_until": NOW},
    "idempotency": {"caller": "key:a", "request_hash": b""},
    "audit": {"actor": "user:a", "action": "patient.seen", "outcome": "done"},
    "uploads": {
        "clinic": "north",
        "by": "a",
        "name_sealed": b"",
        "content_sealed": b"",
        "report_sealed": b"",
        "at": NOW,
    },
    "undos": {"clinic": "north", "by": "a", "what": "{}", "at": NOW},
    "hook_calls": {"endpoint_id": 1, "kind": "ping", "created_at": NOW, "try_at": NOW},
    "booking_events": {
        "clinic": "north",
        "source": "calcom",
        "payload_sealed": b"",
        "state": EventState.DONE,
        "try_at": NOW,
    },
    "provider_events": {"provider": "twilio", "kind": "status", "payload_sealed": b"", "handled_at": NOW},
    "outbox": {"channel": Channel.SMS, "address_sealed": b"", "content_sealed": b""},
    "volumes": {"clinic": "north", "messages": 1},
}
"""What rows have beside their age and what tells one from the others."""
NUMBERED = {
    "sessions": "token_hash",
    "login_links": "token_hash",
    "login_failures": "key_hash",
    "idempotency": "key_hash",
    "hook_calls": "event_id",
    "booking_events": "unique_id",
    "provider_events": "unique_id",
    "outbox": "attempt",
}


def put(store: Store, name: str, *ages: timedelta, since: datetime = NOW) -> None:
    """Add rows that aged for so long."""
    kind = KINDS[name]
    rows = [{**GIVEN[name], kind.at.name: since - age} for age in ages]
    if column := NUMBERED.get(name):
        start = count(store, name)
        for number, row in enumerate(rows, start + 1):
            row[column] = number if column == "event_id" else f"{number}" if "hash" not in column else b"%d" % number
    with store.write() as tx:
        tx.connection.execute(sa.insert(kind.table), rows)


def count(store: Store, name: str) -> int:
    with store.read() as tx:
        return tx.connection.execute(sa.select(sa.func.count()).select_from(metadata.tables[name])).scalar_one()


def furnish(store: Store) -> None:
    with store.write() as tx:
        add_user(tx, "ann", "Ann", language=None, by="test", now=NOW)
        hook = NewEndpoint("north", "https://clinic.example/hooks", "Booking")
        add_endpoint(tx, hook, clinics=frozenset({"north"}), now=NOW, by="test")


def look(store: Store, *, years: int | None = YEARS, now: datetime = NOW) -> int:
    return Retention(FixedClock(NOW)).look(store, audit_years=years, now=now)


def kept_for(name: str) -> timedelta:
    return KEPT_FOR.get(name, timedelta(days=366 * YEARS))


def test_of_every_kind_an_old_row_goes_and_a_young_one_stays(store: Store) -> None:
    furnish(store)
    for name in KINDS:
        put(store, name, kept_for(name) + timedelta(minutes=1), kept_for(name) - timedelta(minutes=1))
    assert look(store) == len(KINDS)
    assert {name: count(store, name) for name in KINDS} == dict.fromkeys(KINDS, 1)
    with store.read() as tx:
        for name, kind in KINDS.items():
            left = tx.connection.execute(sa.select(kind.at)).scalar_one()
            assert left == NOW - kept_for(name) + timedelta(minutes=1), name
    assert look(store) == 0


def test_what_nobody_dealt_with_stays_however_old_and_so_does_what_still_goes_on(store: Store) -> None:
    furnish(store)
    put(store, "provider_events", *[timedelta(days=400)] * 3)
    put(store, "hook_calls", timedelta(days=400), timedelta(days=400))
    with store.write() as tx:
        tx.connection.execute(sa.update(provider_events).where(provider_events.c.id == 2).values(handled_at=None))
        calls = KINDS["hook_calls"].table
        tx.connection.execute(sa.update(calls).where(calls.c.event_id == 1).values(finished_at=None))
    assert look(store) == 3
    with store.read() as tx:
        assert tx.connection.execute(sa.select(provider_events.c.id)).scalars().all() == [2]
        assert tx.connection.execute(sa.select(calls.c.event_id)).scalars().all() == [1]


def test_the_audit_trail_stays_for_ever_unless_a_clinic_says_how_many_years(store: Store) -> None:
    put(store, "audit", timedelta(days=365 * 50), timedelta(days=366 * 2 - 1))
    assert look(store, years=None) == 0
    assert look(store, years=2) == 1
    assert count(store, "audit") == 1


def test_nothing_goes_because_a_clock_was_moved(store: Store) -> None:
    put(store, "outbox", timedelta(0))
    assert look(store, now=NOW + timedelta(days=400)) == 0
    assert look(store, now=NOW - timedelta(days=400)) == 0
    assert count(store, "outbox") == 1


def test_many_rows_go_a_few_at_a_time_and_the_rest_at_the_next_turn(store: Store) -> None:
    rows = AT_ONCE * (TURNS + 1) + 7
    put(store, "audit", *[timedelta(days=366 * 7)] * rows)
    put(store, "outbox", *[timedelta(days=100)] * rows, timedelta(0))
    retention, machine = Retention(FixedClock(NOW)), NOW
    went = []
    while retention.is_time():
        went.append(retention.look(store, audit_years=YEARS, now=machine))
    assert went == [2 * AT_ONCE * TURNS, 2 * (AT_ONCE + 7)]
    assert (count(store, "audit"), count(store, "outbox")) == (0, 1)


def test_one_process_at_a_time_does_it(store: Store) -> None:
    put(store, "outbox", timedelta(days=100))
    with store.turn("retention") as mine:
        assert mine
        assert look(store) == 0
    assert look(store) == 1


def test_whoever_sends_does_it_beside_and_by_what_the_file_says(any_house: House) -> None:
    store, then = any_house.store, any_house.clock.now()
    put(store, "audit", timedelta(days=366 * 2), since=then)
    put(store, "outbox", timedelta(days=91), since=then)
    any_house.dispatch(then)
    assert (count(store, "audit"), count(store, "outbox")) == (1, 0)
    instance = replace(any_house.configuration.instance, audit_years=1)
    any_house.configuration = replace(any_house.configuration, instance=instance)
    any_house.dispatch(then)
    assert count(store, "audit") == 0


def test_the_page_names_every_table_and_how_long_its_rows_stay() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = {name: line for line in lines for name in line.split("|")[1].replace("`", "").replace(",", " ").split()}
    assert set(metadata.tables) - named.keys() == set()
    for name, kept in KEPT_FOR.items():
        said = named[name].split("|")[3]
        days = f"{kept.days} days" if kept.days > 1 else "24 hours" if kept.days else ""
        assert days in said, name
    assert "audit_years" in named["audit"]
