"""Web server and engine in one process, started and stopped together."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import uvicorn

from scheduler.channels.twilio.webhook import Secrets
from scheduler.cli.stopping import stop_on_signals
from scheduler.cli.wiring import Product
from scheduler.runtime.engine import Engine
from scheduler.services.callbacks import TwilioCallbacks
from scheduler.services.receipts import Receipts
from scheduler.web.app import create_app

if TYPE_CHECKING:
    from scheduler.runtime.queue import Queue

DRAIN = 30
"""Seconds that requests get to end when the service is told to stop."""


class _Server(uvicorn.Server):
    """Leaves the signals to us, so that the engine is told to stop too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def run_service(product: Product, listener: socket.socket) -> None:
    """Run until a signal comes or one of the two ends; then let the other one finish.

    Raises what ended the engine or the server. Raises SettingsError before anything is started when live
    delivery lacks a setting.
    """
    stop = asyncio.Event()
    engine_of = Engine(product.store, product.dispatcher(), product.clock, stop, _queue(product))
    stop_on_signals(stop)
    engine = asyncio.create_task(engine_of.run(), name="engine")
    app = create_app(
        well=lambda: not engine.done() and product.store.answers(),
        twilio=_twilio(product, engine_of.dispatcher.owner),
    )
    server = _Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=DRAIN, server_header=False))
    web = asyncio.create_task(server.serve(sockets=[listener]), name="web")
    told = asyncio.create_task(stop.wait(), name="signal")
    await asyncio.wait({engine, web, told}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    server.should_exit = True
    await asyncio.gather(engine, web, told)


def _queue(product: Product) -> "Queue | None":
    """Return the way to the workers, None where there can be none."""
    if product.settings.on_sqlite:
        return None
    from scheduler.runtime.queue import Queue  # noqa: PLC0415

    return Queue(product.store, product.clock)


def _twilio(product: Product, by: str) -> TwilioCallbacks | None:
    """Return what takes Twilio's calls, None where nobody could tell whether they are Twilio's."""
    settings = product.settings
    if not settings.twilio_auth_token:
        return None
    return TwilioCallbacks(
        store=product.store,
        clock=product.clock,
        public_url=settings.public_url,
        secrets=Secrets(settings.twilio_auth_token, settings.twilio_shared_keys),
        receipts=Receipts(product.store, product.configuration, product.clock, by),
    )
