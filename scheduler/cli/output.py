"""How commands print: tables for people, JSON for machines, one line on standard error for what is wrong."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scheduler.domain.localtime import iso

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

console = Console()
errors = Console(stderr=True, soft_wrap=True, highlight=False)


def one_line(text: str) -> str:
    """Return a person's text on one line, without what could steer a terminal."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def say_error(message: str) -> None:
    """Print one line on standard error."""
    errors.print(f"[bold red]error:[/] {_escape(' '.join(message.split()))}")


def say_warning(message: str) -> None:
    """Print one line on standard error for what may be meant so."""
    errors.print(f"[bold yellow]warning:[/] {_escape(' '.join(message.split()))}")


def say_usage(error: typer.TyperException) -> None:
    """Print one line on what was wrong with the command's words, and where its help is."""
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "aftercare"
    said = error.format_message().replace("Value error, ", "").rstrip(".")
    say_error(f"{said}: see `{command} --help`")


def print_json(data: Any) -> None:
    """Print a value as JSON; instants become ISO 8601 in UTC with Z."""
    sys.stdout.write(json.dumps(data, default=plain, ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """Return what JSON has no form for, an instant, as text."""
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


class Progressing:
    """A progress bar, and what is printed while it is there."""

    def __init__(self, bar: Progress, label: str) -> None:
        self._bar, self._task = bar, bar.add_task(label, total=None)

    def __call__(self, done: int, total: int) -> None:
        """Show how much is done."""
        self._bar.update(self._task, completed=done, total=total)

    def write(self, text: str) -> None:
        """Write to standard output; on a terminal the bar makes room and comes back below."""
        if self._bar.disable or not sys.stdout.isatty():
            sys.stdout.write(text)
            return
        self._bar.stop()
        sys.stdout.write(text)
        sys.stdout.flush()
        self._bar.start()


@contextmanager
def progress_bar(label: str, *, shown: bool) -> Iterator[Progressing]:
    """Show a progress bar on standard error where that is a terminal; yields a function (done, all)."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not (shown and errors.is_terminal),
        redirect_stdout=False,  # what is printed meanwhile is for whoever reads standard output
    )
    with bar:
        yield Progressing(bar, label)
