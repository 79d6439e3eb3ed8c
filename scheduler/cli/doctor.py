"""`aftercare doctor`: what is wrong with this installation and how to mend it."""

import asyncio
import os

import typer

from scheduler.cli.output import Json, console, print_json
from scheduler.clock import SystemClock
from scheduler.services.doctor import Doctor
from scheduler.services.finding import Health
from scheduler.settings import read_settings

_SHOWN = ("part", "health", "message", "remedy")
MARKS = {Health.WELL: "[green]✓[/]", Health.WARNING: "[yellow]![/]", Health.WRONG: "[red]✗[/]"}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(*, as_json: Json = False) -> None:
    """Look over database, migrations, keys, config, clock, Twilio and SMTP; exit code 1 if anything is wrong."""
    settings = read_settings(os.environ)
    findings = asyncio.run(Doctor(settings, SystemClock()).examine())
    if not settings.on_sqlite and all(it.health is not Health.WRONG for it in findings if it.part == "database"):
        from scheduler.runtime.queue_schema import examine_queue  # noqa: PLC0415  (SQLite has no use for it)

        findings.append(examine_queue(settings))
    if as_json:
        print_json({"findings": [{name: getattr(it, name) for name in _SHOWN} for it in findings]})
    else:
        for finding in findings:
            remedy = f"\n  {'':<10}[dim]{finding.remedy}[/]" if finding.remedy else ""
            message = finding.message.replace("[", r"\[")
            console.print(f"{MARKS[finding.health]} {finding.part:<10}{message}{remedy}", highlight=False)
    if any(finding.health is Health.WRONG for finding in findings):
        raise typer.Exit(1)
