"""`aftercare bookings`: what booking systems told and nobody could take yet, and why; again, or set aside."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from scheduler.cli.output import Json, console, one_line, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.booking_event import EventState
from scheduler.services.bookings.events import open_events, put_aside, try_again
from scheduler.store.booking_events import BookingEvent

Numbers = Annotated[list[int], typer.Argument(metavar="EVENT…", help="Their numbers.", min=1, max=2**63 - 1)]
Clinic = Annotated[str, typer.Option(help="Only this clinic's.")]
All = Annotated[bool, typer.Option("--all", help="Those that were taken too.")]
Most = Annotated[int, typer.Option("--limit", help="How many, at most.", min=1, max=10_000)]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What booking systems told.")
    group.callback(invoke_without_command=True)(bookings)
    group.command(name="list")(show)
    group.command(name="retry")(retry)
    group.command(name="set-aside")(set_aside)
    app.add_typer(group, name="bookings")


def bookings(context: typer.Context, *, as_json: Json = False) -> None:
    """List what booking systems told and nobody could take, or try it again."""
    if context.invoked_subcommand is None:
        show(as_json=as_json)


def show(*, clinic: Clinic = "", everything: All = False, limit: Most = 50, as_json: Json = False) -> None:
    """List the latest calls of booking systems that wait or were refused, and why; the newest first."""
    with open_product(create=False, sound_only=True) as product:
        if clinic:
            product.configuration.refuse_unknown_clinic(clinic)
        clinics = [clinic] if clinic else list(product.configuration.clinics)
        with product.store.read() as tx:
            found = open_events(tx, clinics, limit=limit, everything=everything)
        if as_json:
            print_json({"bookings": [_as_json(event) for event in found]})
        elif found:
            _print(found, product)
        else:
            console.print("Nothing was told yet." if everything else "Nothing waits, and nothing was refused.")


def retry(numbers: Numbers, *, as_json: Json = False) -> None:
    """Try refused calls again, once what they were refused for is mended. The exit code is 1 if one still is."""
    with open_product(create=False) as product:
        tried = try_again(product.store, product.configuration, product.clock, numbers)
        if as_json:
            print_json({"bookings": [_as_json(event) for event in tried]})
        else:
            _print(tried, product)
    if any(event.state is not EventState.DONE for event in tried):
        raise typer.Exit(1)


def set_aside(numbers: Numbers, *, as_json: Json = False) -> None:
    """Settle refused calls that nobody will mend: nothing is registered, and the list shows them no more."""
    with open_product(create=False) as product:
        aside = put_aside(product.store, numbers, now=product.clock.now())
        if as_json:
            print_json({"bookings": [_as_json(event) for event in aside]})
        else:
            _print(aside, product)


def _as_json(event: BookingEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "clinic": event.clinic,
        "source": event.source,
        "received_at": event.received_at,
        "state": event.state.value,
        "outcome": event.outcome and event.outcome.value,
        "reason": event.reason,
        "why": [{"code": it.code, "values": dict(it.values)} for it in event.why],
        "booking": event.booking,
        "appointment": event.appointment,
        "tries": event.tries,
    }


def _print(events: tuple[BookingEvent, ...], product: Product) -> None:
    """Print a line about each, at its clinic's clock, and why below it: reasons are too long for a column."""
    for event in events:
        clinic = product.configuration.clinics.get(event.clinic)
        at = event.received_at.astimezone(clinic.timezone if clinic else ZoneInfo("UTC"))
        state = event.outcome.value if event.outcome else event.state.value
        visit = f"  appointment {event.appointment}" if event.appointment else ""
        said = f"{event.id}  {at:%Y-%m-%d %H:%M %Z}  {event.clinic}/{event.source}  {state}{visit}"
        console.print(Text(said), soft_wrap=True)
        if event.reason:
            console.print(Text(f"    {one_line(event.reason)}"), soft_wrap=True)
