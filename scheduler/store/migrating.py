"""Runs the migrations, one process at a time, together with the keys' check values in one transaction."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from scheduler.store.database import Tx
from scheduler.store.engine import begin_writing
from scheduler.store.keycheck import plant_checks, verify_keys
from scheduler.store.name_filling import fill_name_tokens
from scheduler.store.revisions import HEAD
from scheduler.store.vault import Vault

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x41667465  # "Afte": the same for all processes, so that one migrates while the others wait


def migrate(engine: sa.Engine, vault: Vault, *, to: str = "head") -> None:
    """Bring the database to revision `to`, or leave it as it was. Harmless when it is there already.

    Statements may take as long as they need here; driver errors pass through.
    """
    with engine.connect() as connection, connection.begin():
        begin_writing(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        command.upgrade(alembic_config(connection), to)
        plant_checks(connection, vault)
        verify_keys(connection, vault)  # another process may have been here first, with other keys
        if to in ("head", HEAD):
            fill_name_tokens(Tx(connection, vault, connection.dialect.name, writing=True))


def alembic_config(connection: sa.Connection | None = None) -> Config:
    """Return Alembic's configuration of the packaged migrations, to run on a connection of the caller."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
