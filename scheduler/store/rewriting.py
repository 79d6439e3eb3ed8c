"""What migrations do where the two databases change a table's constraints in different ways."""

import re
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op


def put_checks(table: str, checks: Mapping[str, str]) -> None:
    """Give a table these CHECK constraints by name, in place of those of the same names; no row changes.

    On SQLite they are written into the table's own text, as its manual has it
    (https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes).
    """
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(table, checks)
        return
    for name, condition in checks.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})")


def _rewrite(table: str, checks: Mapping[str, str]) -> None:
    connection, which = op.get_bind(), {"name": table}
    found = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    body = connection.execute(found, which).scalar_one().rstrip().removesuffix(")").rstrip()
    for name, condition in checks.items():
        body = re.sub(rf",\s*CONSTRAINT {name} CHECK \(.*\)(?=,?\s*$)", "", body, flags=re.MULTILINE)
        body += f", \n\tCONSTRAINT {name} CHECK ({condition})"
    op.execute("PRAGMA writable_schema = ON")
    written = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name")
    connection.execute(written, {"sql": f"{body}\n)", **which})
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
