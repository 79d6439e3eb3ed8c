"""Reads many rows as the drivers have them, without SQLAlchemy's conversion cell by cell, and on SQLite in one go."""

import json
from collections import namedtuple
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa

from scheduler.store.database import Tx


def raw(columns: Iterable[sa.Column[Any]]) -> list[sa.ColumnElement[Any]]:
    """Return columns to select whose cells come as the driver gives them, under their own names."""
    return [
        sa.type_coerce(column, sa.types.LargeBinary if _is_blob(column) else sa.types.NULLTYPE).label(column.name)
        for column in columns
    ]


def fetch(tx: Tx, found: sa.Select[Any]) -> Iterator[Any]:
    """Yield the rows of a statement over `raw` columns, in its order; instants are for `columns.read_instant`.

    SQLite's driver hands the interpreter to another thread and back for each row, which costs more than the row
    while hand-overs go on: there all rows come as one JSON text, made without the interpreter.
    """
    if tx.dialect != "sqlite" or tx.alone:
        yield from tx.connection.execute(found)
        return
    inner = found.subquery("found")
    blobs = [place for place, column in enumerate(inner.c) if _is_blob(column)]
    cells = [sa.case((it.is_not(None), sa.func.hex(it))) if _is_blob(it) else it for it in inner.c]
    (text,) = tx.connection.execute(sa.select(sa.func.json_group_array(sa.func.json_array(*cells)))).one()
    make = _row(tuple(inner.c.keys()))
    for values in json.loads(text):
        for place in blobs:
            if values[place] is not None:
                values[place] = bytes.fromhex(values[place])
        yield make(values)


def _is_blob(column: sa.ColumnElement[Any]) -> bool:
    return isinstance(column.type, sa.types.LargeBinary)


@cache
def _row(names: tuple[str, ...]) -> Any:
    row: Any = namedtuple("row", list(names))  # type: ignore[misc]  # noqa: PYI024  (as the statement has them)
    return row._make
