"""Seals every value anew with the first encryption key, so that the others can be taken off the list."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from scheduler.errors import StoreError
from scheduler.store.all_tables import metadata
from scheduler.store.database import Store, Tx
from scheduler.store.keycheck import forget_old_checks
from scheduler.store.vault import PREFIX_BYTES

BATCH = 500


def rekey_all(store: Store, *, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Re-encrypt all that another key than the first has sealed; return how many values that were.

    Batch by batch, each committed: it may be interrupted and run again, and the service may go on meanwhile, with
    the same list of keys. `progress` is told the values done and those there were to do. Raises KeysError for a
    value that no key of the list opens, StoreError when a process with another first key was writing meanwhile.
    """
    columns = [column for table in metadata.sorted_tables for column in table.columns if "of" in column.info]
    with store.read() as tx:
        total = sum(_count(tx, column) for column in columns)
    done = 0
    progress(done, total)
    for column in columns:
        last = 0
        while batch := _rekey_batch(store, column, after=last):
            last, done = max(batch), done + len(batch)
            progress(done, max(total, done))
    with store.write() as tx:
        if any(_count(tx, column) for column in columns):
            raise StoreError(
                "values were sealed with another key meanwhile: give all processes one list, run it again"
            )
        forget_old_checks(tx.connection, tx.vault)
    return done


def _count(tx: Tx, column: sa.Column[Any]) -> int:
    return tx.connection.execute(sa.select(sa.func.count()).where(_is_old(tx, column))).scalar_one()


def _rekey_batch(store: Store, column: sa.Column[Any], *, after: int) -> list[int]:
    """Seal the next values anew, in one transaction that holds their rows; return the rows' ids."""
    key = column.table.c.id
    with store.write() as tx:
        old = sa.select(key, column).where(_is_old(tx, column), key > after).order_by(key).limit(BATCH)
        values = [
            {"row": row_id, "value": _sealed_anew(tx, value, column.info["of"])}
            for row_id, value in tx.connection.execute(old.with_for_update())
        ]
        if values:
            update = sa.update(column.table).where(key == sa.bindparam("row"))
            tx.connection.execute(update.values({column.name: sa.bindparam("value")}), values)
        return [value["row"] for value in values]


def _sealed_anew(tx: Tx, value: bytes, of: str) -> bytes:
    return tx.vault.seal_bytes(tx.vault.open_bytes(value, of=of), of=of)


def _is_old(tx: Tx, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(column.is_not(None), sa.func.substr(column, 1, PREFIX_BYTES) != tx.vault.prefix)
