import os
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.errors import StoreError
from scheduler.settings import Settings
from scheduler.store.database import Store, open_store
from scheduler.store.patients import get_patient
from scheduler.store.tables import patients
from scheduler.store.upgrade import revision_state
from tests.postgres import TEST_KEYS
from tests.store.samples import ZOE, a_patient, planned, registered
from tests.store.test_keys import settings_in
from tests.store.test_refusals import with_url

SOON = timedelta(milliseconds=50)


def test_sqlite_is_made_on_first_use_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    with open_store(settings_in(tmp_path / "var")) as store, store.write() as tx:
        a_patient(tx)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "var").iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


def test_sqlite_keeps_what_it_committed_through_a_loss_of_power(sqlite_settings: Settings) -> None:
    with open_store(sqlite_settings) as store, store.read() as tx:
        pragmas = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_what_was_stored_is_there_when_it_is_opened_again(settings: Settings) -> None:
    with open_store(settings) as store, store.write() as tx:
        zoe = a_patient(tx)
    with open_store(settings, create=False) as store, store.read() as tx:
        assert get_patient(tx, zoe.id) == zoe


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    with suppress(ZeroDivisionError), store.write() as tx:
        a_patient(tx)
        raise ZeroDivisionError
    with store.read() as tx:
        assert tx.connection.scalar(sa.select(sa.func.count()).select_from(patients)) == 0


def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    count = sa.select(sa.func.count()).select_from(patients)
    with store.read() as reading:
        before = reading.connection.scalar(count)
        with store.write() as tx:
            a_patient(tx)
        assert reading.connection.scalar(count) == before
    with store.read() as tx:
        assert tx.connection.scalar(count) == 1


@pytest.mark.postgres
def test_a_reader_can_not_write_on_postgresql(postgres_settings: Settings) -> None:
    with open_store(postgres_settings) as store, pytest.raises(StoreError, match="read-only"), store.read() as tx:
        a_patient(tx)


@pytest.mark.postgres
def test_a_session_on_postgresql_is_in_utc_and_waits_for_nobody_for_ever(postgres_settings: Settings) -> None:
    names = ("TimeZone", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with open_store(postgres_settings, patience=timedelta(seconds=3)) as store, store.read() as tx:
        assert [tx.connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names] == [
            "UTC",
            "1min",
            "3s",
            "1min",
        ]


def test_a_store_that_answers_says_so(settings: Settings) -> None:
    with open_store(settings) as store:
        assert store.answers()
        with store.write() as tx:
            tx.connection.execute(sa.text("DROP TABLE meta"))
        assert not store.answers()


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "aftercare.db").touch()
    settings = settings_in(tmp_path)
    open_store(settings).close()

    assert revision_state(settings).standing == "current"


OPENS = """
import os
from scheduler.settings import read_settings
from scheduler.store.upgrade import upgrade
print(upgrade(read_settings(os.environ)))
"""


def test_processes_that_start_at_once_make_one_database(tmp_path: Path) -> None:
    assert (
        _upgraded_at_once({"AFTERCARE_DATA_DIR": str(tmp_path / "var")})
        == [revision_state(settings_in(tmp_path / "var")).current] * 3
    )
    open_store(settings_in(tmp_path / "var")).close()


@pytest.mark.postgres
def test_processes_that_upgrade_at_once_do_it_once_on_postgresql(empty_postgres_url: str) -> None:
    found = _upgraded_at_once({"AFTERCARE_DATABASE_URL": empty_postgres_url, **TEST_KEYS})

    assert found == [revision_state(with_url(empty_postgres_url)).current] * 3


def _upgraded_at_once(environ: dict[str, str]) -> list[str]:
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPENS],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    return [process.communicate(timeout=60)[0].strip() for process in started]


def test_patient_data_is_not_in_the_file(sqlite_settings: Settings, tmp_path: Path) -> None:
    secrets = ("Zoë", "Lachance", "555-0123", "4165550123", "zoe.lachance", "patients.example", "Bonjour", "P-17-REF")
    with open_store(sqlite_settings) as store:
        registered(store, [planned()])
        with store.write() as tx:
            a_patient(tx, replace(ZOE, ref="P-17-REF"))
        raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert b"microneedling" in raw
    assert not [secret for secret in secrets if secret.encode() in raw or secret.encode("utf-16-le") in raw]
