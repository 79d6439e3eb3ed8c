"""`aftercare page`: the link to a patient's own page, given to somebody or taken away from everybody."""

from typing import Annotated

import typer

from scheduler.cli.appointments import Appointment
from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.services.page_links import page_link, revoke_links


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(page)


def page(
    appointment: Appointment,
    *,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Close every link to this patient's pages that was given out.")
    ] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Print the link to a patient's own page, or close all links that the patient has.

    Whoever has the link sees the page: give it to the patient only. Messages that go out after --revoke carry new
    links.
    """
    who = operator(by)
    with open_product(create=False, sound_only=True) as product:
        if revoke:
            _revoke(product, appointment, by=who, as_json=as_json)
        else:
            _print(product, appointment, as_json=as_json)


def _print(product: Product, appointment: int, *, as_json: bool) -> None:
    with product.store.read() as tx:
        link = page_link(tx, product.links, appointment, now=product.clock.now())
    if as_json:
        print_json({"appointment": appointment, "url": link.url, "expires_at": link.expires_at})
        return
    console.print(link.url, soft_wrap=True, highlight=False, markup=False)
    console.print(f"It can be opened until {link.expires_at:%Y-%m-%d %H:%M} UTC.")


def _revoke(product: Product, appointment: int, *, by: str, as_json: bool) -> None:
    with product.store.write() as tx:
        patient = revoke_links(tx, appointment, by=by, now=product.clock.now())
    if as_json:
        print_json({"appointment": appointment, "patient": patient, "revoked": True})
        return
    console.print(f"Every link to the pages of patient {patient} is closed. `aftercare page` gives a new one.")
