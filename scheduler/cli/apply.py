"""`aftercare apply`: moves what is in flight to the protocols as they are now, anew or as a plan in a file has it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, print_json, progress_bar, say_error
from scheduler.cli.plan import Clinic, Pin, Treatment, read_pins, refuse_needless_pins, refuse_unknown
from scheduler.cli.wiring import Product, open_product
from scheduler.services import apply_run
from scheduler.services.applying import Applied, Applier, Chosen
from scheduler.services.carrying import COUNTED
from scheduler.store.applies import Apply, all_applies

EMPTY = "Nothing to apply: all that is in flight is planned by the protocols as they are."
File = Annotated[Path | None, typer.Argument(help="A plan that `aftercare plan --out` wrote.", metavar="[FILE]")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(apply)


def apply(
    file: File = None,
    *,
    clinic: Clinic = "",
    treatment: Treatment = "",
    pin: Pin = None,
    history: Annotated[bool, typer.Option("--history", help="List what was applied, and change nothing.")] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Move appointments in flight to the protocols as they are now, while messages are being sent.

    With FILE exactly that plan is applied, or nothing: it is refused where anything it rests on has changed since.
    An apply that was stopped goes on when it is started again.
    """
    pinned = read_pins(pin or ())
    if (file or history) and (clinic or treatment or pinned):
        raise typer.BadParameter("--clinic, --treatment and --pin are for `aftercare plan --out`: FILE has them")
    if history:
        if file:
            raise typer.BadParameter("--history stands alone")
        _list(as_json=as_json)
        return
    who = operator(by)
    with open_product(create=False) as product:
        refuse_unknown(product, clinic, treatment)
        with progress_bar("Applying", shown=not as_json) as progress:
            applier = Applier(
                product.store, product.configuration, product.clock, who, progress, batch=apply_run.BATCH
            )
            if file:
                applied = applier.apply_file(file)
            else:
                chosen = Chosen(pinned, clinic or None, treatment or None)
                applied = applier.apply(chosen, look=lambda edits: refuse_needless_pins(pinned, edits))
    if as_json:
        print_json(_data(applied))
    else:
        _print(applied)
    if applied.refused:
        raise typer.Exit(1)


def _print(applied: Applied) -> None:
    if applied.apply is None:
        _say(EMPTY)
        return
    if applied.before:
        _say(f"Applied before, by {applied.apply.by} at {_when(applied.apply)}: nothing was done now.")
        return
    for edit in applied.apply.edits:
        _say(_edit(edit))
    _say(f"{'Went on and applied' if applied.resumed else 'Applied'}: {_totals(applied.apply)}.")
    for visit, why in applied.refused.items():
        say_error(f"appointment {visit} was left as it is: {why}: plan again")


def _list(*, as_json: bool) -> None:
    with open_product(create=False) as product:
        applies = _applies(product)
    if as_json:
        print_json({"applies": [_apply_data(it) for it in applies]})
        return
    if not applies:
        _say("Nothing was applied yet.")
    for it in applies:
        end = "" if it.finished_at else "  not finished"
        _say(f"{it.id}  {_when(it)}  by {it.by}{end}: {_totals(it)}")
        for edit in it.edits:
            _say(f"    {_edit(edit)}")


def _applies(product: Product) -> tuple[Apply, ...]:
    with product.store.read() as tx:
        return all_applies(tx)


def _edit(edit: Mapping[str, Any]) -> str:
    kept = " (pinned: those in flight keep it as it was)" if edit["pinned"] else ""
    return f"{edit['treatment']}.{edit['step']}: {'; '.join(edit['what'])}{kept}"


def _totals(apply: Apply) -> str:
    counts = {name: apply.counts.get(name, 0) for name in COUNTED}
    said = [f"{counts[name]:,} {name}" for name in ("moved", "added", "dropped", "changed") if counts[name]]
    return (
        f"{counts['appointments']:,} of {counts['in_flight']:,} appointments; "
        f"{', '.join(said) or 'no message changed'}; {counts['unchanged']:,} stay as they are, "
        f"{counts['sent']:,} already sent"
    )


def _when(apply: Apply) -> str:
    return f"{apply.at:%Y-%m-%d %H:%M} UTC"


def _data(applied: Applied) -> dict[str, Any]:
    return {
        "apply": _apply_data(applied.apply) if applied.apply else None,
        "resumed": applied.resumed,
        "refused": [{"appointment": visit, "reason": why} for visit, why in applied.refused.items()],
    }


def _apply_data(apply: Apply) -> dict[str, Any]:
    return {
        "id": apply.id,
        "by": apply.by,
        "at": apply.at,
        "finished_at": apply.finished_at,
        "edits": list(apply.edits),
        "totals": {name: apply.counts.get(name, 0) for name in COUNTED},
    }


def _say(text: str) -> None:
    console.print(Text(text), soft_wrap=True)
