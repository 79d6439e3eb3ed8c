"""`aftercare check`: config and templates, each problem with file, line, key and a hint."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from scheduler.cli.github import annotation
from scheduler.cli.output import Json, console, errors, print_json
from scheduler.cli.wiring import collect_less
from scheduler.protocols.problems import Problem
from scheduler.services.checking import check_all
from scheduler.settings import Delivery, Settings, read_settings


class Format(StrEnum):
    """How the problems are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    *,
    as_format: Annotated[
        Format, typer.Option("--format", help="Lines for people, JSON, or annotations of a GitHub workflow.")
    ] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Let a warning fail too.")] = False,
    no_tests: Annotated[bool, typer.Option("--no-tests", help="Leave the tests in config/tests out.")] = False,
    as_json: Json = False,
) -> None:
    """Check config and templates, and play the tests of protocols; exit code 1 if anything is wrong."""
    collect_less()
    settings = read_settings(os.environ)
    live = settings.delivery is Delivery.LIVE
    problems = check_all(settings.config_dir, settings.templates_dir, live=live, tests=not no_tests)
    wrong = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity == "warning"]
    match Format.JSON if as_json else as_format:
        case Format.JSON:
            print_json({"errors": [_data(it) for it in wrong], "warnings": [_data(it) for it in warnings]})
        case Format.GITHUB:
            for problem in problems:
                typer.echo(annotation(problem))
        case Format.TEXT:
            for problem in problems:
                errors.print(str(problem), markup=False)
            console.print(_sum(len(wrong), len(warnings), settings))
    if wrong or (strict and warnings):
        raise typer.Exit(1)


def _sum(wrong: int, warnings: int, settings: Settings) -> str:
    said = _counted(wrong, "error") if wrong else "No errors"
    doubtful = f", {_counted(warnings, 'warning')}" if warnings else ""
    return f"{said}{doubtful} in {settings.config_dir} and {settings.templates_dir}."


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


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
