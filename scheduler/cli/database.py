"""`aftercare db upgrade` and `aftercare rekey`: what concerns the database as a whole."""

import os

import typer

from scheduler.cli.output import console, progress_bar
from scheduler.cli.wiring import open_product
from scheduler.settings import read_settings
from scheduler.store.rekey import rekey_all
from scheduler.store.upgrade import upgrade


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The database.")
    group.command(name="upgrade")(db_upgrade)
    app.add_typer(group, name="db")
    app.command()(rekey)


def db_upgrade() -> None:
    """Bring the database to the form that this program needs; it may be run again at any time."""
    settings = read_settings(os.environ)
    revision = upgrade(settings)
    if not settings.on_sqlite:
        from scheduler.runtime.queue_schema import upgrade_queue  # noqa: PLC0415  (SQLite has no use for it)

        upgrade_queue(settings)
    console.print(f"The database is at revision {revision}.")


def rekey() -> None:
    """Encrypt all patients' data anew with the first key of AFTERCARE_ENCRYPTION_KEY.

    It can be interrupted and run again.
    """
    with open_product(create=False) as product, progress_bar("Encrypting anew", shown=True) as progress:
        count = rekey_all(product.store, progress=progress)
    console.print(f"{count:,} values are now under the first key; the others may be taken off the list.")
