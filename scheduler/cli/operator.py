"""Who works at the command line: an operator's name goes into every order that holds or releases messages."""

import os
import pwd
from typing import Annotated

import typer

LONGEST = 100


def _read(name: str) -> str:
    """Read a name that goes on record: one line, as long as its column."""
    text = " ".join(name.split())
    if len(text) > LONGEST:
        raise typer.BadParameter(f"is longer than {LONGEST} characters", param_hint="--by")
    return text


By = Annotated[str, typer.Option(help="Who says so, for the record; else operator: and the user's name.")]


def operator(by: str) -> str:
    """Return who goes on record: who was named, else whoever runs the command."""
    return _read(by) or f"operator:{_user()}"


def _user() -> str:
    """Return the user's name, also behind sudo; the number in a container that has no names."""
    if name := os.environ.get("SUDO_USER"):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
