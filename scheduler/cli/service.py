"""Web server and engine in one process, started and stopped together."""

import asyncio
import socket
from random import SystemRandom
from typing import TYPE_CHECKING

from scheduler.cli.reloads import Reloads
from scheduler.cli.stopping import stop_on_signals
from scheduler.cli.wiring import Product
from scheduler.runtime.engine import Engine
from scheduler.services.hook_pump import HookPump
from scheduler.settings import Delivery

if TYPE_CHECKING:
    from scheduler.cli.web_server import WebServer
    from scheduler.runtime.queue import Queue


async def run_service(product: Product, listener: socket.socket) -> None:
    """Run until a signal comes or one of the two ends; then let the other one finish.

    Edited files are taken while it runs. Raises what ended the engine or the server. Raises SettingsError before
    anything is started when live delivery lacks a setting.
    """
    stop = asyncio.Event()
    product = product.kept()
    dispatcher = product.dispatcher()
    is_live = product.settings.delivery is Delivery.LIVE
    hooks = HookPump(product.store, product.clock, live=is_live, rng=SystemRandom())
    engine_of = Engine(product.store, dispatcher, product.clock, stop, _queue(product), hooks)
    stop_on_signals(stop)
    engine = asyncio.create_task(engine_of.run(), name="engine")
    try:
        # Loading the web server takes as long as sending some hundred messages: what is due goes out beside it.
        web = await asyncio.to_thread(_server, product, engine, engine_of)
    except BaseException:
        stop.set()
        await engine
        raise

    async def take(edited: Product) -> None:
        """Let both work by edited files, from the same moment on."""
        app = await asyncio.to_thread(web.app_of, edited)
        engine_of.take(dispatcher.by(edited.configuration, edited.texts, edited.replies))
        web.take(app)

    serving = asyncio.create_task(web.server.serve(sockets=[listener]), name="web")
    following = asyncio.create_task(Reloads(product, take, stop).follow(), name="reloads")
    told = asyncio.create_task(stop.wait(), name="signal")
    await asyncio.wait({engine, serving, following, told}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    web.server.should_exit = True
    await asyncio.gather(engine, serving, following, told)


def _server(product: Product, engine: asyncio.Task[None], engine_of: Engine) -> "WebServer":
    from scheduler.cli.web_server import WebServer  # noqa: PLC0415  (it loads the pages, which the other commands have no use for)

    def wake() -> None:
        engine.get_loop().call_soon_threadsafe(engine_of.wake)

    return WebServer(product, is_working=lambda: not engine.done(), wake=wake)


def _queue(product: Product) -> "Queue | None":
    """Return the way to the workers, None where there can be none."""
    if product.settings.on_sqlite:
        return None
    from scheduler.runtime.queue import Queue  # noqa: PLC0415  (SQLite has no use for it)

    return Queue(product.store, product.clock)
