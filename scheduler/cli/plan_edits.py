"""How edits are told of, and what stands beside them: pins of before, withdrawn treatments, an unfinished apply."""

from collections.abc import Iterator, Sequence

from scheduler.protocols.edit_words import words_of
from scheduler.services.apart import Apart
from scheduler.services.approver import Approver
from scheduler.services.change_totals import Totals
from scheduler.services.edit_notes import notes_of
from scheduler.services.plan_told import Beside
from scheduler.services.planner import InFlightEdit
from scheduler.services.unfinished import GIVE_UP, story_of

_AS_THEY_ARE = "all that is in flight is planned by the protocols as they are"


def edit_lines(edits: Sequence[InFlightEdit], totals: Totals, approver: Approver) -> Iterator[str]:
    """Yield each edit with whom it touches, and what else is to be known of it."""
    for it in edits:
        what = "; ".join(words_of(it.edit))
        whom = f"for {', '.join(it.clinics)}; " if it.of_some else ""
        yield f"{it.edit.treatment}.{it.edit.step}: {what} ({whom}{_follow(it, totals)})"
        yield from (f"  {note}" for note in notes_of(it, approver))


def warnings(edits: Sequence[InFlightEdit], approver: Approver) -> Iterator[str]:
    """Yield what is to be known of edits that are about to be applied, a line each."""
    for it in edits:
        yield from (f"{it.edit.treatment}.{it.edit.step}: {note}" for note in notes_of(it, approver))


def beside_lines(beside: Beside) -> Iterator[str]:
    """Yield a line for each thing that stands beside the edits."""
    for it in beside.unfinished:
        yield f"{story_of(it)}. Go on with it by the same words, or give it up with `{GIVE_UP}`."
    for pin in beside.apart.pins:
        whose = f"{_appointments(pin.visits)} in flight"
        yield f"{pin.treatment}.{pin.step} was pinned before: kept as it was by {whose}."
    yield from (f"{it}." for it in beside.apart.withdrawn)


def all_as_they_are(apart: Apart) -> str:
    """Say in a clause that no edit is left, with what goes its own way all the same."""
    but = [f"{_appointments(it.visits)} whose {it.treatment}.{it.step} is pinned" for it in apart.pins]
    but += [f"{_appointments(it.visits)} of {it.treatment}, which has no file any more" for it in apart.withdrawn]
    return f"{_AS_THEY_ARE}, but for {', '.join(but)}" if but else _AS_THEY_ARE


def _follow(edit: InFlightEdit, totals: Totals) -> str:
    may = f"{_appointments(edit.visits)} that it may touch"
    if edit.pinned:
        return f"pinned: kept as it was by {may}"
    return f"follow: touches {totals.touched[edit.edit]:,} of {may}"


def _appointments(count: int) -> str:
    return f"{count:,} appointment{'' if count == 1 else 's'}"
