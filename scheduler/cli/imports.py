"""`aftercare import`: a clinic's CSV export, with a report per row."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.output import Json, console, print_json, progress_bar, say_warning
from scheduler.cli.wiring import open_product
from scheduler.services.importing import Importer, ImportReport
from scheduler.services.registration import Result

COLOURS = {
    Result.REGISTERED: "green",
    Result.UNCHANGED: "dim",
    Result.RESCHEDULED: "cyan",
    Result.CANCELLED: "yellow",
    Result.REFUSED: "red",
}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="The CSV file.", metavar="FILE.csv")],
    *,
    clinic: Annotated[str, typer.Option(help="The clinic's id: the name of its file under config/clinics.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; register nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Import appointments from a CSV export. The same file twice registers nothing new.

    Exit code 1 if any row was refused; the good rows are registered.
    """
    with open_product() as product:
        importer = Importer(product.store, product.configuration, product.clock, product.configuration.clinic(clinic))
        with progress_bar("Importing", shown=not as_json) as progress:
            report = importer.run(file, dry_run=dry_run, progress=progress)
    for warning in report.warnings:
        say_warning(warning)
    if as_json:
        print_json(_data(report))
    else:
        print_report(report, dry_run=dry_run)
    if report.totals[Result.REFUSED]:
        raise typer.Exit(1)


def print_report(report: ImportReport, *, dry_run: bool) -> None:
    """Print one line per row and the totals.

    The lines are our own: a table of 20,000 rows takes as long as importing them.
    """
    results = {result: _coloured(result) + " " * (12 - len(result)) for result in Result}
    lines = ["  row  result       appointment  reason"]
    for row in report.rows:
        number = "" if row.appointment is None else str(row.appointment)
        lines.append(f"{row.row:5}  {results[row.result]} {number:>11}  {row.reason}".rstrip())
    sys.stdout.write("\n".join(lines) + "\n")
    said = ", ".join(f"{count} {result}" for result, count in report.totals.items() if count) or "no rows"
    console.print(f"{'Dry run, nothing was registered: ' if dry_run else ''}{said}.")


def _coloured(result: Result) -> str:
    """Return a result as this terminal shows it."""
    with console.capture() as shown:
        console.print(f"[{COLOURS[result]}]{result}[/]", end="")
    return shown.get()


def _data(report: ImportReport) -> dict[str, object]:
    rows = [
        {"row": row.row, "result": row.result, "reason": row.reason, "appointment": row.appointment}
        for row in report.rows
    ]
    return {"rows": rows, "totals": report.totals, "warnings": list(report.warnings)}
