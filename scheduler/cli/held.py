"""`aftercare held`: what waits for a person, and the person's word on it."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Brake, Status
from scheduler.errors import ConflictError
from scheduler.services.holding import drop, release
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Tx
from scheduler.store.held import Choice, HeldGroup, held_groups, held_messages
from scheduler.store.messages import Message, get_message


class Holds(StrEnum):
    """The brakes that hold for a person; the others end by themselves."""

    CAP = Brake.CAP.value
    VOLUME = Brake.VOLUME.value
    BACKLOG = Brake.BACKLOG.value
    LATE = Brake.LATE.value
    CLASH = Brake.CLASH.value
    DOUBT = Brake.DOUBT.value


SENT_AGAIN = (
    "Of these {count} were held in doubt: if the provider had taken one after all, the patient gets it twice."
)
LEFT_OUT = (
    "{count} held in doubt stay: the provider may have taken them. Look there; then name them by --brake doubt or by "
    "their numbers to send them again, or drop them."
)

Clinic = Annotated[str, typer.Option(help="Only this clinic's.")]
OneBrake = Annotated[Holds | None, typer.Option(help="Only what this holds.")]
Appointment = Annotated[int | None, typer.Option(help="Only this appointment's.", min=1, max=2**63 - 1)]
Messages = Annotated[
    list[int] | None, typer.Argument(help="Messages by their numbers.", metavar="[MESSAGE]…", min=1, max=2**63 - 1)
]
All = Annotated[bool, typer.Option("--all", help="All that is held.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What waits for a person.")
    group.callback(invoke_without_command=True)(held)
    group.command(name="list")(list_held)
    group.command(name="release")(release_held)
    group.command(name="drop")(drop_held)
    app.add_typer(group, name="held")


def held(context: typer.Context) -> None:
    """List what waits for a person, let it go on, or let it expire."""
    if context.invoked_subcommand is None:
        list_held()


def list_held(
    *,
    clinic: Clinic = "",
    brake: OneBrake = None,
    appointment: Appointment = None,
    each: Annotated[bool, typer.Option("--messages", help="List each message, with its number.")] = False,
    as_json: Json = False,
) -> None:
    """List what waits for a person, by clinic, step and what holds it."""
    choice = Choice(clinic or None, Brake(brake) if brake else None, appointment)
    with open_product(create=False, sound_only=True) as product, product.store.read() as tx:
        _refuse_unknown(tx, product, choice)
        groups = held_groups(tx, choice)
        found = held_messages(tx, choice) if each else ()
    if as_json:
        data: dict[str, Any] = {"total": sum(it.count for it in groups), "groups": [_group(it) for it in groups]}
        print_json(data | ({"messages": [_message(it, product) for it in found]} if each else {}))
    elif each:
        _print_messages(found, product)
    else:
        _print_groups(groups)


def release_held(
    messages: Messages = None,
    *,
    clinic: Clinic = "",
    brake: OneBrake = None,
    appointment: Appointment = None,
    everything: All = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let held messages go on: they are tried at once, and no brake holds them again.

    The rules for late messages count: `if_late`, and the spacing between several to one patient. What no longer helps
    expires. What is held in doubt may be with the patient already: it is sent again only where --brake doubt or its
    number names it.
    """
    choice = _choice(messages, clinic, brake, appointment, everything=everything)
    choice = replace(choice, doubts=bool(messages) or brake is Holds.DOUBT)
    with open_product(create=False, sound_only=True) as product:
        _refuse(product, choice)
        risky = (
            _count(product, replace(choice, brake=Brake.DOUBT, doubts=True)) if brake in (None, Holds.DOUBT) else 0
        )
        done = release(product.store, choice, now=product.clock.now(), by=operator(by))
    if as_json:
        print_json({"released": done.moved, "expired": done.too_late, "in_doubt": risky})
        return
    late = f", {done.too_late} expired because it no longer helps" if done.too_late else ""
    _say(f"{done.moved} released{late}.")
    if risky:
        _say((SENT_AGAIN if choice.doubts else LEFT_OUT).format(count=risky))


def drop_held(
    messages: Messages = None,
    *,
    clinic: Clinic = "",
    brake: OneBrake = None,
    appointment: Appointment = None,
    everything: All = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let held messages expire: they are never sent."""
    choice = _choice(messages, clinic, brake, appointment, everything=everything)
    with open_product(create=False, sound_only=True) as product:
        _refuse(product, choice)
        done = drop(product.store, choice, now=product.clock.now(), by=operator(by))
    if as_json:
        print_json({"dropped": done.moved})
    else:
        _say(f"{done.moved} dropped.")


def _choice(
    messages: Sequence[int] | None,
    clinic: str,
    brake: Holds | None,
    appointment: int | None,
    *,
    everything: bool,
) -> Choice:
    narrowed = bool(messages or clinic or brake or appointment)
    if everything == narrowed:
        raise typer.BadParameter("say which: message numbers, --clinic, --brake, --appointment, or else --all")
    return Choice(clinic or None, Brake(brake) if brake else None, appointment, tuple(messages or ()))


def _refuse(product: Product, choice: Choice) -> None:
    """Raise NotFoundError or ConflictError for what can't be meant: a slip must not look like success."""
    with product.store.read() as tx:
        _refuse_unknown(tx, product, choice)
        for number in choice.ids:
            message = get_message(tx, number)
            if message.status is not Status.HELD:
                raise ConflictError(
                    f"message {number} is not held, it is {message.status}: see `aftercare held list`"
                )


def _refuse_unknown(tx: Tx, product: Product, choice: Choice) -> None:
    """Raise for a clinic that is neither configured nor has anything held, and for an unknown appointment."""
    if choice.appointment:
        get_appointment(tx, choice.appointment)
    if choice.clinic and choice.clinic not in product.configuration.clinics and not held_groups(tx, choice):
        product.configuration.refuse_unknown_clinic(choice.clinic)


def _count(product: Product, choice: Choice) -> int:
    with product.store.read() as tx:
        return sum(group.count for group in held_groups(tx, choice))


def _print_groups(groups: Sequence[HeldGroup]) -> None:
    if not groups:
        _say("Nothing is held.")
        return
    table = Table("clinic", "step", "channel", "held by", "messages", "due (UTC)", "helps until (UTC)", box=None)
    for it in groups:
        due = f"{it.first_due_at:%Y-%m-%d %H:%M}"
        until = f"{it.useful_until:%Y-%m-%d %H:%M}"
        table.add_row(it.clinic, it.step, it.channel, it.brake or "", f"{it.count:,}", due, until)
    console.print(table)
    _say("`aftercare held list --messages` lists each; `held release` lets them go on, `held drop` lets them expire.")


def _print_messages(messages: Sequence[Message], product: Product) -> None:
    for it in messages:
        _say(f"{it.id}  appointment {it.appointment_id}  {it.clinic}  {it.step}  {it.channel}  {it.brake or ''}")
        _say(f"    {_why(it, product)}")
    if not messages:
        _say("Nothing is held.")


def _group(group: HeldGroup) -> dict[str, Any]:
    return {
        "clinic": group.clinic,
        "step": group.step,
        "channel": group.channel,
        "brake": group.brake,
        "count": group.count,
        "first_due_at": group.first_due_at,
        "last_due_at": group.last_due_at,
        "useful_until": group.useful_until,
    }


def _message(message: Message, product: Product) -> dict[str, Any]:
    return {
        "id": message.id,
        "appointment": message.appointment_id,
        "clinic": message.clinic,
        "step": message.step,
        "channel": message.channel,
        "brake": message.brake,
        "due_at": message.due_at,
        "useful_until": message.useful_until,
        "reason": _why(message, product),
    }


def _why(message: Message, product: Product) -> str:
    clinic = product.configuration.clinics.get(message.clinic)
    return sentence(message.reasons, clinic.timezone if clinic else ZoneInfo("UTC"))


def _say(text: str) -> None:
    console.print(Text(text), soft_wrap=True)
