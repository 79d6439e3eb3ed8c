"""`aftercare check`: config and templates, each problem with file, line, key and a hint."""

import os

import typer

from scheduler.cli.output import Json, console, errors, print_json
from scheduler.protocols.problems import Problem
from scheduler.services.checking import check_all
from scheduler.settings import read_settings


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(*, as_json: Json = False) -> None:
    """Check config and templates; exit code 1 if anything is wrong."""
    settings = read_settings(os.environ)
    problems = check_all(settings.config_dir, settings.templates_dir)
    wrong = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        warnings = [problem for problem in problems if problem.severity == "warning"]
        print_json({"errors": [_data(problem) for problem in wrong], "warnings": [_data(it) for it in warnings]})
    else:
        for problem in problems:
            errors.print(str(problem), markup=False)
        said = f"{len(wrong)} error{'s' * (len(wrong) != 1)}" if wrong else "No errors"
        console.print(f"{said} in {settings.config_dir} and {settings.templates_dir}.")
    if wrong:
        raise typer.Exit(1)


def _data(problem: Problem) -> dict[str, object]:
    return {
        "file": str(problem.file),
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    }
