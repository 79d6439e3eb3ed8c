"""`aftercare serve`: the web server and, in the same process, the engine."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated

import typer
import uvicorn

from scheduler.cli.output import errors
from scheduler.cli.wiring import Product, open_product
from scheduler.runtime.engine import Engine
from scheduler.runtime.lock import only_engine
from scheduler.web.app import create_app

DRAIN = 30
"""Seconds that requests get to end when the service is told to stop."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Run the service: send what is due, and answer on the web."""
    with open_product() as product, ExitStack() as held:
        if product.settings.on_sqlite:
            held.enter_context(only_engine(product.settings.data_dir))
        errors.print(f"Aftercare on http://{host}:{port}, delivery: {product.settings.delivery}. Ctrl-C stops it.")
        asyncio.run(_serve(product, host, port))


class _Server(uvicorn.Server):
    """Leaves the signals to us, so that the engine is told to stop too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _serve(product: Product, host: str, port: int) -> None:
    """Run web server and engine until a signal comes or one of them ends; then let the other one finish."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    engine = asyncio.create_task(
        Engine(product.store, product.dispatcher(), product.clock, stop).run(), name="engine"
    )
    app = create_app(well=lambda: not engine.done() and product.store.answers())
    server = _Server(
        uvicorn.Config(
            app, host=host, port=port, log_config=None, timeout_graceful_shutdown=DRAIN, server_header=False
        )
    )
    web = asyncio.create_task(server.serve(), name="web")
    waiting = asyncio.create_task(stop.wait(), name="signal")
    await asyncio.wait({engine, web, waiting}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    server.should_exit = True
    await asyncio.gather(engine, web, waiting)
