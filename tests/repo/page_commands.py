"""The page of all commands, read from the command line itself."""

from collections.abc import Iterator
from enum import Enum

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from scheduler.cli.app import app

HEAD = """# Commands

Made from the command line itself by `make docs`; a test compares them.

`aftercare --verbose COMMAND` logs more, still without patients' data; `aftercare --version` prints the version;
`aftercare --install-completion` teaches your shell to complete commands and options. Every command has `--help`.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed: one line on standard error says what, where and what to do |
| 2 | wrong usage: an unknown command or option, or one that is missing |
| 130 | stopped by Ctrl-C |

`import` ends with 1 when a row was refused, though the good rows are registered; `check` and `doctor` when
anything is wrong.

`--json`, where a command has it, prints what machines read; [json.md](json.md) shows each.
"""


def commands_page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(_command(name, command) for name, command in leaves())])


def leaves() -> list[tuple[str, TyperCommand]]:
    """Return every command that does something, with its whole name, in order of names."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return sorted(_leaves(root, ""))


def _leaves(group: TyperGroup, before: str) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _leaves(command, f"{before}{name} ")
        elif isinstance(command, TyperCommand):
            yield f"{before}{name}", command


def option_names(command: TyperCommand) -> list[str]:
    """Return the options of a command as they are typed."""
    return [name for param in command.params if isinstance(param, TyperOption) for name in param.opts]


def _command(name: str, command: TyperCommand) -> str:
    arguments = [str(param.metavar) for param in command.params if isinstance(param, TyperArgument)]
    needed = [
        f"{param.opts[0]} {_value(param)}"
        for param in command.params
        if isinstance(param, TyperOption) and param.required
    ]
    more = ["[OPTIONS]"] if len(needed) < len(option_names(command)) else []
    usage = " ".join(["aftercare", name, *arguments, *needed, *more])
    lines = [f"## `aftercare {name}`", "", " ".join((command.help or "").split()), "", "```", usage, "```", ""]
    rows = [_row(param) for param in command.params if isinstance(param, TyperArgument | TyperOption)]
    if rows:
        lines += ["| argument or option | meaning | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _value(param: TyperOption) -> str:
    return param.opts[0].lstrip("-").upper().replace("-", "_")


def _row(param: TyperArgument | TyperOption) -> str:
    names = ", ".join(f"`{name}`" for name in param.opts)
    if isinstance(param, TyperArgument):
        names = f"`{param.metavar}`"
    meaning = " ".join((param.help or "").split()).replace("|", "\\|")
    return f"| {names} | {meaning} | {_default(param)} |"


def _default(param: TyperArgument | TyperOption) -> str:
    if param.required:
        return "needed"
    value = param.default.value if isinstance(param.default, Enum) else param.default
    return "" if value in (None, "", False) else f"`{value}`"
