"""The page of all commands, read from the command line itself."""

from collections.abc import Iterator

import click
import typer

from scheduler.cli.app import app

HEAD = """# Commands

Made from the command line itself by `make docs`; a test compares them.

`--json`, where a command has it, prints what machines read: instants are ISO 8601 in UTC with `Z`, keys may be added but are
never renamed. Exit codes: 0 done, 1 refused or failed, 2 wrong usage. Errors go to standard error, one line each, and say what to do.
`aftercare --install-completion` teaches your shell to complete commands and options.
"""


def commands_page() -> str:
    """Return the page."""
    root = typer.main.get_command(app)
    assert isinstance(root, click.Group)
    parts = [_command(f"aftercare {name}", command) for name, command in leaves(root)]
    return "\n".join([HEAD, *parts])


def leaves(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with its whole name."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    lines = [f"## `{name}`", "", " ".join((command.help or "").split()), "", "```", usage, "```", ""]
    rows = [_row(param, context) for param in command.params]
    if rows:
        lines += ["| option | meaning | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(param: click.Parameter, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    if isinstance(param, click.Argument):
        names = f"`{param.make_metavar(context)}`"
    help_text = " ".join((getattr(param, "help", "") or "").split()).replace("|", "\\|")
    shown = "needed" if param.required else "" if param.default in (None, "", False) else f"`{param.default}`"
    return f"| {names} | {help_text} | {shown} |"
