"""`aftercare patient`: one patient as a whole, shown, handed out, erased."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, one_line, print_json
from scheduler.cli.wiring import Product, open_product
from scheduler.domain.states import UNSENT, Status
from scheduler.errors import ConflictError
from scheduler.services.erasing import erase as erase_patient
from scheduler.services.exporting import export_patient, zipped
from scheduler.store.database import Tx
from scheduler.store.patient_file import counts_of_visits, erasure_of, latest_visits
from scheduler.store.patients import Patient, get_patient
from scheduler.store.pauses import orders_covering

VISITS = 50
WORD = "erase"

Number = Annotated[
    int,
    typer.Argument(help="A patient's number, as `consent export` has it.", metavar="PATIENT", min=1, max=2**63 - 1),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="One patient: shown, handed out, erased.", no_args_is_help=True)
    group.command()(show)
    group.command()(export)
    group.command()(erase)
    app.add_typer(group, name="patient")


def show(patient: Number, *, as_json: Json = False) -> None:
    """Say who a patient is, the latest appointments with their messages, and what is paused."""
    with open_product(create=False, sound_only=True) as product, product.store.read() as tx:
        told = _told(tx, get_patient(tx, patient))
    if as_json:
        print_json(told)
        return
    _print(told)


def export(
    patient: Number,
    *,
    out: Annotated[Path, typer.Option(help="The new ZIP file, which only you can read.")],
    as_json: Json = False,
) -> None:
    """Write all that is held of a patient into one ZIP: a page for people, a JSON file for machines."""
    with open_product(create=False, sound_only=True) as product, product.store.read() as tx:
        packed = zipped(export_patient(tx, product.configuration, patient, now=product.clock.now()))
    _write(out, packed)
    if as_json:
        print_json({"patient": patient, "file": str(out), "bytes": len(packed)})
    else:
        console.print(f"All that is held of patient {patient} is in {out}", soft_wrap=True, highlight=False)


def erase(
    patient: Number,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask: it can't be undone.")] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Replace all that a patient is known by with nothing, for good, and cancel what is still to come.

    Numbers, times, states and the bare lines of consent stay; the addresses stay stopped. It is refused while a
    message to the patient is on its way, or an alert about the patient is open.
    """
    who = operator(by)
    with open_product(create=False, sound_only=True) as product:
        with product.store.read() as tx:
            get_patient(tx, patient)
        if not yes:
            _confirm(patient)
        done = _erase(product, patient, who)
    if as_json:
        print_json(done)
        return
    console.print(
        f"Patient {patient} is erased: {done['messages']} messages and {done['replies']} replies emptied, "
        f"{done['cancelled']} cancelled, {done['stopped']} addresses stopped for good.",
        soft_wrap=True,
        highlight=False,
    )


def _erase(product: Product, patient: int, who: str) -> dict[str, Any]:
    done = erase_patient(product.store, product.settings.outbox_dir, patient, now=product.clock.now(), by=who)
    return {
        "patient": patient,
        "cancelled": done.cancelled,
        "messages": done.messages,
        "replies": done.replies,
        "stopped": done.stopped,
    }


def _confirm(patient: int) -> None:
    if not sys.stdin.isatty():
        raise ConflictError("nothing was erased: nobody can type the word here; say --yes, it can't be undone")
    asked = f"This can't be undone. Type {WORD} to erase patient {patient}"
    typed = typer.prompt(asked, default="", show_default=False)
    if typed.strip().casefold() != WORD:
        raise ConflictError("nothing was erased: the word was not typed")


def _told(tx: Tx, patient: Patient) -> dict[str, Any]:
    visits = latest_visits(tx, patient.id, limit=VISITS)
    counts, erased = counts_of_visits(tx, [it.id for it in visits]), erasure_of(tx, patient.id)
    return {
        "patient": patient.id,
        "clinic": patient.clinic,
        "patient_id": patient.ref,
        "name": patient.name or None,
        "phone": patient.phone,
        "email": patient.email,
        "language": patient.language,
        "time_zone": patient.timezone,
        "erased_at": erased.at if erased else None,
        "erased_by": erased.by if erased else None,
        "paused": [
            {"channel": it.pause.scope.channel, "by": it.pause.by, "at": it.pause.at}
            for it in orders_covering(tx, patient.clinic, patient.id)
        ],
        "appointments": [
            {
                "appointment": it.id,
                "treatment": it.treatment,
                "starts_at": it.starts_at,
                "status": it.status.value,
                "messages": {status.value: counts[it.id][status] for status in Status if counts[it.id][status]},
            }
            for it in visits
        ],
    }


def _print(told: dict[str, Any]) -> None:
    name = one_line(told["name"]) if told["name"] else "(erased)"
    _say(f"{name}  patient {told['patient']} of {told['clinic']}")
    for label in ("patient_id", "phone", "email", "language", "time_zone"):
        if told[label]:
            _say(f"    {label.replace('_', ' ')}: {one_line(told[label])}")
    if told["erased_at"]:
        _say(f"    erased {told['erased_at']:%Y-%m-%d %H:%M} UTC by {told['erased_by']}")
    for pause in told["paused"]:
        _say(f"    paused by {pause['by']} since {pause['at']:%Y-%m-%d %H:%M} UTC")
    for visit in told["appointments"]:
        waiting = sum(count for status, count in visit["messages"].items() if Status(status) in UNSENT)
        sent = sum(visit["messages"].get(it, 0) for it in (Status.ACCEPTED.value, Status.DELIVERED.value))
        head = f"appointment {visit['appointment']}  {visit['treatment']}  {visit['starts_at']:%Y-%m-%d %H:%M} UTC"
        _say(f"{head}  {visit['status']}  {sent} sent, {waiting} to come")
    if told["appointments"]:
        _say("`aftercare timeline APPOINTMENT` tells each message with its reason.")


def _write(out: Path, packed: bytes) -> None:
    """Write a file that was not there, for its owner only; a failure leaves none behind."""
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConflictError(f"{out} is there already: name another file, nothing is overwritten") from None
    except OSError as error:
        raise ConflictError(f"{out} can't be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(packed)
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _say(text: str) -> None:
    console.print(Text(text), soft_wrap=True)
