"""Joins the commands and turns errors into one line and an exit code: 0 done, 1 refused or failed, 2 wrong usage."""

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from scheduler import logs
from scheduler.cli import (
    adjust,
    alerts,
    apply,
    appointments,
    approve,
    bookings,
    bounces,
    calendar,
    check,
    consent,
    database,
    demo,
    dispatch,
    doctor,
    evidence,
    held,
    hook,
    imports,
    init,
    key,
    page,
    patient,
    pause,
    plan,
    preview,
    register,
    replies,
    schema,
    serve,
    simulate,
    triage,
    unanswered,
    user,
    watch,
    worker,
)
from scheduler.cli.output import say_error, say_usage
from scheduler.errors import AftercareError

app = typer.Typer(
    name="aftercare",
    help="Sends each patient the right aftercare message at the right local time, by SMS and email.",
    # A traceback with local variables would print patients' data.
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for module in (
    demo,
    init,
    serve,
    worker,
    register,
    imports,
    watch,
    calendar,
    dispatch,
    appointments,
    adjust,
    apply,
    page,
    patient,
    pause,
    held,
    consent,
    evidence,
    bookings,
    bounces,
    hook,
    alerts,
    replies,
    unanswered,
    check,
    schema,
    approve,
    plan,
    simulate,
    preview,
    triage,
    doctor,
    user,
    key,
    database,
):
    module.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aftercare {version('aftercare-scheduler')}")
        raise typer.Exit


@app.callback()
def common(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more, still without patients' data.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    del show_version
    logs.configure(verbose=verbose)


def main() -> None:
    """Run the command line and leave with its exit code."""
    _speak_any_encoding()
    try:
        # Not standalone: a wrong usage is one line too, not a box of five.
        code = app(sys.argv[1:] or ["--help"], prog_name="aftercare", standalone_mode=False)
    except typer.TyperException as error:
        say_usage(error)
        sys.exit(error.exit_code)
    except AftercareError as error:
        say_error(str(error))
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except BrokenPipeError:
        # The reader went away (`aftercare timeline 1 | head`): nothing is left to say.
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        # A full disk, a folder that may not be written: the machine's state, not a fault of the program.
        say_error(f"{error.filename or 'the machine'}: {error.strerror or error}: mend that and try again")
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _speak_any_encoding() -> None:
    """Print a question mark rather than fail where the terminal's encoding has no é."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
