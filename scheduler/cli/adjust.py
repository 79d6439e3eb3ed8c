"""`aftercare adjust`: an exception for one step of one visit."""

from typing import Annotated

import typer

from scheduler.cli.appointments import Appointment
from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json
from scheduler.cli.timelines import print_timeline
from scheduler.cli.wiring import Product, open_product
from scheduler.errors import RegistrationError
from scheduler.services import adjusting
from scheduler.services.moments import read_instant
from scheduler.services.timeline import timeline
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Tx

LONGEST_NOTE = 2000


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(adjust)


def adjust(
    appointment: Appointment,
    step: Annotated[str, typer.Argument(help="The step, as the protocol calls it.", metavar="STEP")],
    *,
    skip: Annotated[bool, typer.Option("--skip", help="The step is not sent.")] = False,
    at: Annotated[
        str, typer.Option(help="When it goes out instead: ISO 8601; without an offset, the clinic's wall clock.")
    ] = "",
    note: Annotated[str, typer.Option(help="What is to be known about it; alone, or beside --skip or --at.")] = "",
    lift: Annotated[
        bool, typer.Option("--lift", help="Take the exception back: as the protocol says again.")
    ] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Make an exception for one step of one appointment, and print its timeline.

    It stays through `apply` and replies. When the appointment is moved a skip and a note stay; --at lapses.
    """
    if note and not note.strip():
        raise typer.BadParameter("is empty", param_hint="--note")
    if (skip and at) or (lift and (skip or at or note)) or not (skip or at or note or lift):
        raise typer.BadParameter("say what: --skip or --at, with or without --note; --note alone; or --lift alone")
    if len(note) > LONGEST_NOTE:
        raise typer.BadParameter(f"is longer than {LONGEST_NOTE} characters", param_hint="--note")
    who = operator(by)
    with open_product(create=False) as product:
        now = product.clock.now()
        with product.store.write() as tx:
            if lift:
                adjusting.lift(tx, product.configuration, appointment, step, now=now, by=who)
            else:
                wish = _wish(product, tx, appointment, at, note, skip=skip)
                adjusting.adjust(tx, product.configuration, appointment, step, wish, now=now, by=who)
        with product.store.read() as tx:
            now, approver = product.clock.now(), product.approver
            told = timeline(tx, product.configuration, appointment, now=now, approver=approver)
    print_timeline(told, as_json)


def _wish(product: Product, tx: Tx, appointment: int, at: str, note: str, *, skip: bool) -> adjusting.Wish:
    if not at:
        return adjusting.Wish(skip, note=note or None)
    clinic = product.configuration.clinic(get_appointment(tx, appointment).clinic)
    try:
        return adjusting.Wish(at=read_instant(at, clinic), note=note or None)
    except ValueError as error:
        raise RegistrationError(f"--at {error}") from None
