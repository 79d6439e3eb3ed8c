"""What an edit takes away from a patient with a concern: where nothing asks again in its place, a person has to."""

from collections.abc import Iterable
from dataclasses import replace

from scheduler.domain.followup import reply_of
from scheduler.domain.reasons import because
from scheduler.services.changes import Change, ChangeKind, VisitChanges


def mark_unasked(visit: VisitChanges) -> VisitChanges:
    """Return the changes with what they leave to a person: the follow-ups that they drop say so.

    Only where the concern is the latest answer, no person was told of it, and nothing else asks, or is going to.
    """
    answer = visit.visit.answer
    if answer is None or not answer.is_untold_concern:
        return visit
    dropped = [it for it in visit.changes if it.kind is ChangeKind.DROPPED and _asked_again(it)]
    silenced = {it.message.id for it in visit.changes if it.message and not _asks(it)}
    if not dropped or answer.waiting - silenced or _any_asks(visit.changes):
        return visit
    why = because("nobody_asks")
    marked = tuple(replace(it, reasons=(*it.reasons, why)) if it in dropped else it for it in visit.changes)
    return replace(visit, changes=marked, nobody_asks=dropped[0].step)


def _asked_again(change: Change) -> bool:
    message = change.message
    return message is not None and message.ask is not None and reply_of(message.reasons) is not None


def _any_asks(changes: Iterable[Change]) -> bool:
    return any(map(_asks, changes))


def _asks(change: Change) -> bool:
    """Whether it is going to ask because of a reply."""
    return change.planned is not None and change.planned.ask is not None and reply_of(change.reasons) is not None
