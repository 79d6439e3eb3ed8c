"""`aftercare calendar`: reads the calendars of booking systems by hand."""

import asyncio
from typing import Annotated, Any

import typer

from scheduler.cli.output import Json, console, one_line, print_json, say_error, say_warning
from scheduler.cli.wiring import open_product
from scheduler.domain.localtime import iso
from scheduler.domain.sources import Calendar
from scheduler.errors import NotFoundError
from scheduler.protocols.configuration import Configuration


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Calendars of booking systems, which `serve` reads by itself.", no_args_is_help=True)
    group.command(name="pull")(pull)
    app.add_typer(group, name="calendar")


def pull(
    *,
    clinic: Annotated[str, typer.Option(help="The clinic's id; all clinics by default.")] = "",
    source: Annotated[str, typer.Option(help="The calendar's id under `bookings`; all of them by default.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; register nothing.")] = False,
    accept_missing: Annotated[
        bool, typer.Option("--accept-missing", help="Call off all appointments to come that are missing there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read calendars now. Exit code 1 if one could not be read, or something in it was refused or held."""
    from scheduler.services.feeds.pulling import Pulled, Puller, calendars_of  # noqa: PLC0415  (aiohttp and icalendar take a while to load)

    async def work() -> list[Pulled]:
        puller = Puller(product.store, product.clock)
        return [
            await puller.pull(product.configuration, place, it, dry_run=dry_run, accept_missing=accept_missing)
            for place, it in calendars_of(product.configuration)
            if clinic in ("", place.id) and source in ("", it.id)
        ]

    with open_product() as product:
        _refuse_unknown(product.configuration, clinic, source)
        done = asyncio.run(work())
    if as_json:
        print_json({"calendars": [_data(it) for it in done]})
    else:
        for it in done:
            _print(it, dry_run=dry_run)
    if not all(it.is_clean for it in done):
        raise typer.Exit(1)


def _refuse_unknown(configuration: Configuration, clinic: str, source: str) -> None:
    """Raise NotFoundError where no calendar is meant."""
    places = [configuration.clinic(clinic)] if clinic else list(configuration.clinics.values())
    known = [it.id for place in places for it in place.bookings if isinstance(it, Calendar)]
    if not known:
        raise NotFoundError("no calendar is in `bookings` of a clinic's file: add one with kind: calendar")
    if source and source not in known:
        raise NotFoundError(f"there is no calendar {source}: there are {', '.join(sorted(known))}")


def _print(pulled: Any, *, dry_run: bool) -> None:
    named = f"{pulled.clinic}/{pulled.source}"
    if pulled.error:
        say_error(f"{named}: can't be read ({pulled.error}): see docs/how-to/follow-a-booking-calendar.md")
        return
    taken = pulled.taken
    for it in taken.refused:
        at = iso(it.starts_at) if it.starts_at else "at no time that can be read"
        console.print(f"  {at}  {one_line(it.reason)}", highlight=False, soft_wrap=True, markup=False)
    if taken.held:
        say_warning(
            f"{named}: {taken.held} to come are missing there, and were not called off: look at the calendar; if "
            "they are really off, run `aftercare calendar pull --accept-missing`"
        )
    said = ", ".join(f"{count} {result}" for result, count in taken.totals.items() if count) or "no bookings"
    waits = f"; {taken.missing} missing, looked at again before they are called off" if taken.missing else ""
    waits += f"; {taken.left} left alone, over or too far ahead" if taken.left else ""
    what = "nothing changed" if pulled.unchanged else said
    start = "Dry run, nothing was registered: " if dry_run else ""
    console.print(f"{start}{named}: {what}{waits}; {pulled.others} other entries.", highlight=False, soft_wrap=True)


def _data(pulled: Any) -> dict[str, Any]:
    taken = pulled.taken
    return {
        "clinic": pulled.clinic,
        "source": pulled.source,
        "error": pulled.error or None,
        "unchanged": pulled.unchanged,
        "totals": {result.value: count for result, count in taken.totals.items()},
        "refused": [{"starts_at": it.starts_at, "reason": it.reason} for it in taken.refused],
        "missing": taken.missing,
        "held": taken.held,
        "left": taken.left,
        "others": pulled.others,
    }
