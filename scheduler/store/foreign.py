"""Tables of a library beside ours: its scripts are run as they are, and how far is noted. PostgreSQL only."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from scheduler.errors import StoreError
from scheduler.store.database import Tx
from scheduler.store.tables import meta

_LOCK: Final = 0x41667446  # "AftF": one process at a time
_PREFIX: Final = "foreign."


def take_lock(tx: Tx) -> None:
    """Wait until no other process changes tables, and let statements take as long as they need, until the commit."""
    tx.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    tx.connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    tx.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def run_script(tx: Tx, script: str) -> None:
    """Run a script of several statements. The caller commits. Raises StoreError."""
    driver = driver_connection(tx)
    try:
        driver.execute(script)
    except driver.Error as error:
        raise StoreError(f"the database refused a script ({type(error).__name__}): look into its log") from error


def exists(tx: Tx, table: str) -> bool:
    """Whether there is a table of that name."""
    return tx.connection.scalar(sa.select(sa.func.to_regclass(table).is_not(None))) is True


def applied_of(tx: Tx, library: str) -> str | None:
    """Return the name of the last script of a library that was noted, None where there is none."""
    found = tx.connection.scalar(sa.select(meta.c.value).where(meta.c.name == _PREFIX + library))
    return bytes(found).decode() if found is not None else None


def note_applied(tx: Tx, library: str, script: str) -> None:
    """Note the last script of a library that was run. The caller commits, together with the script."""
    insert = postgresql.insert(meta).values(name=_PREFIX + library, value=script.encode())
    tx.connection.execute(
        insert.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": insert.excluded.value})
    )


def driver_connection(tx: Tx) -> Any:
    """Return the driver's own connection, for a library that joins this transaction. It must not commit."""
    return tx.connection.connection.driver_connection
