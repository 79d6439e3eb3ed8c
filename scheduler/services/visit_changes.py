"""What staff do with a visit at the desk: first what would become of its messages, then the same for real."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.domain.appointment import CALLED_OFF, AppointmentCause, AppointmentStatus
from scheduler.domain.protocol import Channel
from scheduler.domain.states import REPLANNABLE, UNSENT
from scheduler.errors import ConflictError
from scheduler.services import appointments
from scheduler.services.desk import Desk
from scheduler.services.undoing import State, Undoable, keep, state_of
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.database import Tx
from scheduler.store.events import Event, events_of_visit
from scheduler.store.messages import Message, messages_of


class Action(StrEnum):
    """What is done with a visit."""

    MOVE = "move"
    """It takes place at another time; or it is on again, where it had been called off."""
    CANCEL = "cancel"
    """It does not take place."""
    COMPLETE = "complete"
    """It took place."""
    NO_SHOW = "no_show"
    """The patient did not come."""


STATUS_AFTER = {
    Action.MOVE: AppointmentStatus.BOOKED,
    Action.CANCEL: AppointmentStatus.CANCELLED,
    Action.COMPLETE: AppointmentStatus.COMPLETED,
    Action.NO_SHOW: AppointmentStatus.NO_SHOW,
}

_CHANGES = frozenset(
    {
        AppointmentCause.RESCHEDULED,
        AppointmentCause.BOOKED,
        AppointmentCause.COMPLETED,
        AppointmentCause.CANCELLED,
        AppointmentCause.NO_SHOW,
    }
)


@dataclass(frozen=True, slots=True)
class VisitChange:
    """An action; a move has a start (aware UTC), and an end where it is not to keep its length."""

    action: Action
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Fate(StrEnum):
    """What becomes of a message."""

    STAYS = "stays"
    MOVES = "moves"
    DROPPED = "dropped"
    NEW = "new"
    SENT = "sent"
    """It went out already, and stays as it is."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of one message; `from_at` and `to_at` are when it was due, and is then."""

    fate: Fate
    step: str
    channel: Channel
    from_at: datetime | None
    to_at: datetime | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A visit before and after a change, with what becomes of its messages."""

    before: StoredAppointment
    after: StoredAppointment
    consequences: tuple[Consequence, ...]

    def count(self, fate: Fate) -> int:
        """Return how many messages go that way."""
        return sum(it.fate is fate for it in self.consequences)


class VisitChangedError(ConflictError):
    """Somebody else has changed this visit meanwhile: look at it again."""

    code = "visit_changed"


class _OverError(Exception):
    """Ends a transaction that only looks, so that it is rolled back."""


def allowed(visit: StoredAppointment, now: datetime) -> tuple[Action, ...]:
    """Return what may be done with a visit as it stands."""
    if visit.status in CALLED_OFF:
        return (Action.MOVE,)
    over = visit.starts_at <= now
    done = visit.status is AppointmentStatus.COMPLETED
    wanted = {Action.COMPLETE: over and not done, Action.NO_SHOW: over, Action.MOVE: True, Action.CANCEL: True}
    return tuple(action for action, may in wanted.items() if may)


def foresee(desk: Desk, visit_id: int, change: VisitChange, *, by: str) -> Foreseen:
    """Return what a change would do now; nothing stays. Raises NotFoundError, ConflictError where it can't be."""
    found: list[Foreseen] = []
    with suppress(_OverError), desk.store.write() as tx:
        found.append(_change(tx, desk, visit_id, change, by))
        raise _OverError
    return found[0]


def is_done(visit: StoredAppointment, change: VisitChange) -> bool:
    """Whether a visit stands as a change would leave it."""
    return visit.status is STATUS_AFTER[change.action] and change.starts_at in (None, visit.starts_at)


def last_change(tx: Tx, visit_id: int) -> Event | None:
    """Return what was last done with a visit itself, None for nothing."""
    found = [it for it in events_of_visit(tx, visit_id) if it.cause in _CHANGES]
    return found[-1] if found else None


def carry_out(
    desk: Desk, visit_id: int, change: VisitChange, *, by: str, seen: State | None
) -> tuple[Foreseen, int | None]:
    """Change a visit; return what that did, and the id by which it is taken back, None where nothing changed.

    `seen` is how the visit stood when somebody decided. Raises NotFoundError, ConflictError, VisitChangedError.
    """
    with desk.store.write() as tx:
        stands = state_of(get_appointment(tx, visit_id))
        if seen is not None and stands != seen and not is_done(get_appointment(tx, visit_id), change):
            raise VisitChangedError
        done = _change(tx, desk, visit_id, change, by)
        undo = None
        if state_of(done.before) != state_of(done.after):
            undoable = [Undoable.of(done.after, done.before)]
            undo = keep(tx, desk, done.before.clinic, change.action.value, undoable, by=by)
    desk.wake()
    return done, undo


def _change(tx: Tx, desk: Desk, visit_id: int, change: VisitChange, by: str) -> Foreseen:
    now = desk.clock.now()
    visit = get_appointment(tx, visit_id)
    before = messages_of(tx, visit_id, for_update=True)
    match change.action:
        case Action.MOVE:
            assert change.starts_at is not None
            appointments.reschedule(
                tx,
                desk.configuration,
                visit,
                starts_at=change.starts_at,
                ends_at=change.ends_at,
                now=now,
                by=by,
            )
        case Action.COMPLETE:
            appointments.complete(tx, visit, now=now, by=by)
        case _:
            appointments.call_off(tx, visit_id, STATUS_AFTER[change.action], now=now, by=by)
    after = messages_of(tx, visit_id)
    return Foreseen(visit, get_appointment(tx, visit_id), tuple(_consequences(before, after)))


def _consequences(before: tuple[Message, ...], after: tuple[Message, ...]) -> Iterator[Consequence]:
    known = {it.id: it for it in before}
    for it in after:
        was = known.get(it.id)
        waited = was is not None and was.status in UNSENT
        from_at = was.due_at if was and waited else None
        to_at = it.due_at if it.status in UNSENT else None
        fate = _fate(was, it)
        if fate:
            yield Consequence(fate, it.step, it.channel, from_at, to_at)


def _fate(was: Message | None, it: Message) -> Fate | None:
    """Return what became of a message, None for one that neither waited nor waits and was never sent."""
    waited = was is not None and was.status in UNSENT
    if it.status not in REPLANNABLE:
        return Fate.SENT
    if it.status in UNSENT:
        if not waited:
            return Fate.NEW
        return Fate.STAYS if was is not None and was.due_at == it.due_at else Fate.MOVES
    return Fate.DROPPED if waited else None
