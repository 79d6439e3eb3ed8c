"""Takes back what somebody has just done at the desk, while nothing went out because of it.

History is only added to: a registration that is taken back is a visit cancelled for the reason "undone". What was
moved, called off or completed becomes what it was.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.reasons import because
from scheduler.errors import NotFoundError
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.desk import Desk
from scheduler.store.appointments import (
    StoredAppointment,
    get_appointment,
    note_decision,
    note_said,
    set_appointment_status,
    set_external_id,
)
from scheduler.store.database import Tx
from scheduler.store.handed_over import handed_over_since
from scheduler.store.undos import StoredUndo, finish_undo, get_undo, keep_undo, open_undos

OFFERED_FOR = timedelta(minutes=15)
"""Who notices a slip later moves or cancels."""
_BATCH = 100

State = tuple[str, str, str | None]
"""A visit's status, start and end."""
Ages = tuple[str | None, str | None]
"""When its source last changed what was taken of it, and when staff last decided of it."""


@dataclass(frozen=True, slots=True)
class Undoable:
    """What was done to a visit: how it stood before (None: it is new) and after."""

    visit: int
    before: State | None
    after: State
    ages: Ages = (None, None)
    """How old the visit was before."""
    said_at: str | None = None
    """When its source last changed what was taken of it by then."""

    @classmethod
    def of(cls, after: StoredAppointment, before: StoredAppointment | None) -> "Undoable":
        """Return what turned one into the other."""
        since = _text(after.said_at)
        if before is None:
            return cls(after.id, None, state_of(after), said_at=since)
        ages = _text(before.said_at), _text(before.decided_at)
        return cls(after.id, state_of(before), state_of(after), ages, since)


class Fault(StrEnum):
    """Why something is not taken back."""

    SENT = "sent"
    """A message went out since."""
    CHANGED = "changed"
    """Somebody has changed it since, or its source said anew that it is so."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Something that can be taken back; `faults` says of which visits not, and why."""

    id: int
    clinic: str
    what: str
    at: datetime
    is_done: bool
    visits: tuple[int, ...]
    faults: dict[int, Fault]


def keep(
    tx: Tx,
    desk: Desk,
    clinic: str,
    what: str,
    done: Iterable[Undoable],
    *,
    by: str,
    began_at: datetime | None = None,
) -> int | None:
    """Note how something is taken back, and return the id of that; None for nothing. The caller commits.

    `began_at` (aware UTC) is for what was done in several transactions: when the first of them began. What went out
    since then is not taken back.
    """
    each = [(it.visit, it.before, it.after, it.ages, it.said_at) for it in done]
    if not each:
        return None
    now = desk.clock.now()
    text = json.dumps({"what": what, "visits": each}, separators=(",", ":"))
    return keep_undo(tx, clinic=clinic, by=by, what=text, now=now, until=now + OFFERED_FOR, at=began_at or now)


def look_at(desk: Desk, undo_id: int, *, by: str) -> Undo:
    """Return what would be taken back now. Raises NotFoundError where it is over, or somebody else's."""
    with desk.store.read() as tx:
        stored = _mine(tx, desk, undo_id, by)
        what, each = _read(stored)
        return _undo(stored, what, each, _faults(tx, stored, each))


def undo_of(tx: Tx, visit: StoredAppointment, *, by: str, now: datetime) -> int | None:
    """Return how whom `by` names takes back what was done to that visit last; None where that can't be any more.

    What was done to many visits at once is not meant: the page of their file offers that.
    """
    for stored in open_undos(tx, visit.clinic, by, now=now):
        _, each = _read(stored)
        if [it.visit for it in each] == [visit.id]:
            return None if _faults(tx, stored, each) else stored.id
    return None


def is_open(desk: Desk, undo_id: int, *, by: str) -> bool:
    """Whether whom `by` names may take that back still."""
    with desk.store.read() as tx:
        try:
            return _mine(tx, desk, undo_id, by).done_at is None
        except NotFoundError:
            return False


def take_back(desk: Desk, undo_id: int, *, by: str) -> Undo:
    """Take back what still can be, and say of what not; a second time changes nothing. Raises NotFoundError.

    Some visits a transaction, so that nobody waits long to write; what a crash leaves can be taken back again.
    """
    with desk.store.read() as tx:
        stored = _mine(tx, desk, undo_id, by)
    what, each = _read(stored)
    if stored.done_at:
        return _undo(stored, what, each, {})
    faults: dict[int, Fault] = {}
    for start in range(0, len(each), _BATCH):
        some = each[start : start + _BATCH]
        with desk.store.write() as tx:
            wrong = _faults(tx, stored, some)
            for it in some:
                if it.visit not in wrong:
                    _restore(tx, desk, it, by)
            if start + _BATCH >= len(each):
                finish_undo(tx, undo_id, now=desk.clock.now())
        faults |= wrong
    desk.wake()
    return _undo(stored, what, each, faults)


def state_of(visit: StoredAppointment) -> State:
    """Return how a visit stands."""
    return visit.status.value, visit.starts_at.isoformat(), visit.ends_at.isoformat() if visit.ends_at else None


def _mine(tx: Tx, desk: Desk, undo_id: int, by: str) -> StoredUndo:
    stored = get_undo(tx, undo_id, now=desk.clock.now())
    if stored.by != by:
        raise NotFoundError(f"there is nothing {undo_id} to undo any more")
    return stored


def _read(stored: StoredUndo) -> tuple[str, Sequence[Undoable]]:
    found: dict[str, Any] = json.loads(stored.what)
    return found["what"], [_undoable(*kept) for kept in found["visits"]]


def _undoable(
    visit: int,
    before: list[Any] | None,
    after: list[Any],
    ages: Ages = (None, None),
    said_at: str | None = None,
) -> Undoable:
    """Read what was kept; an older version has kept no ages."""
    return Undoable(visit, tuple(before) if before else None, tuple(after), (ages[0], ages[1]), said_at)


def _undo(stored: StoredUndo, what: str, each: Sequence[Undoable], faults: dict[int, Fault]) -> Undo:
    visits = tuple(it.visit for it in each)
    return Undo(stored.id, stored.clinic, what, stored.at, stored.done_at is not None, visits, faults)


def _faults(tx: Tx, stored: StoredUndo, each: Sequence[Undoable]) -> dict[int, Fault]:
    visits = {it.visit: get_appointment(tx, it.visit) for it in each}  # in the order of the ids: see `hold_patients`
    sent = handed_over_since(tx, visits, stored.at)
    changed = {it.visit for it in each if _is_changed(visits[it.visit], it)}
    return {it: Fault.SENT if it in sent else Fault.CHANGED for it in visits if it in sent or it in changed}


def _is_changed(now: StoredAppointment, done: Undoable) -> bool:
    """Whether a visit is not as it was left. A source that says the same will not say it again."""
    known = datetime.fromisoformat(done.said_at) if done.said_at else None
    return state_of(now) != done.after or (now.said_at is not None and (known is None or known < now.said_at))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _restore(tx: Tx, desk: Desk, done: Undoable, by: str) -> None:
    visit, now = get_appointment(tx, done.visit), desk.clock.now()
    if done.before is None:
        # Its id of the booking system is free again: the right visit may be registered under it.
        call_off(
            tx, visit.id, AppointmentStatus.CANCELLED, now=now, by=by, reasons=[because("undone")], decided=False
        )
        _restore_ages(tx, visit, (None, None))
        if visit.external_id:
            set_external_id(tx, visit.id, None, now=now)
        return
    status, starts_at, ends_at = done.before
    if done.after != done.before and AppointmentStatus(done.after[0]) is not AppointmentStatus.COMPLETED:
        reschedule(
            tx,
            desk.configuration,
            visit,
            starts_at=datetime.fromisoformat(starts_at),
            ends_at=datetime.fromisoformat(ends_at) if ends_at else None,
            now=now,
            by=by,
            decided=False,
        )
    if status in (AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW):
        call_off(tx, visit.id, AppointmentStatus(status), now=now, by=by, decided=False)
    else:
        set_appointment_status(tx, visit.id, AppointmentStatus(status), now=now, by=by)
    _restore_ages(tx, visit, done.ages)


def _restore_ages(tx: Tx, visit: StoredAppointment, ages: Ages) -> None:
    """Let a visit be as old as it was: what was taken back may be said again, and no decision was made."""
    said_at, decided_at = (datetime.fromisoformat(it) if it else None for it in ages)
    if (visit.said_at, visit.decided_at) != (said_at, decided_at):
        note_said(tx, visit.id, said_at)
        note_decision(tx, visit.id, decided_at)
