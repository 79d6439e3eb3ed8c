import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from scheduler.store.all_tables import metadata
from scheduler.store.database import Store
from scheduler.store.migrating import MIGRATIONS, alembic_config
from scheduler.store.revisions import HEAD, KNOWN
from scheduler.store.tables import messages
from scheduler.store.tallies import Window, due_in

UNREAD = pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index:sqlalchemy.exc.SAWarning",
    "ignore:autogenerate skipping metadata-specified expression-based index:UserWarning",
)
"""What SQLAlchemy and Alembic say of `ix_messages_day` on SQLite: a test of its own asks for it."""


def test_the_program_knows_its_revisions() -> None:
    script = ScriptDirectory.from_config(alembic_config())

    assert script.get_heads() == [HEAD]
    assert {revision.revision for revision in script.walk_revisions()} == KNOWN


@UNREAD
def test_the_migrations_make_the_tables_that_the_code_describes(store: Store) -> None:
    with store.write() as tx:
        context = MigrationContext.configure(tx.connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_what_was_due_on_a_day_is_found_by_its_index(store: Store) -> None:
    """An index of an expression, which SQLAlchemy does not read back from SQLite."""
    window = Window("north", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    found = (
        sa.select(messages.c.id)
        .where(due_in([window]))
        .compile(dialect=store._engine.dialect, compile_kwargs={"literal_binds": True})
    )
    with store.write() as tx:
        if tx.dialect == "postgresql":
            tx.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if tx.dialect == "sqlite" else "EXPLAIN"
        assert "ix_messages_day" in str(tx.connection.exec_driver_sql(f"{explain} {found}").all())


@UNREAD
def test_the_migrations_make_every_check_and_constraint_by_its_name(store: Store) -> None:
    with store.write() as tx:
        made = _guards(tx.connection)
        described = _described(tx.connection)
    assert made == described


def _described(connection: sa.Connection) -> dict[str, set[tuple[str | None, str]]]:
    """Make the tables from the code beside those of the migrations, and look at them."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("CREATE SCHEMA described"))
        connection.execute(sa.text("SET LOCAL search_path TO described"))
        metadata.create_all(connection)
        return _guards(connection, "described")
    engine = sa.create_engine("sqlite://")
    with engine.connect() as other:
        metadata.create_all(other)
        found = _guards(other)
    engine.dispose()
    return found


def _guards(connection: sa.Connection, schema: str | None = None) -> dict[str, set[tuple[str | None, str]]]:
    inspector = sa.inspect(connection)
    found: dict[str, set[tuple[str | None, str]]] = {}
    for table in metadata.tables:
        checks = {(it["name"], _plain(it["sqltext"])) for it in inspector.get_check_constraints(table, schema)}
        unique = {(it["name"], str(it["column_names"])) for it in inspector.get_unique_constraints(table, schema)}
        foreign = {(it["name"], str(it["constrained_columns"])) for it in inspector.get_foreign_keys(table, schema)}
        indexes = {(it["name"], str(it["column_names"])) for it in inspector.get_indexes(table, schema)}
        found[table] = (
            checks | unique | foreign | indexes | {(inspector.get_pk_constraint(table, schema)["name"], "")}
        )
    return found


def _plain(condition: str) -> str:
    return re.sub(r"[\s()]", "", condition)


@pytest.mark.parametrize("query", ["try_at <= '2026'", "try_at <= '2026' ORDER BY try_at, id LIMIT 5"])
def test_what_is_due_is_found_by_its_partial_index(store: Store, query: str) -> None:
    with store.write() as tx:
        if tx.dialect == "postgresql":
            tx.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            query = query.replace("'2026'", "now()")
        explain = "EXPLAIN QUERY PLAN" if tx.dialect == "sqlite" else "EXPLAIN"
        plan = tx.connection.execute(
            sa.text(f"{explain} SELECT id FROM messages WHERE status = 'scheduled' AND {query}")
        )
        assert "ix_messages_due" in str(plan.all())


def test_what_was_raised_lately_is_found_by_kind_and_time(store: Store) -> None:
    with store.write() as tx:
        instant = "'2026'"
        if tx.dialect == "postgresql":
            tx.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            instant = "now()"
        explain = "EXPLAIN QUERY PLAN" if tx.dialect == "sqlite" else "EXPLAIN"
        lately = f"kind = 'no_answer' AND opened_at >= {instant} ORDER BY opened_at, id"
        plan = tx.connection.execute(sa.text(f"{explain} SELECT id FROM alerts WHERE {lately}"))
        assert "ix_alerts_kind_opened_at" in str(plan.all())


def test_every_revision_is_in_the_package() -> None:
    assert sorted(path.name for path in MIGRATIONS.glob("versions/*.py")) == [
        "0001_first.py",
        "0002_look_up.py",
        "0003_brakes.py",
        "0004_replies.py",
        "0005_plans.py",
        "0006_desk.py",
        "0007_hooks.py",
        "0008_search.py",
        "0009_tallies.py",
        "0010_erasures.py",
        "0011_fhir.py",
        "0012_bookings.py",
        "0013_calendars.py",
        "0014_pages.py",
        "0015_families.py",
        "0016_said.py",
        "0017_names.py",
        "0018_called_off.py",
    ]
    assert Path(MIGRATIONS, "env.py").is_file()


def test_what_was_left_unknown_by_an_older_version_is_looked_up(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.connect() as connection, connection.begin():
        command.upgrade(alembic_config(connection), "0001")
        for number, status in enumerate(("unknown", "accepted"), start=1):
            connection.execute(
                sa.text(
                    "INSERT INTO messages (id, origin, clinic, patient_id, appointment_id, step, channel, occurrence,"
                    " purpose, status, planned_at, due_at, try_at, useful_until, if_late, fallback, reasons,"
                    " created_at, updated_at) VALUES (:id, :id, 'c', 1, 1, 's', 'sms', 1, 'care', :status,"
                    " :at, :at, :at, :at, 'send', '[]', '[]', :at, :at)"
                ),
                {"id": number, "status": status, "at": "2026-03-02T15:00:00.000000Z"},
            )
        command.upgrade(alembic_config(connection), "head")
        found = connection.execute(sa.text("SELECT status, look_at FROM messages ORDER BY id")).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [("unknown", "2026-03-02T15:00:00.000000Z"), ("accepted", None)]
