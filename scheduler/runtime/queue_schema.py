"""Brings Procrastinate's tables to the form that the installed version needs, from the files that come with it.

Which of its migrations were applied is in our own table, by the name of the last one: their names sort in order.
"""

from pathlib import Path

from procrastinate.schema import SchemaManager

from scheduler.errors import StoreError
from scheduler.services.finding import Finding, Health
from scheduler.settings import Settings
from scheduler.store.database import Store, open_store
from scheduler.store.foreign import applied_of, exists, note_applied, run_script, take_lock

NAME = "procrastinate"
TABLE = "procrastinate_jobs"
UPGRADE = "run `aftercare db upgrade`, with no worker running"


def upgrade_queue(settings: Settings) -> str:
    """Make the tables, or bring them up to date; return the name of the newest migration. Harmless to repeat.

    Each migration is one transaction; of two processes one waits for the other. Raises StoreError or KeysError.
    """
    with open_store(settings) as store:
        if not _make(store):
            for name in _migrations():
                _apply(store, name)
        refuse_unfit(store)
    return newest()


def newest() -> str:
    """Return the name of the newest migration of the installed Procrastinate."""
    return _migrations()[-1]


def refuse_unfit(store: Store) -> None:
    """Raise StoreError, one line, unless the tables are what the installed Procrastinate needs."""
    with store.read() as tx:
        there, applied = exists(tx, TABLE), applied_of(tx, NAME)
    if applied and applied > newest():
        raise StoreError(
            f"the database {store.where} has the tables of a newer Procrastinate ({applied}): upgrade the program"
        )
    if not there or applied is None:
        raise StoreError(f"the database {store.where} has no queue for workers yet: {UPGRADE}")
    if applied < newest():
        raise StoreError(f"the database {store.where} has the queue of an older Procrastinate ({applied}): {UPGRADE}")


def examine_queue(settings: Settings) -> Finding:
    """Say how the queue is. Raises StoreError or KeysError when the database can't be opened."""
    with open_store(settings) as store:
        try:
            refuse_unfit(store)
        except StoreError as error:
            return Finding("queue", Health.WRONG, str(error), UPGRADE)
    return Finding("queue", Health.WELL, "set up for workers")


def _make(store: Store) -> bool:
    """Make the tables where there are none; return whether that was so."""
    with store.write() as tx:
        take_lock(tx)
        if applied_of(tx, NAME):
            return False
        if exists(tx, TABLE):
            raise StoreError(
                f"the database {store.where} has tables of Procrastinate that another program made: give Aftercare a "
                "database of its own"
            )
        run_script(tx, SchemaManager.get_schema())
        note_applied(tx, NAME, newest())
        return True


def _apply(store: Store, name: str) -> None:
    """Apply one migration unless it, or a later one, was applied."""
    with store.write() as tx:
        take_lock(tx)
        if name > (applied_of(tx, NAME) or ""):
            run_script(tx, Path(SchemaManager.get_migrations_path(), name).read_text(encoding="utf-8"))
            note_applied(tx, NAME, name)


def _migrations() -> list[str]:
    return sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
