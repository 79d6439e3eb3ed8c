"""`aftercare consent`: what patients agreed to and revoked, a word that a patient told the clinic, and the export."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.text import Text

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, errors, one_line, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.consent import Source, Verdict
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.errors import ConflictError
from scheduler.services import consent
from scheduler.services.consent_export import Format, export
from scheduler.services.consent_story import Holding, consent_story, how_it_came
from scheduler.store.appointments import get_appointment
from scheduler.store.consent_lines import Line, StopLine, ledger_lines, stop_lines
from scheduler.store.consents import stop_in_force
from scheduler.store.database import Tx
from scheduler.store.patients import get_patient

Patient = Annotated[
    int | None,
    typer.Argument(help="A patient's number, as `consent export` has it.", metavar="[PATIENT]", min=1, max=2**63 - 1),
]
Appointment = Annotated[int | None, typer.Option(help="An appointment of the patient.", min=1, max=2**63 - 1)]
Channels = Annotated[list[Channel] | None, typer.Option("--channel", help="sms or email; both if left out.")]
Purposes = Annotated[
    list[Purpose] | None, typer.Option("--purpose", help="care, recall or marketing; all if left out.")
]
Words = Annotated[str, typer.Option(help="What the patient said, word for word; it is kept encrypted.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What patients agreed to and revoked, and its export.", no_args_is_help=True)
    group.command()(show)
    group.command()(revoke)
    group.command()(grant)
    group.command(name="export")(export_all)
    app.add_typer(group, name="consent")


def show(patient: Patient = None, *, appointment: Appointment = None, as_json: Json = False) -> None:
    """Say what may be sent to a patient and why, with every line that is on record."""
    with open_product(create=False, sound_only=True) as product, product.store.read() as tx:
        number = _number(tx, patient, appointment)
        holding = consent_story(tx, product.configuration, number)
        lines, stops = list(ledger_lines(tx, patient=number)), list(stop_lines(tx, patient=number))
    if as_json:
        records = {"ledger": [_line(it) for it in lines], "stops": [_stop(it) for it in stops]}
        print_json({"patient": number, "now": _now(holding), **records})
        return
    _print_holding(holding)
    for said in [*map(_line_in_words, lines), *map(_stop_in_words, stops)]:
        console.print(Text(f"    {said}", style="dim"), soft_wrap=True)


def revoke(
    patient: Patient = None,
    *,
    appointment: Appointment = None,
    channel: Channels = None,
    purpose: Purposes = None,
    words: Words,
    everybody: Annotated[
        bool, typer.Option("--address", help="Stop the address for everybody who has it, as a STOP does.")
    ] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Enter that a patient told the clinic to stop. No later registration lifts it."""
    channels = _of_patients(channel)
    if everybody and purpose:
        raise typer.BadParameter(
            "an address is stopped for every purpose: leave --purpose out", param_hint="--address"
        )
    with open_product(create=False, sound_only=True) as product:
        now, who = product.clock.now(), operator(by)
        with product.store.write() as tx:
            number = _number(tx, patient, appointment)
            if everybody:
                consent.stop_patient(tx, number, channels, source=Source.STAFF, by=who, now=now, wording=words)
            else:
                purposes = purpose or list(Purpose)
                consent.say(tx, number, Verdict.REVOKED, channels, purposes, by=who, now=now, wording=words)
        _print_now(product, number, as_json=as_json)


def grant(
    patient: Patient = None,
    *,
    appointment: Appointment = None,
    channel: Annotated[list[Channel], typer.Option("--channel", help="sms or email.")],
    purpose: Annotated[list[Purpose], typer.Option("--purpose", help="care, recall or marketing.")],
    words: Words,
    lift_stop: Annotated[
        bool,
        typer.Option(
            "--lift-stop", help="Also lift the stop of the address: the patient asked for it, and it is theirs."
        ),
    ] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Enter that a patient told the clinic yes. A stop of the address holds all the same, unless it is lifted too."""
    channels = _of_patients(channel)
    with open_product(create=False, sound_only=True) as product:
        now, who = product.clock.now(), operator(by)
        with product.store.write() as tx:
            number = _number(tx, patient, appointment)
            for one in channels if lift_stop else ():
                consent.lift_by_staff(tx, number, one, by=who, now=now)
            consent.say(tx, number, Verdict.GRANTED, channels, purpose, by=who, now=now, wording=words)
            still = [one for one in channels if _is_stopped(tx, number, one)]
        _print_now(product, number, as_json=as_json)
    for one in still:
        errors.print(
            f"The {one.value} address is still stopped: --lift-stop lifts that, if the patient asked for it."
        )


def export_all(
    *,
    clinic: Annotated[str, typer.Option(help="Only this clinic's.")] = "",
    patient: Annotated[int | None, typer.Option(help="Only this patient's.", min=1, max=2**63 - 1)] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.CSV,
    out: Annotated[
        Path | None, typer.Option(help="A new file, which only you can read; else standard output.")
    ] = None,
) -> None:
    """Export the whole ledger and all stops: who, how, in which words and version, when (UTC)."""
    with open_product(create=False, sound_only=True) as product, product.store.read() as tx:
        if clinic:
            product.configuration.refuse_unknown_clinic(clinic)
        if patient is not None:
            get_patient(tx, patient)
        with _writing(out) as file:
            now = product.clock.now()
            lines, stops = export(tx, file, form, clinic=clinic or None, patient=patient, now=now)
    if out:
        console.print(f"{lines:,} lines and {stops:,} stops in {out}", soft_wrap=True, highlight=False)


@contextmanager
def _writing(out: Path | None) -> Iterator[TextIO]:
    """Open a file that was not there, for its owner only; a failed export leaves none behind."""
    if out is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConflictError(f"{out} is there already: name another file, nothing is overwritten") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _number(tx: Tx, patient: int | None, appointment: int | None) -> int:
    """Return the patient who is named one way or the other. Raises NotFoundError."""
    if (patient is None) == (appointment is None):
        raise typer.BadParameter("name a patient's number, or --appointment")
    if appointment is not None:
        return get_appointment(tx, appointment).patient_id
    return get_patient(tx, patient or 0).id


def _of_patients(channels: list[Channel] | None) -> list[Channel]:
    if channels and Channel.WEBHOOK in channels:
        raise typer.BadParameter("is sms or email", param_hint="--channel")
    return channels or list(PATIENT_CHANNELS)


def _is_stopped(tx: Tx, number: int, channel: Channel) -> bool:
    patient = get_patient(tx, number)
    address = patient.address(channel)
    return bool(address and stop_in_force(tx, patient.clinic, channel, address))


def _print_now(product: Product, number: int, *, as_json: bool) -> None:
    with product.store.read() as tx:
        is_known = get_patient(tx, number).clinic in product.configuration.clinics
        holding = consent_story(tx, product.configuration, number) if is_known else None
    if as_json:
        print_json({"patient": number, "now": None if holding is None else _now(holding)})
    elif holding is None:
        console.print("It is on record, and counts. What may be sent now can't be told without the clinic's file.")
    else:
        _print_holding(holding)


def _print_holding(holding: Sequence[Holding]) -> None:
    for it in holding:
        mark = ("✓ ", "green") if it.given else ("✗ ", "red")
        console.print(Text.assemble(mark, it.sentence), soft_wrap=True)
    if not holding:
        console.print("There is no address of this patient.")


def _now(holding: Sequence[Holding]) -> list[dict[str, Any]]:
    return [{"channel": it.channel, "purpose": it.purpose, "allowed": it.given, "why": it.sentence} for it in holding]


def _line(line: Line) -> dict[str, Any]:
    shown = ("id", "channel", "purpose", "verdict", "source", "by", "wording", "version", "at")
    return {name: getattr(line, name) for name in shown}


def _stop(stop: StopLine) -> dict[str, Any]:
    shown = ("id", "channel", "source", "by", "wording", "version", "at", "lifted_at", "lifted_by")
    return {name: getattr(stop, name) for name in shown}


def _line_in_words(line: Line) -> str:
    head = f"{line.at:%Y-%m-%d %H:%M} UTC  {line.channel.value} {line.purpose}: {line.verdict.replace('_', ' ')}"
    return f"{head}, {how_it_came(line.source)}, entered by {line.by}{_quoted(line.wording)}"


def _stop_in_words(stop: StopLine) -> str:
    head = f"{stop.at:%Y-%m-%d %H:%M} UTC  {stop.channel.value} address: stopped"
    lifted = f"; lifted {stop.lifted_at:%Y-%m-%d %H:%M} UTC by {stop.lifted_by}" if stop.lifted_at else ""
    return f"{head}, {how_it_came(stop.source)}, entered by {stop.by}{_quoted(stop.wording)}{lifted}"


def _quoted(wording: str | None) -> str:
    return f", “{one_line(wording)}”" if wording else ""
