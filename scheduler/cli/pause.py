"""`aftercare pause` and `resume`: stop what goes to a patient, from a clinic, on a channel, or everything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.text import Text

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, one_line, print_json
from scheduler.clock import SystemClock
from scheduler.domain.brakes import Scope
from scheduler.domain.protocol import Channel
from scheduler.protocols.loader import load_sound
from scheduler.services import pausing
from scheduler.settings import read_settings
from scheduler.store.database import Store, Tx, open_store
from scheduler.store.pauses import Order, orders_in_force

Appointment = Annotated[
    int | None,
    typer.Argument(
        help="An appointment: all that goes to its patient.", metavar="[APPOINTMENT]", min=1, max=2**63 - 1
    ),
]
Patient = Annotated[
    int | None, typer.Option(help="A patient's number, as `pause --list` shows it.", min=1, max=2**63 - 1)
]
PatientId = Annotated[str, typer.Option(help="The clinic's own id of a patient; --clinic says whose.")]
Clinic = Annotated[str, typer.Option(help="A clinic's id; with --channel, that channel of it.")]
OneChannel = Annotated[Channel | None, typer.Option(help="Only this channel, of whatever else is named.")]
All = Annotated[bool, typer.Option("--all", help="Everything, of all clinics.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(pause)
    app.command()(resume)


def pause(
    appointment: Appointment = None,
    *,
    patient: Patient = None,
    patient_id: PatientId = "",
    clinic: Clinic = "",
    channel: OneChannel = None,
    everything: All = False,
    why: Annotated[str, typer.Option(help="The reason, in your words; it is kept encrypted.")] = "",
    by: By = "",
    listed: Annotated[bool, typer.Option("--list", help="List the pauses that hold, and change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Stop what goes to a patient, from a clinic, on a channel, or everything (--all), until it is resumed.

    What is being handed over at that moment still goes out; running engines stop before the next portion. What waits
    too long to help expires.
    """
    with _opened() as store:
        if listed:
            with store.read() as tx:
                _print_orders(orders_in_force(tx), as_json=as_json)
            return
        wanted = _Wanted(appointment, patient, patient_id, clinic, channel, everything)
        wanted.refuse_unknown_clinic()
        with store.write() as tx:
            scope, who = wanted.scope(tx), operator(by)
            done = pausing.pause(tx, scope, why=why.strip() or None, by=who, now=SystemClock().now())
    if as_json:
        result = "paused" if done.is_new else "unchanged"
        print_json({"result": result, "pause": _data(done.order), "waiting": done.waiting})
        return
    held = done.order.pause
    said = "Paused" if done.is_new else f"Was paused already, by {held.by} since {held.at:%Y-%m-%d %H:%M} UTC"
    _say(f"{said}: {_words(held.scope)}. {_messages(done.waiting)} due within a day will wait.")


def resume(
    appointment: Appointment = None,
    *,
    patient: Patient = None,
    patient_id: PatientId = "",
    clinic: Clinic = "",
    channel: OneChannel = None,
    everything: All = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let go on what `pause` stopped; it names the same as that did.

    What waited is tried at once. What is late by then follows its step's `if_late`, and several late messages to one
    patient are spaced; after a short pause, when nothing is late yet, all go out.
    """
    wanted = _Wanted(appointment, patient, patient_id, clinic, channel, everything)
    with _opened() as store, store.write() as tx:
        scope = wanted.scope(tx)
        done = pausing.resume(tx, scope, by=operator(by), now=SystemClock().now())
    if as_json:
        result = "resumed" if done.lifted else "unchanged"
        lifted, others = ([_data(order) for order in orders] for orders in (done.lifted, done.others))
        print_json({"result": result, "lifted": lifted, "woken": done.woken, "in_force": others})
        return
    if done.lifted:
        _say(f"Resumed: {_words(scope)}. {_messages(done.woken)} that waited will be tried now.")
    else:
        _say(f"Was not paused: {_words(scope)}.")
    if done.others:
        _say(f"Still paused, by orders of their own: {'; '.join(_words(it.pause.scope) for it in done.others)}.")


@contextmanager
def _opened() -> Iterator[Store]:
    """Open the store alone: an emergency stop must not fail for a mistake in a configuration file."""
    with open_store(read_settings(os.environ), create=False) as store:
        yield store


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the words of a command name."""

    appointment: int | None
    patient: int | None
    patient_id: str
    clinic: str
    channel: Channel | None
    everything: bool

    def __post_init__(self) -> None:
        """Refuse words that name nothing, or two things."""
        named = [self.appointment, self.patient, self.patient_id or None, self.everything or None]
        whom = sum(it is not None for it in named)
        if whom > 1 or (self.everything and (self.clinic or self.channel)):
            raise typer.BadParameter("name one: an appointment, a patient, a clinic, a channel, or --all")
        if self.clinic and (self.appointment or self.patient):
            raise typer.BadParameter("the appointment or the patient's number says which clinic it is: leave it out")
        if self.patient_id and not self.clinic:
            raise typer.BadParameter("needs --clinic, which says whose patient that is", param_hint="--patient-id")
        if not (whom or self.clinic or self.channel):
            raise typer.BadParameter("name an appointment, a patient, --clinic, --channel, or --all for everything")

    def refuse_unknown_clinic(self) -> None:
        """Refuse a clinic that there is not: a pause of it would stop nothing. Raises ConfigError."""
        if self.clinic:
            known, _ = load_sound(read_settings(os.environ).config_dir)
            known.refuse_unknown_clinic(self.clinic)

    def scope(self, tx: Tx) -> Scope:
        """Return what is named. Raises NotFoundError."""
        if self.appointment is not None:
            return pausing.patient_of_appointment(tx, self.appointment, self.channel)
        if self.patient is not None:
            return pausing.patient_numbered(tx, self.patient, self.channel)
        if self.patient_id:
            return pausing.patient_called(tx, self.clinic, self.patient_id, self.channel)
        return Scope(self.clinic or None, self.channel)


def _print_orders(orders: tuple[Order, ...], *, as_json: bool) -> None:
    if as_json:
        print_json([_data(order) for order in orders])
        return
    if not orders:
        _say("Nothing is paused.")
    for order in orders:
        why = f": {one_line(order.why)}" if order.why else ""
        _say(f"{_words(order.pause.scope)}, by {order.pause.by} since {order.pause.at:%Y-%m-%d %H:%M} UTC{why}")


def _data(order: Order) -> dict[str, Any]:
    scope = order.pause.scope
    named = {"clinic": scope.clinic, "channel": scope.channel, "patient": scope.patient}
    return {"id": order.id, **named, "by": order.pause.by, "at": order.pause.at, "why": order.why}


def _words(scope: Scope) -> str:
    """Say what a scope covers, to whoever reads it on its own."""
    channel = {Channel.SMS: "SMS", Channel.EMAIL: "email", None: ""}[scope.channel]
    if scope.patient:
        whom = f"patient {scope.patient} of {scope.clinic}"
    elif scope.clinic:
        whom = f"clinic {scope.clinic}"
    else:
        return f"all {channel}" if channel else "everything"
    return f"{channel} of {whom}" if channel else whom


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"


def _say(text: str) -> None:
    """Print a line as it is: a reason in somebody's words is no markup."""
    console.print(Text(text), soft_wrap=True)
