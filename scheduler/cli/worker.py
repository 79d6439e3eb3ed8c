"""`aftercare worker`: delivers what the engines of a PostgreSQL installation hand on."""

import asyncio

import typer

from scheduler.cli.approve import say_unapproved
from scheduler.cli.output import errors
from scheduler.cli.reloads import Reloads, beside
from scheduler.cli.stopping import stop_on_signals
from scheduler.cli.wiring import Product, open_product
from scheduler.errors import SettingsError
from scheduler.store.engine import connect_arguments


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)


def worker() -> None:
    """Deliver messages beside `aftercare serve`, on the same PostgreSQL; run as many as you like.

    SIGTERM and Ctrl-C stop it after the hand-overs that go on; a second one ends it at once.
    """
    from scheduler.runtime.queue_schema import refuse_unfit  # noqa: PLC0415  (Procrastinate takes a while to load)

    with open_product(create=False) as product:
        if product.settings.on_sqlite:
            raise SettingsError(
                "a worker needs PostgreSQL: set AFTERCARE_DATABASE_URL, or let `aftercare serve` do the sending"
            )
        refuse_unfit(product.store)
        errors.print(f"Aftercare worker, delivery: {product.settings.delivery}. Ctrl-C stops it.")
        say_unapproved(product.configuration, product.settings)
        asyncio.run(_work(product))


async def _work(product: Product) -> None:
    from scheduler.runtime.worker import Worker  # noqa: PLC0415  (Procrastinate takes a while to load)

    stop = asyncio.Event()
    stop_on_signals(stop)
    product = product.kept()
    dispatcher = product.dispatcher()
    works = Worker(product.store, dispatcher, product.clock, stop, connect_arguments(product.settings))

    async def take(edited: Product) -> None:
        works.take(dispatcher.by(edited.configuration, edited.texts, edited.replies))

    await beside(works.run(), Reloads(product, take, stop))
