"""`aftercare schema`: the JSON Schema of the configuration files, for editors and other tools."""

import json
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.output import console, print_json
from scheduler.errors import ConflictError, NotFoundError
from scheduler.protocols.hints import suggest
from scheduler.protocols.schemas import KINDS, schema_of


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(schema)


def schema(
    kind: Annotated[
        str | None, typer.Argument(help=f"One of {', '.join(KINDS)}; all of them by default.", metavar="[KIND]")
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write KIND.json into this folder.", metavar="DIR")
    ] = None,
) -> None:
    """Print the JSON Schema of a kind of configuration file, or write all of them into a folder."""
    if kind is not None and kind not in KINDS:
        raise NotFoundError(f"there is no kind of file {kind!r}: {suggest(kind, list(KINDS))}")
    wanted = {name: schema_of(name) for name in KINDS if kind in (None, name)}
    if out is None:
        print_json(wanted[kind] if kind else wanted)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in wanted.items():
            (out / f"{name}.json").write_text(as_text(content), encoding="utf-8")
    except OSError as error:
        raise ConflictError(f"{out}: can't be written: {error.strerror}") from None
    console.print(f"Wrote {', '.join(f'{name}.json' for name in wanted)} to {out}.")


def as_text(content: object) -> str:
    """Return a schema as a file holds it."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
