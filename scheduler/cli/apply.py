"""`aftercare apply`: moves what is in flight to the protocols as they are now, anew or as a plan in a file has it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from scheduler.cli.operator import By, operator
from scheduler.cli.output import Json, console, print_json, progress_bar, say_error, say_warning
from scheduler.cli.plan import Clinic, Pin, Treatment, no_such_step_is_wrong_usage, read_pins
from scheduler.cli.plan_edits import all_as_they_are, warnings
from scheduler.cli.wiring import Product, open_product
from scheduler.services import apply_run
from scheduler.services.apart import Apart
from scheduler.services.applying import Applied, Applier, Chosen
from scheduler.services.carrying import COUNTED
from scheduler.services.pinning import refuse_needless_pins, refuse_unknown
from scheduler.services.plan_told import apply_data, unfinished_data
from scheduler.services.planner import InFlightEdit, Planner
from scheduler.services.unfinished import drop_unfinished as drop
from scheduler.services.unfinished import story_of
from scheduler.store.applies import Apply, all_applies
from scheduler.store.database import Tx

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
    drop_unfinished: Annotated[
        bool, typer.Option("--drop-unfinished", help="Give up an apply that was stopped; what it has done stays.")
    ] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Move appointments in flight to the protocols as they are now, while messages are being sent.

    With FILE exactly that plan is applied, or nothing: it is refused where anything it rests on has changed since.
    An apply that was stopped goes on when it is started again with the same words; until then others are refused.
    """
    chosen = Chosen(read_pins(pin or ()), clinic or None, treatment or None)
    if (file or history or drop_unfinished) and chosen.words:
        raise typer.BadParameter("--clinic, --treatment and --pin are for `aftercare plan --out`: FILE has them")
    if history or drop_unfinished:
        if file or (history and drop_unfinished):
            raise typer.BadParameter(f"{'--history' if history else '--drop-unfinished'} stands alone")
        if history:
            _list(as_json=as_json)
        else:
            _drop(operator(by), as_json=as_json)
        return
    who = operator(by)
    with open_product(create=False) as product:
        applied = _apply(product, file, chosen, who, as_json=as_json)
        if as_json:
            print_json(_data(applied))
        else:
            _print(applied, lambda: _apart(product, chosen))
    if applied.refused:
        raise typer.Exit(1)


def _apply(product: Product, file: Path | None, chosen: Chosen, who: str, *, as_json: bool) -> Applied:
    with product.store.read() as tx:
        refuse_unknown(tx, product.configuration, chosen.clinic, chosen.treatment)

    def look(tx: Tx, planner: Planner, edits: Sequence[InFlightEdit]) -> None:
        now = product.clock.now()
        refuse_needless_pins(tx, planner, edits, planner.apart(tx, now=now), now=now)
        for warning in warnings(edits, product.approver):
            say_warning(warning)

    with progress_bar("Applying", shown=not as_json) as progress, no_such_step_is_wrong_usage():
        applier = Applier(
            product.store, product.configuration, product.clock, who, progress, look=look, batch=apply_run.BATCH
        )
        return applier.apply_file(file) if file else applier.apply(chosen)


def _apart(product: Product, chosen: Chosen) -> Apart:
    with product.store.read() as tx:
        planner = Planner(product.configuration, chosen.pinned, chosen.clinic, chosen.treatment)
        return planner.apart(tx, now=product.clock.now())


def _drop(who: str, *, as_json: bool) -> None:
    with open_product(create=False, sound_only=True) as product:
        dropped = drop(product.store, now=product.clock.now(), by=who)
    if as_json:
        print_json({"dropped": [unfinished_data(it) for it in dropped]})
        return
    for it in dropped:
        _say(f"Given up: {story_of(it)}. What it has done stays; `aftercare plan` shows what is left.")
    if not dropped:
        _say("No apply is unfinished.")


def _print(applied: Applied, apart: Callable[[], Apart]) -> None:
    if applied.apply is None:
        _say(f"Nothing to apply: {all_as_they_are(apart())}.")
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
        print_json({"applies": [apply_data(it) for it in applies]})
        return
    if not applies:
        _say("Nothing was applied yet.")
    for it in applies:
        end = f"  given up by {it.given_up_by}" if it.given_up_by else "" if it.finished_at else "  not finished"
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
        f"{counts['appointments']:,} of {counts['in_flight']:,} appointments that an edit may touch; "
        f"{', '.join(said) or 'no message changed'}; {counts['unchanged']:,} stay as they are, "
        f"{counts['sent']:,} already sent"
    )


def _when(apply: Apply) -> str:
    return f"{apply.at:%Y-%m-%d %H:%M} UTC"


def _data(applied: Applied) -> dict[str, Any]:
    return {
        "apply": apply_data(applied.apply) if applied.apply else None,
        "resumed": applied.resumed,
        "refused": [{"appointment": visit, "reason": why} for visit, why in applied.refused.items()],
    }


def _say(text: str) -> None:
    console.print(Text(text), soft_wrap=True)
