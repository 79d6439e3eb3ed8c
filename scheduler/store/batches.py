"""Many rows in one statement: a list of values or records travels as one parameter, on either database."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from scheduler.store.database import Tx


def among(tx: Tx, column: sa.ColumnElement[Any], values: Iterable[int | str]) -> sa.ColumnElement[bool]:
    """Return the condition that `column` is one of `values`, however many: no limit on parameters is met."""
    if tx.dialect == "sqlite":
        each = sa.func.json_each(sa.bindparam(None, list(values), type_=sa.JSON)).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column == sa.any_(sa.bindparam(None, list(values), type_=postgresql.ARRAY(column.type)))


def given(dialect: str, parameter: str, columns: Sequence[sa.Column[Any]]) -> sa.FromClause:
    """Return a table made of the records that the statement is given as `parameter`: a list of dictionaries.

    A column that a record does not have is NULL. Values are what JSON knows, instants as `columns.instant_text`.
    """
    records = sa.bindparam(parameter, type_=sa.JSON)
    if dialect == "sqlite":
        each = sa.func.json_each(records).table_valued("value")
        picked = [sa.func.json_extract(each.c.value, f"$.{column.name}").label(column.name) for column in columns]
        return sa.select(*picked).select_from(each).subquery("given")
    typed = [sa.column(column.name, column.type) for column in columns]
    return sa.func.json_to_recordset(records).table_valued(*typed).render_derived("given", with_types=True)
