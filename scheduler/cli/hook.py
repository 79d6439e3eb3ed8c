"""`aftercare hook`: which other systems are told of what happens, and what became of the calls."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, one_line, print_json
from scheduler.cli.wiring import open_product
from scheduler.domain.access import EVERY_CLINIC, Scope
from scheduler.domain.localtime import iso
from scheduler.services import hooks
from scheduler.services.hooks import NewEndpoint
from scheduler.store.hook_calls import HookCall
from scheduler.store.hook_endpoints import HookEndpoint, get_endpoint

Endpoint = Annotated[int, typer.Argument(metavar="ENDPOINT", help="Its number.", min=1, max=2**63 - 1)]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Other systems that are told of what happens (webhooks out).", no_args_is_help=True)
    group.command(name="add")(add)
    group.command(name="list")(show)
    group.command(name="calls")(calls)
    group.command(name="ping")(ping)
    group.command(name="again")(again)
    group.command(name="secret")(secret)
    group.command(name="on")(on)
    group.command(name="off")(off)
    app.add_typer(group, name="hook")


def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it is called: https, or this machine.")],
    *,
    title: Annotated[str, typer.Option(help="What it is, for people.")],
    clinic: Annotated[str, typer.Option(help="The clinic it is told of; * for all of them.")] = EVERY_CLINIC,
    events: Annotated[str, typer.Option(help="What it is told of, with commas: names, message.*, or *.")] = "*",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Tell another system of what happens from now on. Prints its secret: only now."""
    kinds = frozenset(kind.strip() for kind in events.split(",") if kind.strip())
    with open_product(sound_only=True) as product, product.store.write() as tx:
        made = hooks.add_endpoint(
            tx,
            NewEndpoint(clinic, url, title, kinds),
            clinics=frozenset(product.configuration.clinics),
            now=product.clock.now(),
            by=operator(by),
        )
    if as_json:
        print_json({**_endpoint(made), "secret": made.secret})
    else:
        console.print(f"Endpoint {made.id} is told from now on. Its secret, shown only now:", highlight=False)
        console.print(made.secret, highlight=False, soft_wrap=True)


def show(*, as_json: Json = False) -> None:
    """List the endpoints. Their addresses may be secrets: only the host is shown."""
    with open_product(create=False, sound_only=True) as product, product.store.read() as tx:
        found = hooks.list_endpoints(tx, Scope(None))
    if as_json:
        print_json({"endpoints": [_endpoint(it) for it in found]})
        return
    if not found:
        console.print("No other system is told of anything: add one with `aftercare hook add`.")
        return
    table = Table("No.", "what", "clinic", "host", "events", "state", box=None)
    for it in found:
        state = f"off, by {it.disabled_by}" if it.disabled_at else "on"
        events = ", ".join(sorted(it.kinds))
        table.add_row(str(it.id), one_line(it.title), it.clinic, hooks.host_of(it), events, state)
    console.print(table)


def calls(
    endpoint: Endpoint,
    *,
    before: Annotated[int | None, typer.Option(help="Only calls older than that one.")] = None,
    as_json: Json = False,
) -> None:
    """List what an endpoint was told, the latest 50 first, and what it answered."""
    with open_product(create=False, sound_only=True) as product, product.store.read() as tx:
        found = hooks.calls_of(tx, get_endpoint(tx, endpoint), before=before)
    if as_json:
        print_json({"calls": [_call(it) for it in found]})
        return
    if not found:
        console.print("It was told nothing yet.")
        return
    table = Table("call", "event", "at", "tries", "answer", "state", box=None)
    for it in found:
        answer = str(it.answered or it.error or "")
        table.add_row(str(it.id), it.kind, iso(it.created_at), str(it.tries), answer, hooks.state_of(it))
    console.print(table)


def ping(endpoint: Endpoint, *, as_json: Json = False) -> None:
    """Have an endpoint called once about nothing, by the service that runs."""
    with open_product(create=False, sound_only=True) as product, product.store.write() as tx:
        made = hooks.ping(tx, get_endpoint(tx, endpoint), now=product.clock.now())
    _say_again([made], as_json=as_json)


def again(
    endpoint: Endpoint,
    call: Annotated[
        int | None, typer.Argument(metavar="[CALL]", help="One call; none: all that were given up.")
    ] = None,
    *,
    hours: Annotated[int, typer.Option(help="Without a call: given up within so many hours.", min=1, max=720)] = 24,
    as_json: Json = False,
) -> None:
    """Have calls made again, under the same webhook-id."""
    with open_product(create=False, sound_only=True) as product, product.store.write() as tx:
        now, found = product.clock.now(), get_endpoint(tx, endpoint)
        if call is not None:
            made = [hooks.call_again(tx, found, call, now=now)]
        else:
            made = hooks.call_failed_again(tx, found, since=now - timedelta(hours=hours), now=now)
    _say_again(made, as_json=as_json)


def secret(endpoint: Endpoint, *, as_json: Json = False) -> None:
    """Give an endpoint another secret and print it; the old one signs beside it for a day."""
    with open_product(create=False, sound_only=True) as product, product.store.write() as tx:
        now = product.clock.now()
        changed = hooks.change_secret(tx, get_endpoint(tx, endpoint), now=now)
    if as_json:
        print_json({"endpoint": endpoint, "secret": changed, "old_until": now + hooks.BOTH_FOR})
    else:
        console.print("Its new secret, shown only now; the old one signs too for 24 hours:", highlight=False)
        console.print(changed, highlight=False, soft_wrap=True)


def on(endpoint: Endpoint, *, as_json: Json = False) -> None:
    """Switch an endpoint on again: it is told of what happened meanwhile too."""
    _switch(endpoint, is_on=True, by="", as_json=as_json)


def off(endpoint: Endpoint, *, by: By = "", as_json: Json = False) -> None:
    """Switch an endpoint off; what waits for it waits on."""
    _switch(endpoint, is_on=False, by=by, as_json=as_json)


def _switch(endpoint: int, *, is_on: bool, by: str, as_json: bool) -> None:
    with open_product(create=False, sound_only=True) as product, product.store.write() as tx:
        found = get_endpoint(tx, endpoint)
        hooks.switch(tx, found, on=is_on, now=product.clock.now(), by=operator(by))
        changed = get_endpoint(tx, endpoint)
    if as_json:
        print_json(_endpoint(changed))
    else:
        console.print(f"Endpoint {endpoint} is {'on' if is_on else 'off'}.", highlight=False)


def _say_again(made: list[int], *, as_json: bool) -> None:
    if as_json:
        print_json({"calls": made})
    else:
        called = "1 call is made" if len(made) == 1 else f"{len(made)} calls are made"
        console.print(f"{called} as soon as the service runs.", highlight=False)


def _endpoint(it: HookEndpoint) -> dict[str, Any]:
    return {
        "endpoint": it.id,
        "title": it.title,
        "clinic": it.clinic,
        "host": hooks.host_of(it),
        "events": sorted(it.kinds),
        "created_at": it.created_at,
        "created_by": it.created_by,
        "disabled_at": it.disabled_at,
        "disabled_by": it.disabled_by,
    }


def _call(it: HookCall) -> dict[str, Any]:
    again_at: datetime | None = None if it.finished_at else it.try_at
    return {
        "call": it.id,
        "webhook_id": hooks.webhook_id(it),
        "type": it.kind,
        "created_at": it.created_at,
        "tries": it.tries,
        "answered": it.answered,
        "error": it.error,
        "state": hooks.state_of(it),
        "again_at": again_at,
        "finished_at": it.finished_at,
    }
