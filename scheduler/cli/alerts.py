"""`aftercare alerts`: what is wrong now, and what to do about it."""

from dataclasses import asdict
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from scheduler.cli.output import Json, console, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.reasons import sentence
from scheduler.services.alerts import REMEDIES
from scheduler.store.alerts import Alert, all_alerts, open_alerts

UTC = ZoneInfo("UTC")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="alerts")(show)


def show(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over, the latest first.")] = False,
    as_json: Json = False,
) -> None:
    """List what is wrong and what to do about it. An alert ends by itself when it no longer holds."""
    with open_product(create=False) as product:
        with product.store.read() as tx:
            found = all_alerts(tx) if everything else open_alerts(tx)
        if as_json:
            print_json({"alerts": [_as_json(alert, product) for alert in found]})
        elif found:
            for alert in found:
                _print(alert, product)
        else:
            console.print("No alert was ever raised." if everything else "No alert is open.")


def _as_json(alert: Alert, product: Product) -> dict[str, Any]:
    values = asdict(alert)
    del values["reasons"]
    return {**values, "reason": sentence(alert.reasons, _zone(alert, product)), "remedy": REMEDIES[alert.kind]}


def _print(alert: Alert, product: Product) -> None:
    zone = _zone(alert, product)
    since = f"{alert.opened_at.astimezone(zone):%Y-%m-%d %H:%M}"
    until = f" to {alert.closed_at.astimezone(zone):%Y-%m-%d %H:%M}" if alert.closed_at else ""
    mark = "[green]✓[/]" if alert.closed_at else "[red]✗[/]"
    said = sentence(alert.reasons, zone).replace("[", r"\[")
    head = f"{mark} {alert.kind.value.replace('_', ' ')}, {since}{until} {zone.key}"
    console.print(f"{head}\n  {said}", highlight=False, soft_wrap=True)
    if not alert.closed_at:
        console.print(f"  [dim]{REMEDIES[alert.kind]}[/]", highlight=False, soft_wrap=True)


def _zone(alert: Alert, product: Product) -> ZoneInfo:
    """Return the clinic's zone where the alert is of one clinic that is configured."""
    clinic = product.configuration.clinics.get(alert.clinic or "")
    return clinic.timezone if clinic else UTC
