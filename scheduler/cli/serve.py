"""`aftercare serve`: the web server and, in the same process, the engine."""

import asyncio
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.approve import say_unapproved
from scheduler.cli.output import errors
from scheduler.cli.wiring import open_product
from scheduler.errors import ConflictError
from scheduler.runtime.lock import only_engine


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Run the service: send what is due, and answer on the web.

    On PostgreSQL it hands messages on to the workers while any live. SIGTERM and Ctrl-C stop it after the
    hand-overs that go on; a second one ends it at once.
    """
    from scheduler.cli.service import run_service  # noqa: PLC0415  (the web server is a third of a command's start)

    with open_product() as product, ExitStack() as held:
        if product.settings.on_sqlite:
            held.enter_context(only_engine(Path(product.store.where)))
        else:
            from scheduler.runtime.queue_schema import refuse_unfit  # noqa: PLC0415  (SQLite has no use for it)

            refuse_unfit(product.store)
        listener = held.enter_context(_listen(host, port))
        taken = listener.getsockname()[1]
        errors.print(f"Aftercare on http://{host}:{taken}, delivery: {product.settings.delivery}. Ctrl-C stops it.")
        say_unapproved(product.configuration, product.settings)
        asyncio.run(run_service(product, listener))


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ConflictError(f"can't listen on {host} port {port}: {why}: try another --port") from None
