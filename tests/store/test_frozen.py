"""A process that is frozen within a statement, on PostgreSQL: its connection is open, and nothing more comes."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest

from scheduler.errors import StoreError
from scheduler.services.unlocking import Unlocker
from scheduler.settings import Settings
from scheduler.store.claims import claim_due
from scheduler.store.database import Store, Tx, open_store
from scheduler.store.foreign import driver_connection
from tests.store.samples import LEASE, NOW, claimed, many_due

pytestmark = pytest.mark.postgres
LIMIT = 0.3
"""Seconds that a statement, and a pause within a transaction, may take here."""


@pytest.fixture
def limited(postgres_settings: Settings) -> Settings:
    limits = ("statement_timeout", "idle_in_transaction_session_timeout")
    options = "%20".join(f"-c%20{limit}%3D{LIMIT * 1000:.0f}ms" for limit in limits)
    return replace(postgres_settings, database_url=f"{postgres_settings.database_url}?options={options}")


@pytest.fixture
def store(limited: Settings) -> Iterator[Store]:
    with open_store(limited) as opened:
        yield opened


@contextmanager
def in_a_copy(tx: Tx) -> Iterator[None]:
    with driver_connection(tx).cursor() as cursor, cursor.copy("COPY name_tokens FROM STDIN"):
        yield


@contextmanager
def with_half_of_its_statements_sent(tx: Tx) -> Iterator[None]:
    driver = driver_connection(tx)
    with driver.pipeline():
        driver.execute("SELECT 1")
        driver.pgconn.send_flush_request()
        driver.pgconn.flush()
        yield


@pytest.mark.parametrize("standing_still", [in_a_copy, with_half_of_its_statements_sent])
def test_what_a_process_that_is_frozen_within_a_statement_holds_is_freed_by_another(
    store: Store, limited: Settings, standing_still: Callable[[Tx], AbstractContextManager[None]]
) -> None:
    ids = many_due(store, 3)
    taken: list[int] = []

    def freeze(frozen: Store) -> None:
        with frozen.write() as tx:
            claim_due(tx, now=NOW, limit=3, lease=LEASE, owner="frozen")
            with standing_still(tx):
                time.sleep(2 * LIMIT)  # longer than any statement may take, and than the server waits
                assert claimed(store, owner="other") == []
                Unlocker().look(store)
                deadline = time.monotonic() + 10
                while not taken and time.monotonic() < deadline:
                    taken.extend(claimed(store, owner="other"))

    with open_store(limited) as frozen, pytest.raises(StoreError, match="does not answer"):
        freeze(frozen)
    assert taken == ids


def test_a_process_that_is_within_a_statement_for_a_moment_is_left_alone(postgres_settings: Settings) -> None:
    with open_store(postgres_settings) as other, other.write() as tx:
        with in_a_copy(tx):
            Unlocker().look(other)
        assert claim_due(tx, now=NOW, limit=1, lease=LEASE, owner="other") == []


def test_it_looks_again_after_a_while(store: Store) -> None:
    unlocker = Unlocker()
    assert unlocker.is_time()
    unlocker.look(store)
    assert not unlocker.is_time()
