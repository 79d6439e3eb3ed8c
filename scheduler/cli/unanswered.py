"""`aftercare unanswered`: who has not answered what was asked, and that a person has heard of them."""

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, print_json, say_warning
from scheduler.cli.wiring import Product, open_product
from scheduler.services.unanswered import Listed, heard, listed

Clinic = Annotated[str, typer.Option(help="Only this clinic's.")]
Appointments = Annotated[
    list[int], typer.Argument(help="Appointments by their numbers.", metavar="APPOINTMENT…", min=1, max=2**63 - 1)
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Who has not answered what was asked.")
    group.callback(invoke_without_command=True)(unanswered)
    group.command(name="heard")(note_heard)
    app.add_typer(group, name="unanswered")


def unanswered(context: typer.Context, *, clinic: Clinic = "", as_json: Json = False) -> None:
    """List the checks that nobody answered, from the morning after each was sent."""
    if context.invoked_subcommand is not None:
        return
    with open_product(create=False, sound_only=True) as product:
        clinics = [product.configuration.clinic(clinic).id] if clinic else []
        with product.store.read() as tx:
            found = listed(tx, product.configuration, now=product.clock.now(), clinics=clinics)
        if as_json:
            print_json({"unanswered": [_as_json(item) for item in found]})
        elif found:
            _print(found, product)
        else:
            console.print("Everyone has answered.")
        unsound = [] if clinic else sorted(product.configuration.unsound)
    if unsound:
        say_warning(
            f"patients of {', '.join(unsound)} are not listed: that needs a file of the clinic without errors"
        )


def note_heard(appointments: Appointments, *, by: By = "") -> None:
    """Note that a person spoke with the patient: what was asked until now is no longer listed."""
    who = operator(by)
    with open_product(create=False, sound_only=True) as product:
        with product.store.write() as tx:
            for appointment in appointments:
                heard(tx, appointment, now=product.clock.now(), by=who)
        count = len(appointments)
        console.print(f"Noted for {count} {'appointment' if count == 1 else 'appointments'}.")


def _as_json(item: Listed) -> dict[str, Any]:
    question = item.question
    return {
        "appointment": question.appointment,
        "external_id": question.external_id,
        "clinic": question.clinic,
        "message": question.message,
        "step": question.step,
        "channel": question.channel,
        "occurrence": question.occurrence,
        "asked_at": question.asked_at,
        "listed_on": item.morning.day.isoformat(),
    }


def _print(found: tuple[Listed, ...], product: Product) -> None:
    table = Table("Appointment", "Booking", "Clinic", "Step", "By", "Asked", box=None, pad_edge=False)
    for item in found:
        question = item.question
        zone = product.configuration.clinic(question.clinic).timezone
        table.add_row(
            str(question.appointment),
            Text(question.external_id or ""),
            question.clinic,
            question.step,
            question.channel,
            f"{question.asked_at.astimezone(zone):%a %Y-%m-%d %H:%M}",
        )
    console.print(table)
    console.print("[dim]Call them, then `aftercare unanswered heard APPOINTMENT`.[/]", highlight=False)
