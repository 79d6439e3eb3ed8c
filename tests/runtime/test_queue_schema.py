"""Procrastinate's tables come from its own files, in order, and what does not fit is refused in one line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from procrastinate.schema import SchemaManager

from scheduler.errors import StoreError
from scheduler.runtime.queue_schema import examine_queue, newest, refuse_unfit, upgrade_queue
from scheduler.services.finding import Health
from scheduler.settings import Settings
from scheduler.store.database import Store, open_store
from scheduler.store.foreign import applied_of, note_applied

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres_settings: Settings) -> Iterator[Store]:
    with open_store(postgres_settings) as opened:
        yield opened


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations of the installed version and two of a later one."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"):
        (folder / path.name).write_text(path.read_text())
    (folder / "99.00.00_01_pre_one.sql").write_text("CREATE TABLE later (id int); -- 100% new\nSELECT 1;")
    (folder / "99.00.00_50_post_two.sql").write_text("ALTER TABLE later ADD COLUMN name text;")
    monkeypatch.setattr(SchemaManager, "get_migrations_path", staticmethod(lambda: str(folder)))
    return folder


def columns(store: Store, table: str) -> set[str]:
    with store.read() as tx:
        return {column["name"] for column in sa.inspect(tx.connection).get_columns(table)}


def test_a_database_without_the_queue_is_refused_and_upgraded_on_purpose(
    store: Store, postgres_settings: Settings
) -> None:
    with pytest.raises(StoreError, match="has no queue for workers yet: run `aftercare db upgrade`"):
        refuse_unfit(store)
    assert examine_queue(postgres_settings).health is Health.WRONG
    upgrade_queue(postgres_settings)
    upgrade_queue(postgres_settings)
    refuse_unfit(store)
    assert examine_queue(postgres_settings).health is Health.WELL


def test_a_later_version_applies_its_migrations_in_order_and_once(
    store: Store, postgres_settings: Settings, request: pytest.FixtureRequest
) -> None:
    upgrade_queue(postgres_settings)
    request.getfixturevalue("later")
    with pytest.raises(StoreError, match="the queue of an older Procrastinate"):
        refuse_unfit(store)
    upgrade_queue(postgres_settings)
    upgrade_queue(postgres_settings)
    assert columns(store, "later") == {"id", "name"}
    with store.read() as tx:
        assert applied_of(tx, "procrastinate") == newest() == "99.00.00_50_post_two.sql"


def test_a_migration_that_fails_leaves_those_before_it_and_is_tried_again(
    store: Store, postgres_settings: Settings, request: pytest.FixtureRequest
) -> None:
    upgrade_queue(postgres_settings)
    folder: Path = request.getfixturevalue("later")
    second = folder / "99.00.00_50_post_two.sql"
    right = second.read_text()
    second.write_text(f"{right} SELECT nonsense;")
    with pytest.raises(StoreError, match="refused a script"):
        upgrade_queue(postgres_settings)
    assert columns(store, "later") == {"id"}
    second.write_text(right)
    upgrade_queue(postgres_settings)
    assert columns(store, "later") == {"id", "name"}


def test_the_tables_of_a_newer_version_are_refused(store: Store, postgres_settings: Settings) -> None:
    upgrade_queue(postgres_settings)
    with store.write() as tx:
        note_applied(tx, "procrastinate", "99.00.00_01_pre_one.sql")
    with pytest.raises(StoreError, match=r"newer Procrastinate.*upgrade the program"):
        refuse_unfit(store)
    with pytest.raises(StoreError, match="newer Procrastinate"):
        upgrade_queue(postgres_settings)


def test_tables_that_another_program_made_are_left_alone(store: Store, postgres_settings: Settings) -> None:
    with store.write() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE procrastinate_jobs (id int)")
    with pytest.raises(StoreError, match="another program made"):
        upgrade_queue(postgres_settings)
