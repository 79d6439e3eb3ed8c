"""Carries out what a plan changes for visits, in the transaction that has found it. `applying` says for which."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Cause, Status
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.edit_words import words_of
from scheduler.services.changes import Change, ChangeKind, VisitChanges
from scheduler.services.exceptions import keep_exceptions
from scheduler.services.switching import Switch
from scheduler.services.unheard import tell_nobody_asks
from scheduler.store.database import Tx
from scheduler.store.follow import follow
from scheduler.store.moves import Move
from scheduler.store.plans import Plan, add_plans, brake_of
from scheduler.store.transitions import move_all
from scheduler.store.versions import remember

COUNTED = ("in_flight", "appointments", *(kind.value for kind in ChangeKind), "unchanged", "sent")
"""What is counted of an apply, as `aftercare plan` counts it."""


def is_being_sent(visit: VisitChanges, *, now: datetime) -> bool:
    """Whether an engine hands over a message of an edited step at this moment: in a minute it is known how it ended.

    One that is refused for now comes back as scheduled: it must not go out again by the old plan.
    """
    return any(
        it.status is Status.SENDING and it.lease_until is not None and it.lease_until > now
        for it in visit.visit.messages
    )


def carry_out(
    tx: Tx, configuration: Configuration, visits: Sequence[VisitChanges], *, now: datetime, by: str
) -> Counter[str]:
    """Write all that changes for visits that `Planner.of` has found and holds; count it. The caller commits."""
    if not visits:
        return Counter()
    files = {(it.appointment.clinic, it.appointment.treatment) for it in visits}
    remember(tx, [configuration.protocol_for(*file) for file in sorted(files)], now=now)
    write_changes(tx, visits, now=now, by=by)
    for switch, ids in _by_switch(visits):
        follow(
            tx,
            ids,
            protocol_digest=switch.after.digest,
            pins=switch.pins,
            reasons=_why(switch),
            now=now,
            by=by,
        )
    for visit in visits:
        keep_exceptions(tx, visit.appointment.id, visit.switch.renamed, now=now, by=by)
        answer = visit.visit.answer
        if visit.nobody_asks and answer:
            tell_nobody_asks(tx, configuration, answer.reply, visit.appointment.clinic, visit.nobody_asks, now=now)
    return _counted(visits)


def write_changes(tx: Tx, visits: Sequence[VisitChanges], *, now: datetime, by: str) -> None:
    """Write what becomes of messages, held by the caller, whose versions are kept. The caller commits."""
    add_plans(tx, [plan for visit in visits for plan in _new(visit)], now=now)
    moves = [move for visit in visits for move in _moves(visit, by)]
    moved = move_all(tx, moves, now=now)
    assert len(moved) == len(moves), "messages that are held stand where they stood"


def _new(visit: VisitChanges) -> Iterable[Plan]:
    for change in visit.changes:
        if change.message is None and change.planned is not None:
            yield Plan(visit.appointment, [change.planned], _version(visit, change))
    if told := [planned for message, planned in visit.told_before if message is None]:
        yield Plan(visit.appointment, told, visit.switch.after.digest)


def _moves(visit: VisitChanges, by: str) -> Iterable[Move]:
    for there, told in visit.told_before:
        if there is not None:
            why = told.reasons
            yield Move(there.id, there.status, Cause.REPLAN, told.status, by=by, reasons=why, planned=told)
    for change in visit.changes:
        message, planned = change.message, change.planned
        if message is None:
            continue
        if planned is None:
            yield Move(message.id, message.status, Cause.CANCEL, Status.CANCELLED, by=by, reasons=change.reasons)
            continue
        stays = change.kind is ChangeKind.CHANGED
        yield Move(
            message.id,
            message.status,
            Cause.REPLAN,
            planned.status,
            by=by,
            reasons=change.reasons,
            # What keeps its time waits on for what it waited for.
            try_at=message.try_at if stays else None,
            planned=planned,
            protocol_digest=_version(visit, change),
            brake=message.brake if stays and message.status is planned.status else brake_of(planned),
        )


def _version(visit: VisitChanges, change: Change) -> str:
    return visit.switch.pins.get(change.step, visit.switch.after.digest)


def _by_switch(visits: Sequence[VisitChanges]) -> Iterable[tuple[Switch, list[int]]]:
    groups: dict[int, tuple[Switch, list[int]]] = {}
    for visit in visits:
        groups.setdefault(id(visit.switch), (visit.switch, []))[1].append(visit.appointment.id)
    return groups.values()


def _why(switch: Switch) -> tuple[Reason, ...]:
    said = [
        f"{edit.step}: {', '.join(words_of(edit))}{'' if edit.step in switch.follows else ', pinned'}"
        for edit in switch.edits
    ]
    return (because("applied", what="; ".join(said)),)


def _counted(visits: Sequence[VisitChanges]) -> Counter[str]:
    counts: Counter[str] = Counter(in_flight=len(visits), appointments=sum(bool(it.changes) for it in visits))
    counts.update(change.kind.value for visit in visits for change in visit.changes)
    counts["unchanged"] += sum(it.unchanged for it in visits)
    counts["sent"] += sum(it.visit.sent for it in visits)
    return counts
