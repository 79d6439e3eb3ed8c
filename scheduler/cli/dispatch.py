"""`aftercare dispatch`: one pass that sends all that is due, for cron."""

import asyncio
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from scheduler.cli.output import Json, console, print_json
from scheduler.cli.stopping import stop_on_signals
from scheduler.cli.wiring import Product, open_product
from scheduler.clock import Clock, FixedClock, SystemClock
from scheduler.errors import SettingsError
from scheduler.runtime.lock import only_engine
from scheduler.runtime.passes import one_pass
from scheduler.services.dispatch import Dispatcher
from scheduler.services.moments import EARLIEST_YEAR, LATEST_YEAR
from scheduler.services.summary import Summary
from scheduler.settings import Delivery

TWILIO = ".twilio.com"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dispatch)


def dispatch(
    *,
    now: Annotated[
        str, typer.Option(help="Move the whole clock of this pass: ISO 8601 with an offset. Not with Twilio itself.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Send all that is due, print a summary, and end."""
    with open_product(clock=_clock(now), create=False) as product, ExitStack() as held:
        if now:
            _refuse_moved_clock(product)
        if product.settings.on_sqlite:
            held.enter_context(only_engine(Path(product.store.where)))
        summary, stopped = asyncio.run(_pass(product.dispatcher()))
        if as_json:
            print_json({"now": product.clock.now(), **summary.counts})
        else:
            _print(summary.counts, product)
    if stopped:
        raise typer.Exit(130)


async def _pass(dispatcher: Dispatcher) -> tuple[Summary, bool]:
    """Send what is due; a signal ends it after the batch at hand, so that no outcome is lost."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    return await one_pass(dispatcher, stop), stop.is_set()


def _print(counts: dict[str, int], product: Product) -> None:
    said = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items() if count)
    console.print(f"{said or 'Nothing was due'}.")
    if product.settings.delivery is Delivery.REHEARSAL and counts["sent"]:
        console.print(f"Rehearsal: nothing left this machine; see {product.settings.outbox_dir}/")


def _clock(text: str) -> Clock:
    if not text:
        return SystemClock()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("is not ISO 8601, such as 2026-03-02T14:30:00Z", param_hint="--now") from None
    if moment.tzinfo is None:
        raise typer.BadParameter("has no offset: end it with Z or +01:00", param_hint="--now")
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise typer.BadParameter(f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}", param_hint="--now")
    return FixedClock(moment)


def _refuse_moved_clock(product: Product) -> None:
    host = urlsplit(product.settings.twilio_api_url).hostname or ""
    if product.settings.delivery is Delivery.LIVE and f".{host}".endswith(TWILIO):  # regions have hosts of their own
        raise SettingsError(
            "--now is for rehearsals and tests: with live delivery through Twilio the real clock counts"
        )
