import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.errors import AftercareError, KeysError, StoreError
from scheduler.settings import Settings, read_settings
from scheduler.store.database import Store, open_store
from scheduler.store.patients import get_patient
from scheduler.store.tables import meta, patients
from scheduler.store.upgrade import revision_state, upgrade
from tests.postgres import TEST_KEYS
from tests.store.samples import a_patient
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
        with store.write() as first:
            first.connection.execute(sa.update(patients).values(language="en"))
            with pytest.raises(StoreError, match="is locked by another process"), store.write() as second:
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

    assert "can't be written" in line
    assert "Permission denied" in line


def test_without_leave_to_create_a_missing_database_stays_missing(tmp_path: Path) -> None:
    assert "there is no database" in refusal(settings_in(tmp_path / "var"), create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["sqlite:///", "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "postgresql://h:port/x"]
)
def test_an_address_that_is_none_is_refused_in_words(url: str) -> None:
    assert "AFTERCARE_DATABASE_URL" in refusal(with_url(url))


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
    wrong = sa.insert(patients).values(clinic="Zoë Lachance")
    with pytest.raises(AftercareError) as caught, store.write() as tx:
        tx.connection.execute(wrong)

    assert "\n" not in str(caught.value)
    assert "Lachance" not in str(caught.value)


def test_a_database_that_is_taken_away_under_a_running_program_is_noticed(sqlite_settings: Settings) -> None:
    with open_store(sqlite_settings) as store:
        Path(store.where).rename(Path(store.where).with_suffix(".away"))
        assert not store.answers()
        with pytest.raises(StoreError, match="removed or replaced while in use"), store.write():
            pytest.fail("nobody would see what is written")
        Path(store.where).with_suffix(".away").rename(store.where)
        assert store.answers()
