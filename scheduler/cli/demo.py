"""`aftercare demo`: six weeks of two sample clinics in under a minute, with the real engine and the real console."""

from typing import Annotated

import typer

SECONDS = 36
"""How long the time between the messages takes altogether; the sending itself comes on top."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    *,
    leave: Annotated[bool, typer.Option("--exit", help="End when the six weeks are over.")] = False,
    seconds: Annotated[
        float, typer.Option("--seconds", help="How long the six weeks take.", min=1, max=600)
    ] = SECONDS,
    port: Annotated[
        int, typer.Option(help="Where the console is; another one if that is taken.", min=0, max=65535)
    ] = 8000,
) -> None:
    """Play six weeks of two sample clinics, and show them in the console.

    Always a rehearsal, in the folder demo/: nothing leaves this machine. On a terminal it begins when you have signed
    in by the link that it shows, or with Enter; then the console stays open, and the clock goes on, until Ctrl-C.
    """
    from scheduler.cli.demo_play import play  # noqa: PLC0415  (it loads an engine and the web server)

    if not play(seconds, port, leave=leave) and leave:
        raise typer.Exit(130)
