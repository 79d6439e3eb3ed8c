"""`aftercare plan`: what an edit of the protocols changes for each appointment in flight. Writes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli.output import Json, progress_bar, say_warning
from scheduler.cli.plan_print import JsonPlan, TextPlan
from scheduler.cli.wiring import open_product
from scheduler.services.change_totals import Totals
from scheduler.services.changes import VisitChanges
from scheduler.services.pinning import NoSuchStepError, refuse_needless_pins, refuse_unknown
from scheduler.services.plan_file import writing_plan
from scheduler.services.plan_told import Beside
from scheduler.services.planner import Planner
from scheduler.services.switching import Pinned
from scheduler.store.applies import unfinished_applies
from scheduler.store.database import Tx

Clinic = Annotated[str, typer.Option(help="Only this clinic's appointments.")]
Treatment = Annotated[str, typer.Option(help="Only appointments for this treatment.")]
Pin = Annotated[
    list[str] | None,
    typer.Option(
        help="An edit that those in flight do not follow: they keep the step as it was. May be repeated.",
        metavar="TREATMENT.STEP",
    ),
]
Out = Annotated[Path | None, typer.Option(help="Also write the plan to this file, for `aftercare apply`.")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(plan)


def plan(
    *,
    clinic: Clinic = "",
    treatment: Treatment = "",
    pin: Pin = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Show what an edit of the protocols changes for appointments in flight, before anything moves.

    What was sent stays as it is, and so does what an edit does not touch. Edited texts change no time: they take
    effect at the send.
    """
    pinned = read_pins(pin or ())
    with open_product(create=False) as product, product.store.read() as tx:
        refuse_unknown(tx, product.configuration, clinic or None, treatment or None)
        planner = Planner(product.configuration, pinned, clinic or None, treatment or None)
        totals = Totals(product.configuration, product.texts)
        printer = (JsonPlan if as_json else TextPlan)(product.configuration)
        now = product.clock.now()
        beside = Beside(product.approver, planner.apart(tx, now=now), unfinished_applies(tx))
        _plan(tx, planner, totals, printer, beside, out=out, now=now)
    if totals.unreadable:
        say_warning(f"not counted, since it can't be rendered: {', '.join(sorted(totals.unreadable))}")


def _plan(
    tx: Tx,
    planner: Planner,
    totals: Totals,
    printer: JsonPlan | TextPlan,
    beside: Beside,
    *,
    out: Path | None,
    now: datetime,
) -> None:
    """Plan all visits in flight, one after the other, and print them as they come."""
    edits = planner.edits(tx, now=now)
    with no_such_step_is_wrong_usage():
        refuse_needless_pins(tx, planner, edits, beside.apart, now=now)
    with ExitStack() as opened:
        opened.enter_context(printer)
        file = opened.enter_context(writing_plan(out, tx, planner, now=now)) if out else None
        for visit in _visits(planner, tx, now):
            totals.add(visit)
            printer.add(visit)
            if file:
                file.add(visit)
        printer.end(edits, totals, beside)


def read_pins(given: Sequence[str]) -> Pinned:
    """Read TREATMENT.STEP, several times. Raises a wrong usage."""
    pairs = [tuple(text.split(".")) for text in given]
    if wrong := [text for text, pair in zip(given, pairs, strict=True) if len(pair) != 2 or not all(pair)]:  # noqa: PLR2004  (a treatment and a step)
        raise typer.BadParameter(f"{wrong[0]} is no TREATMENT.STEP, such as microneedling.redness_check")
    return frozenset((treatment, step) for treatment, step in pairs)


@contextmanager
def no_such_step_is_wrong_usage() -> Iterator[None]:
    """Turn a pin of a step that is nowhere into a wrong usage."""
    try:
        yield
    except NoSuchStepError as error:
        raise typer.BadParameter(f"--pin {error}") from None


def _visits(planner: Planner, tx: Tx, now: datetime) -> Iterator[VisitChanges]:
    total = sum(group.count for group in planner.groups(tx, now=now))
    with progress_bar("Planning", shown=True) as progress:
        done = 0
        for page in planner.pages(tx, now=now):
            yield from page.visits
            done += len(page.visits)
            progress(done, total)
