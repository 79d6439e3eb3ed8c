"""Many rows in one statement: a list of values or records travels as one parameter, on either database."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from scheduler.store.columns import Number
from scheduler.store.database import Tx


def among(tx: Tx, column: sa.ColumnElement[Any], values: Iterable[int | str]) -> sa.ColumnElement[bool]:
    """Return the condition that `column` is one of `values`, however many: no limit on parameters is met."""
    wanted = list(values)
    if len(wanted) == 1:  # to make the rest of this for one value costs more than to ask for it
        return column == wanted[0]
    if tx.dialect == "sqlite":
        each = sa.func.json_each(sa.bindparam(None, wanted, type_=sa.JSON)).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column == sa.any_(sa.bindparam(None, wanted, type_=postgresql.ARRAY(column.type)))


def where_each(
    tx: Tx, wanted: sa.Column[Any], column: sa.Column[Any], values: Iterable[Any], *conditions: sa.ColumnElement[bool]
) -> sa.Select[Any]:
    """Select `wanted` of the rows in which `column` is one of `values`: one look into its index for each of them.

    PostgreSQL, which has not counted a table that is just being filled, would read all rows of a clinic instead:
    LATERAL with OFFSET leaves it no choice. On SQLite the values are parameters, of which there may be 32,766.
    """
    if tx.dialect == "sqlite":
        return sa.select(wanted).where(*conditions, column.in_(list(values)))
    array = sa.bindparam(None, list(values), type_=postgresql.ARRAY(column.type))
    each = sa.func.unnest(array).table_valued(sa.column("value", column.type)).render_derived()
    found = sa.select(wanted).where(*conditions, column == each.c.value).offset(0).lateral()
    return sa.select(found.c[wanted.name]).select_from(each.join(found, sa.true()))


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


def ids_column(dialect: str) -> sa.Column[Any]:
    """Return the column `ids` of records that each hold a list of ids."""
    return sa.Column("ids", sa.Text() if dialect == "sqlite" else postgresql.ARRAY(Number))


def every(dialect: str, ids: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the ids of a record's list, one a row, beside the record's other columns."""
    if dialect == "sqlite":
        return sa.func.json_each(ids).table_valued("value", joins_implicitly=True).c.value
    return sa.func.unnest(ids)
