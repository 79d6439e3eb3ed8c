"""`aftercare alerts`: what needs a person now, who was told, who sees to it, and what to do."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.notice import AlertCause
from scheduler.domain.reasons import sentence
from scheduler.errors import ConflictError
from scheduler.services.alerts import REMEDIES, close_alert, take_alert
from scheduler.store.alert_events import AlertEvent, stories_of_alerts
from scheduler.store.alerts import Alert, all_alerts, open_alerts
from scheduler.store.database import Tx
from scheduler.store.joins import replies_joined

UTC = ZoneInfo("UTC")

Number = Annotated[int, typer.Argument(metavar="ALERT", help="Its number.", min=1, max=2**63 - 1)]
Seen = Annotated[
    int, typer.Option(metavar="REPLY", help="The latest reply that you have read.", min=0, max=2**63 - 1)
]
Everything = Annotated[bool, typer.Option("--all", help="Also those that are over, the latest first.")]
Story = tuple[AlertEvent, ...]

_SAID = {AlertCause.RUNG: "", AlertCause.MISSED: "", AlertCause.JOINED: "More was written. "}
"""What of an alert's history is shown below it, and how that begins."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What needs a person, and who sees to it.")
    group.callback(invoke_without_command=True)(alerts)
    group.command(name="list")(show)
    group.command(name="take")(take)
    group.command(name="close")(close)
    app.add_typer(group, name="alerts")


def alerts(context: typer.Context, *, everything: Everything = False, as_json: Json = False) -> None:
    """List what needs a person, take it, or close it."""
    if context.invoked_subcommand is None:
        show(everything=everything, as_json=as_json)


def show(*, everything: Everything = False, as_json: Json = False) -> None:
    """List what needs a person, who was told, and what to do about it. A fault ends by itself when it is over."""
    with open_product(create=False, sound_only=True) as product:
        with product.store.read() as tx:
            found = all_alerts(tx) if everything else open_alerts(tx)
            stories = stories_of_alerts(tx, [alert.id for alert in found])
        if as_json:
            print_json({"alerts": [_as_json(alert, stories, product) for alert in found]})
        elif found:
            for alert in found:
                _print(alert, stories.get(alert.id, ()), product)
        else:
            console.print("No alert was ever raised." if everything else "No alert is open.")


def take(number: Number, *, by: By = "", as_json: Json = False) -> None:
    """Say that somebody sees to an alert: nobody else is told of it."""
    with open_product(create=False, sound_only=True) as product:
        with product.store.write() as tx:
            taken = take_alert(tx, number, by=operator(by), now=product.clock.now())
        alert = taken.alert
        if as_json:
            print_json(
                {"alert": alert.id, "taken": taken.first, "taken_by": alert.taken_by, "taken_at": alert.taken_at}
            )
        elif taken.first:
            _say(f"Alert {alert.id} is taken by {alert.taken_by}: nobody else is told.\n  {REMEDIES[alert.kind]}")
        else:
            _say(f"Alert {alert.id} was taken by {alert.taken_by} already.")


def close(number: Number, *, seen: Seen = 0, by: By = "", as_json: Json = False) -> None:
    """Say that what an alert is about is done; its replies count as dealt with. Faults end by themselves.

    Where more was written since it was raised, --seen says up to which reply you have read: with a later one it stays
    open.
    """
    with open_product(create=False, sound_only=True) as product:
        with product.store.write() as tx:
            _refuse_unread(tx, number, seen)
            alert = close_alert(tx, number, by=operator(by), now=product.clock.now())
            _refuse_unread(tx, number, seen)  # and after it: what joins now waits for us
        if as_json:
            print_json({"alert": alert.id, "closed_at": alert.closed_at})
        else:
            _say(f"Alert {alert.id} is closed.")


def _refuse_unread(tx: Tx, number: int, seen: int) -> None:
    unread = [it for it in replies_joined(tx, number) if it > seen]
    if unread:
        raise ConflictError(
            f"more was written about alert {number}: read it with `aftercare replies`, "
            f"then close with --seen {unread[-1]}"
        )


def _as_json(alert: Alert, stories: Mapping[int, Story], product: Product) -> dict[str, Any]:
    values, zone = asdict(alert), _zone(alert, product)
    del values["reasons"]
    story = stories.get(alert.id, ())
    told = [(it.at, dict(reason.params)) for it in _rings(story) for reason in it.reasons]
    missed = [(it.at, dict(it.reasons[0].params)) for it in story if it.cause is AlertCause.MISSED]
    history = [{"at": it.at, "cause": it.cause, "by": it.by} for it in story]
    return {
        **values,
        "reason": sentence(alert.reasons, zone),
        "remedy": REMEDIES[alert.kind],
        "told": [{"at": at, "name": it["by"], "ways": it["what"].split(", ")} for at, it in told],
        "not_reached": [{"at": at, "name": it["by"], "ways": it["what"].split(", ")} for at, it in missed],
        "history": history,
    }


def _print(alert: Alert, story: Story, product: Product) -> None:
    zone = _zone(alert, product)
    since = f"{alert.opened_at.astimezone(zone):%Y-%m-%d %H:%M}"
    until = f" to {alert.closed_at.astimezone(zone):%Y-%m-%d %H:%M}" if alert.closed_at else ""
    mark = "[green]✓[/]" if alert.closed_at else "[red]✗[/]"
    where = f", {alert.clinic}" if alert.clinic else ""
    said = sentence(alert.reasons, zone)
    head = f"{mark} {alert.id}: {alert.kind.value.replace('_', ' ')}{where}, {since}{until} {zone.key}"
    console.print(head, highlight=False, soft_wrap=True)
    _say(f"  {said}")
    for it in story:
        if it.cause in _SAID:
            said = f"{_SAID[it.cause]}{sentence(it.reasons, zone)}"
            _say(f"  {it.at.astimezone(zone):%m-%d %H:%M}  {said}")
    if alert.taken_at:
        _say(f"  {alert.taken_at.astimezone(zone):%m-%d %H:%M}  Taken by {alert.taken_by}.")
    if not alert.closed_at:
        console.print(f"  [dim]{REMEDIES[alert.kind]}[/]", highlight=False, soft_wrap=True)


def _rings(story: Story) -> Story:
    return tuple(it for it in story if it.cause is AlertCause.RUNG)


def _zone(alert: Alert, product: Product) -> ZoneInfo:
    """Return the clinic's zone where the alert is of one clinic that is configured."""
    clinic = product.configuration.clinics.get(alert.clinic or "")
    return clinic.timezone if clinic else UTC


def _say(text: str) -> None:
    console.print(Text(text), soft_wrap=True)
