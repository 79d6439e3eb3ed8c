"""`aftercare evidence`: what one patient was sent, in which approved version, and what came back, as two files."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from scheduler.cli.output import Json, console, plain, print_json
from scheduler.cli.wiring import open_product
from scheduler.content.evidence import evidence_page
from scheduler.errors import ConfigError, ConflictError
from scheduler.protocols.folder import ADVICE, APPROVALS
from scheduler.protocols.loader import first_error
from scheduler.protocols.problems import Problem
from scheduler.services.evidence import evidence


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="evidence")(export)


def export(
    patient: Annotated[
        int,
        typer.Argument(
            help="A patient's number, as `consent export` has it.", metavar="PATIENT", min=1, max=2**63 - 1
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="The folder that gets the two files; nothing is overwritten.")],
    as_json: Json = False,
) -> None:
    """Export what proves what a patient was sent, as one HTML file for people and one JSON file for machines.

    The texts as they were sent, to which address, when they were planned, handed over and delivered, in which
    version and who had approved it, what the patient answered, and the consent at that time. Only you can read them.
    """
    files = {kind: out / f"evidence-{patient}.{kind}" for kind in ("html", "json")}
    with open_product(create=False, sound_only=True) as product, product.store.read() as tx:
        _refuse_gaps(product.errors)
        data = evidence(tx, product.configuration, patient, now=product.clock.now())
    texts = {
        "html": evidence_page(data),
        "json": json.dumps(data, default=plain, ensure_ascii=False, indent=2) + "\n",
    }
    _write({files[kind]: text for kind, text in texts.items()})
    counts = _counts(data)
    if as_json:
        print_json({"patient": patient, "html": str(files["html"]), "json": str(files["json"]), **counts})
        return
    said = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in counts.items())
    console.print(f"{said} in {files['html']} and {files['json'].name}", soft_wrap=True, highlight=False)


def _refuse_gaps(errors: Sequence[Problem]) -> None:
    """Raise ConfigError where a record of what was approved can't be read: what lacks a part proves nothing."""
    wrong = [it for it in errors if it.file.name == ADVICE or APPROVALS in it.file.parts[-2:]]
    if wrong:
        raise ConfigError(f"evidence needs all that was approved: {first_error(wrong)}: run `aftercare check`")


def _counts(data: dict[str, Any] | Any) -> dict[str, int]:
    messages = [message for visit in data["appointments"] for message in visit["messages"]]
    handed = sum(len(message["hand_overs"]) for message in messages)
    return {"messages": len(messages), "hand_overs": handed, "replies": len(data["replies"])}


def _write(texts: dict[Path, str]) -> None:
    """Write files that were not there, for their owner only; where one can't be written none is left behind."""
    made: list[Path] = []
    try:
        for file, text in texts.items():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            made.append(file)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
    except FileExistsError as error:
        _remove(made)
        raise ConflictError(
            f"{error.filename} is there already: name another folder, nothing is overwritten"
        ) from None
    except BaseException:
        _remove(made)
        raise


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
