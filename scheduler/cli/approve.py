"""`aftercare approve`: puts on record that a clinician read steps and texts and approved them as they are."""

import os
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from scheduler.cli.output import Json, console, print_json, say_warning
from scheduler.clock import SystemClock
from scheduler.content.templates import Texts
from scheduler.errors import ConfigError
from scheduler.protocols.approvals import Approval
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load
from scheduler.services.approving import Approving, Item, Part, Signer
from scheduler.services.checking import check_all
from scheduler.settings import Delivery, Settings, read_settings

LONGEST = 100


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(approve)


def approve(
    treatments: Annotated[
        list[str] | None, typer.Argument(help="Treatments, such as microneedling.", metavar="[TREATMENT]...")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All treatments.")] = False,
    by: Annotated[str, typer.Option(help="Who read and approves them: a clinician's name.")] = "",
    role: Annotated[str, typer.Option(help="In what role, such as “medical director”.")] = "",
    listed: Annotated[
        bool, typer.Option("--list", help="Change nothing; show what is approved by whom, and what is not.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Record that somebody approved treatments: their steps and texts as they are now, in config/approvals/.

    It asks nothing. Only what is approved goes out in live delivery; an edit of a step or a text needs approval anew.
    """
    if bool(treatments) == every and (treatments or not listed):
        raise typer.BadParameter("name treatments, or --all")
    settings = read_settings(os.environ)
    approving = Approving(load(settings.config_dir), Texts(settings.templates_dir))
    chosen = list(dict.fromkeys(treatments or approving.configuration.protocols))
    items = {treatment: approving.items(treatment) for treatment in chosen}
    if listed:
        _show(approving.configuration, settings, items, as_json=as_json)
        return
    signer = Signer(_signed(by, "--by"), _signed(role, "--role"), SystemClock().now())
    _refuse_faulty(approving, settings, chosen)
    done = {treatment: approving.approve(settings.config_dir, treatment, signer) for treatment in chosen}
    if as_json:
        print_json({"written": [_written(it, file, new) for it, (file, new) in done.items() if file]})
        return
    for treatment, (file, new) in done.items():
        said = f"{_counted(new)} on record in {file}" if file else f"{signer.by} has approved all of it before"
        console.print(f"{treatment}: {said}.", soft_wrap=True, highlight=False, markup=False)


def say_unapproved(configuration: Configuration, settings: Settings) -> None:
    """Say in one line that nothing is approved where only what is approved goes out."""
    required = configuration.requires_approval(live=settings.delivery is Delivery.LIVE)
    if required and not configuration.approvals.records:
        say_warning(
            "nothing is approved, so no step of any protocol is sent: `aftercare approve --list` says what there is "
            "to read, `aftercare approve --all --by NAME --role ROLE` puts it on record"
        )


def _signed(text: str, option: str) -> str:
    """Return who signs, or as what: one line. Raises BadParameter."""
    line = " ".join(text.split())
    if not line or not line.isprintable() or len(line) > LONGEST:
        raise typer.BadParameter(f"is needed: 1 to {LONGEST} characters", param_hint=option)
    return line


def _refuse_faulty(approving: Approving, settings: Settings, chosen: Sequence[str]) -> None:
    """Refuse to put on record what is broken: it could not be sent as it was read. Raises ConfigError."""
    problems = check_all(settings.config_dir, settings.templates_dir)
    wrong = [fault for it in chosen for fault in approving.faults(it, problems, settings.config_dir)]
    if wrong:
        more = f"; and {len(set(wrong)) - 1} more" if len(set(wrong)) > 1 else ""
        raise ConfigError(f"nothing was approved: {wrong[0]}{more}: run `aftercare check`")


def _show(
    configuration: Configuration, settings: Settings, items: dict[str, tuple[Item, ...]], *, as_json: bool
) -> None:
    required = configuration.requires_approval(live=settings.delivery is Delivery.LIVE)
    if as_json:
        print_json({"required": required, "treatments": [_treatment(name, found) for name, found in items.items()]})
        return
    for treatment, found in items.items():
        missing = [it for it in found if not it.approved]
        said = f"{len(missing)} of {len(found)} not approved" if missing else "approved"
        console.print(Text(f"{treatment}: {said}", style="bold"))
        for it in found:
            mark = ("  ✓ ", "green") if it.approved else ("  ✗ ", "red")
            who = "; ".join(map(_signature, it.approved))
            line = Text.assemble(mark, f"{it.part} {it.name}", (f"  {who}" if who else "", "dim"))
            console.print(line, soft_wrap=True, highlight=False)
    said = "Only what is approved goes out." if required else "Approval is not required here: all goes out."
    console.print(said, style="dim")


def _counted(items: Sequence[Item]) -> str:
    steps = sum(it.part is Part.STEP for it in items)
    texts = len(items) - steps
    return f"{steps} step{'s' * (steps != 1)} and {texts} text{'s' * (texts != 1)}"


def _signature(approval: Approval) -> str:
    return f"{approval.by}, {approval.role}, {approval.at:%Y-%m-%d %H:%M} UTC"


def _treatment(treatment: str, items: Sequence[Item]) -> dict[str, Any]:
    return {
        "treatment": treatment,
        "approved": all(it.approved for it in items),
        "items": [
            {
                "part": it.part.value,
                "name": it.name,
                "digest": it.digest,
                "approved": [{"by": one.by, "role": one.role, "at": one.at} for one in it.approved],
            }
            for it in items
        ],
    }


def _written(treatment: str, file: object, items: Sequence[Item]) -> dict[str, Any]:
    return {
        "treatment": treatment,
        "file": str(file),
        "steps": [it.name for it in items if it.part is Part.STEP],
        "texts": [it.name for it in items if it.part is Part.TEXT],
    }
