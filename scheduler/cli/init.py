"""`aftercare init`: a clinic's own copy of config and templates."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.output import console
from scheduler.errors import ConflictError
from scheduler.paths import shipped


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder.", metavar="DIR")]) -> None:
    """Copy config and templates into a new or empty folder, to be edited there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is not empty: name a new folder, so that nothing of yours is overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("config", "templates"):
            shutil.copytree(shipped(name), folder / name)
    except OSError as error:
        raise ConflictError(f"{folder}: can't be written: {error.strerror}") from None
    there = folder.resolve() if folder == Path() else folder
    console.print(
        f"Copied config/ and templates/ to {there}. Edit them there, then:\n"
        f"  cd {there}\n"
        "  aftercare check\n"
        "The clinics are samples and the texts unapproved examples: a clinician approves each before it is sent."
    )
