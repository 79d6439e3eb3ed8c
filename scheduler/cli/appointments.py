"""`aftercare timeline`, `cancel`, `reschedule`, `complete`, `no-show`: what concerns one appointment."""

from typing import Annotated

import typer

from scheduler.cli.output import Json, console, print_json
from scheduler.cli.timelines import print_timeline
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.appointment import AppointmentStatus
from scheduler.errors import RegistrationError
from scheduler.services import appointments
from scheduler.services.moments import read_instant
from scheduler.services.timeline import timeline
from scheduler.store.appointments import get_appointment

Appointment = Annotated[
    int, typer.Argument(help="The appointment's number.", metavar="APPOINTMENT", min=1, max=2**63 - 1)
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="timeline")(show)
    app.command()(cancel)
    app.command()(reschedule)
    app.command()(complete)
    app.command(name="no-show")(no_show)


def show(
    appointment: Appointment,
    *,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Also all that the patient wrote, not just the words that decided.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print every step, past and future, with its reason; the replies, their answers and their alerts."""
    with open_product(create=False, sound_only=True) as product:
        _print(product, appointment, as_json=as_json, bodies=bodies)


def cancel(appointment: Appointment, *, as_json: Json = False) -> None:
    """Cancel an appointment: nothing more is sent about it."""
    _call_off(appointment, AppointmentStatus.CANCELLED, as_json=as_json)


def complete(appointment: Appointment, *, as_json: Json = False) -> None:
    """Mark an appointment as completed."""
    with open_product(create=False, sound_only=True) as product:
        with product.store.write() as tx:
            appointments.complete(tx, get_appointment(tx, appointment), now=product.clock.now(), by="cli")
        _print_changed(product, appointment, as_json=as_json)


def no_show(appointment: Appointment, *, as_json: Json = False) -> None:
    """Mark that the patient did not come: no aftercare is sent."""
    _call_off(appointment, AppointmentStatus.NO_SHOW, as_json=as_json)


def reschedule(
    appointment: Appointment,
    *,
    at: Annotated[str, typer.Option(help="The new start: ISO 8601; without an offset, the clinic's wall clock.")],
    as_json: Json = False,
) -> None:
    """Move an appointment: what is unsent moves with it, what was sent stays. A cancelled one is booked again.

    Aftercare that went out before the new start is planned once more: it was for one that did not take place.
    """
    with open_product(create=False) as product:
        with product.store.write() as tx:
            found = get_appointment(tx, appointment)
            try:
                starts_at = read_instant(at, product.configuration.clinic(found.clinic))
            except ValueError as error:
                raise RegistrationError(f"--at {error}") from None
            appointments.reschedule(
                tx, product.configuration, found, starts_at=starts_at, now=product.clock.now(), by="cli"
            )
        _print(product, appointment, as_json=as_json)


def _call_off(appointment: int, status: AppointmentStatus, *, as_json: bool) -> None:
    with open_product(create=False, sound_only=True) as product:
        with product.store.write() as tx:
            appointments.call_off(tx, appointment, status, now=product.clock.now(), by="cli")
        _print_changed(product, appointment, as_json=as_json)


def _print_changed(product: Product, appointment: int, *, as_json: bool) -> None:
    """Print the timeline; of a clinic without a file that can be used, only how the visit stands: that was done."""
    with product.store.read() as tx:
        found = get_appointment(tx, appointment)
    if found.clinic in product.configuration.clinics:
        _print(product, appointment, as_json=as_json)
    elif as_json:
        shown = ("external_id", "clinic", "treatment", "starts_at", "status")
        print_json({"appointment": found.id, **{name: getattr(found, name) for name in shown}})
    else:
        said = f"Appointment {found.id} is {found.status}. Its timeline can't be shown without the clinic's file."
        console.print(said, highlight=False)


def _print(product: Product, appointment: int, *, as_json: bool, bodies: bool = False) -> None:
    with product.store.read() as tx:
        now, approver = product.clock.now(), product.approver
        told = timeline(tx, product.configuration, appointment, now=now, approver=approver)
    print_timeline(told, as_json, bodies=bodies)
