import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.errors import AftercareError, KeysError, StoreError
from scheduler.settings import Settings, read_settings
from scheduler.store.database import Store, open_store
from scheduler.store.messages import add_planned
from scheduler.store.patients import add_patient, get_patient
from scheduler.store.tables import meta, patients
from scheduler.store.upgrade import revision_state, upgrade
from tests.postgres import TEST_KEYS
from tests.store.samples import DIGEST, NOW, a_patient, an_appointment, planned, registered
from tests.store.test_keys import a_key, settings_in

SOON = timedelta(milliseconds=50)


def refusal(settings: Settings, *, create: bool = True) -> str:
    """Open what can't be opened; return the one line that says why."""
    with pytest.raises(StoreError) as caught:
        open_store(settings, create=create, patience=SOON)
    line = str(caught.value)
    assert "\n" not in line
    return line


def with_url(url: str, **environ: str) -> Settings:
    return read_settings({**TEST_KEYS, "AFTERCARE_DATABASE_URL": url, **environ})


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
    with pytest.raises(ZeroDivisionError), store.write() as tx:
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


@pytest.mark.parametrize("content", [b"clinic,phone\n", b"\x00\xff" * 500, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "aftercare.db").write_bytes(content)

    assert "is not a database: check AFTERCARE_DATABASE_URL" in refusal(settings_in(tmp_path, **TEST_KEYS))
    assert (tmp_path / "aftercare.db").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["aftercare.db"]


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "aftercare.db")) as other:
        other.execute("CREATE TABLE invoices (id INTEGER)")
    before = (tmp_path / "aftercare.db").read_bytes()

    assert "belongs to another program" in refusal(settings_in(tmp_path))
    assert (tmp_path / "aftercare.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["aftercare.db"]


@pytest.mark.postgres
def test_a_database_of_another_program_is_refused_on_postgresql(empty_postgres_url: str) -> None:
    settings = with_url(empty_postgres_url)
    engine = sa.create_engine(empty_postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE messages (id integer)"))
    engine.dispose()

    assert "belongs to another program" in refusal(settings)


def test_a_database_that_a_newer_program_made_is_refused(settings: Settings) -> None:
    with open_store(settings) as store, store.write() as tx:
        tx.connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    assert "was made by a newer Aftercare (revision 9999): upgrade the program" in refusal(settings)
    assert revision_state(settings).standing == "newer"
    with pytest.raises(StoreError, match="newer"):
        upgrade(settings)


def test_a_locked_database_is_reported_after_some_patience(sqlite_settings: Settings, tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "aftercare.db", isolation_level=None)) as other,
        open_store(sqlite_settings, patience=SOON) as store,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another process"), store.write():
            pytest.fail("it began")
        with store.read() as tx:
            assert tx.connection.scalar(sa.select(sa.func.count()).select_from(patients)) == 0


@pytest.mark.postgres
def test_a_locked_row_is_reported_after_some_patience_on_postgresql(postgres_settings: Settings) -> None:
    with open_store(postgres_settings, patience=SOON) as store:
        with store.write() as tx:
            a_patient(tx)
        with store.write() as first, pytest.raises(StoreError, match="locked"), store.write() as second:
            first.connection.execute(sa.update(patients).values(language="en"))
            second.connection.execute(sa.update(patients).values(language="es"))


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """Be a user who may read what is in the folder and write nothing: root may write everywhere."""
    for path in (folder, *folder.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_read_only_database_is_refused_in_words(sqlite_settings: Settings, tmp_path: Path) -> None:
    open_store(sqlite_settings).close()
    with without_rights(tmp_path):
        line = refusal(sqlite_settings)

    assert "aftercare.db is read-only: let this user write the file and its folder" in line


def test_a_folder_that_may_not_be_written_is_refused_in_words(tmp_path: Path) -> None:
    with without_rights(tmp_path):
        line = refusal(settings_in(tmp_path / "var", **TEST_KEYS))

    assert "can't make the database" in line
    assert "Permission denied" in line


def test_without_leave_to_create_a_missing_database_stays_missing(tmp_path: Path) -> None:
    assert "there is no database" in refusal(settings_in(tmp_path / "var"), create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["sqlite:///", "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "postgresql://h:port/x"]
)
def test_an_address_that_is_none_is_refused_in_words(url: str) -> None:
    assert "AFTERCARE_DATABASE_URL" in refusal(with_url(url))


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "aftercare.db").touch()
    settings = settings_in(tmp_path)
    open_store(settings).close()

    assert revision_state(settings).standing == "current"


@pytest.mark.postgres
def test_postgresql_is_never_migrated_by_the_way(empty_postgres_url: str) -> None:
    settings = with_url(empty_postgres_url)

    assert "run `aftercare db upgrade`" in refusal(settings)
    assert revision_state(settings).standing == "empty"
    assert upgrade(settings) == upgrade(settings) == revision_state(settings).current
    open_store(settings).close()


@pytest.mark.postgres
def test_a_server_that_is_away_and_a_database_that_is_missing_are_told_apart(postgres_url: str) -> None:
    away = with_url("postgresql://aftercare:hidden-word@127.0.0.1:1/aftercare")
    line = refusal(away)
    assert "the database aftercare at 127.0.0.1:1 does not answer: check that PostgreSQL runs" in line
    assert "hidden-word" not in line

    missing = with_url(postgres_url.rpartition("/")[0] + "/nowhere")
    assert "the database nowhere at 127.0.0.1:" in refusal(missing)
    assert "does not exist: create it" in refusal(missing)
    assert "refuses the login" in refusal(with_url(postgres_url.replace("aftercare@", "mallory@")))


@pytest.mark.parametrize("setting", ["AFTERCARE_ENCRYPTION_KEY", "AFTERCARE_LOOKUP_KEY"])
def test_a_wrong_key_is_refused_at_the_start_by_the_name_of_its_setting(settings: Settings, setting: str) -> None:
    url = settings.database_url
    wrong = with_url(url, AFTERCARE_DATA_DIR=str(settings.data_dir), **{setting: a_key("W")})

    with pytest.raises(KeysError, match=setting):
        open_store(wrong)
    open_store(settings).close()


def test_a_wrong_key_changes_nothing(settings: Settings) -> None:
    with pytest.raises(KeysError):
        open_store(with_url(settings.database_url, AFTERCARE_ENCRYPTION_KEY=a_key("W")))
    with open_store(settings) as store, store.read() as tx:
        assert len(tx.connection.execute(sa.select(meta)).all()) == 2


def test_a_key_that_once_sealed_here_must_stay_in_the_list(settings: Settings) -> None:
    old = TEST_KEYS["AFTERCARE_ENCRYPTION_KEY"]
    both = with_url(settings.database_url, AFTERCARE_ENCRYPTION_KEY=f"{a_key('N')},{old}")
    with open_store(both) as store, store.write() as tx:
        zoe = a_patient(tx)

    with pytest.raises(KeysError, match="AFTERCARE_ENCRYPTION_KEY lacks the key"):
        open_store(settings)
    turned = with_url(settings.database_url, AFTERCARE_ENCRYPTION_KEY=f"{old},{a_key('N')}")
    with open_store(turned) as store, store.read() as tx:
        assert get_patient(tx, zoe.id) == zoe


def test_an_error_of_the_database_shows_no_values(store: Store) -> None:
    with pytest.raises(AftercareError) as caught, store.write() as tx:
        appointment = an_appointment(tx, a_patient(tx))
        tx.connection.execute(sa.text("INSERT INTO messages (step) VALUES (:body)"), {"body": "Bonjour Zoë"})
        add_planned(tx, appointment, [planned()], protocol_digest=DIGEST, now=NOW)
    shown = f"{caught.value!r} {caught.value.__cause__}"

    assert "\n" not in str(caught.value)
    assert "Bonjour Zoë" not in shown.split("DETAIL", maxsplit=1)[0]


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
            add_patient(tx, "lumiere", ref="P-17-REF", name="Zoë Lachance", phone="+14165550123", now=NOW)
        raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert b"microneedling" in raw
    assert not [secret for secret in secrets if secret.encode() in raw or secret.encode("utf-16-le") in raw]
