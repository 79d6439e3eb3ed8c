"""Web server and engine in one process, started and stopped together."""

import asyncio
import socket
from typing import TYPE_CHECKING

from scheduler.cli.stopping import stop_on_signals
from scheduler.cli.wiring import Product
from scheduler.runtime.engine import Engine

if TYPE_CHECKING:
    import uvicorn

    from scheduler.runtime.queue import Queue


async def run_service(product: Product, listener: socket.socket) -> None:
    """Run until a signal comes or one of the two ends; then let the other one finish.

    Raises what ended the engine or the server. Raises SettingsError before anything is started when live
    delivery lacks a setting.
    """
    stop = asyncio.Event()
    engine_of = Engine(product.store, product.dispatcher(), product.clock, stop, _queue(product))
    stop_on_signals(stop)
    engine = asyncio.create_task(engine_of.run(), name="engine")
    try:
        # Loading the web server takes as long as sending some hundred messages: what is due goes out beside it.
        server = await asyncio.to_thread(_server, product, engine, engine_of)
    except BaseException:
        stop.set()
        await engine
        raise
    web = asyncio.create_task(server.serve(sockets=[listener]), name="web")
    told = asyncio.create_task(stop.wait(), name="signal")
    await asyncio.wait({engine, web, told}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    server.should_exit = True
    await asyncio.gather(engine, web, told)


def _server(product: Product, engine: asyncio.Task[None], engine_of: Engine) -> "uvicorn.Server":
    from scheduler.cli.web_server import web_server  # noqa: PLC0415

    def wake() -> None:
        engine.get_loop().call_soon_threadsafe(engine_of.wake)

    return web_server(product, is_working=lambda: not engine.done(), wake=wake)


def _queue(product: Product) -> "Queue | None":
    """Return the way to the workers, None where there can be none."""
    if product.settings.on_sqlite:
        return None
    from scheduler.runtime.queue import Queue  # noqa: PLC0415

    return Queue(product.store, product.clock)
