"""`aftercare import`: a clinic's export, with a report per row."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.guess import print_guess
from scheduler.cli.import_report import AsJson, AsLines
from scheduler.cli.output import Json, progress_bar, say_warning
from scheduler.cli.wiring import open_product
from scheduler.services.exports.importing import Importer
from scheduler.services.registration import Result


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="The export: CSV in any of its forms, or .xlsx.", metavar="FILE")],
    *,
    clinic: Annotated[
        str | None,
        typer.Option(help="The clinic's id: the name of its file under config/clinics. Only --guess does without."),
    ] = None,
    guess: Annotated[
        bool, typer.Option("--guess", help="Register nothing: propose how the export is mapped, as YAML to paste.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; register nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Import appointments from an export (CSV, .xlsx). The same file twice registers nothing new.

    Exit code 1 if any row was refused; the good rows are registered.
    """
    if guess:
        print_guess(file, clinic, as_json=as_json)
        return
    if clinic is None:
        raise typer.BadParameter("is needed to import", param_hint="'--clinic'")
    with open_product() as product:
        importer = Importer(product.store, product.configuration, product.clock, product.configuration.clinic(clinic))
        with importer.open(file) as table, progress_bar("Importing", shown=not as_json) as progress:
            running = importer.begin(table, dry_run=dry_run)
            for warning in running.warnings:
                say_warning(warning)
            counts: Counter[Result] = Counter()
            with (AsJson if as_json else AsLines)(progress.write, counts, running, dry_run=dry_run) as report:
                for reports in running.batches:
                    counts.update(it.result for it in reports)
                    report.add(reports)
                    progress(counts.total(), running.total)
    if counts[Result.REFUSED]:
        raise typer.Exit(1)
