"""Registers a visit at the desk: looked at first, by the very way on which it is saved, and taken back after that."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from scheduler.domain.appointment import CALLED_OFF
from scheduler.errors import ConflictError
from scheduler.services.desk import Desk
from scheduler.services.intake import Registration
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.services.timeline import Timeline, timeline
from scheduler.services.undoing import Undoable, keep
from scheduler.store.alike import Alike, find_alike
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.database import Tx

SOON = 600
"""Seconds: what is due so soon is so because of now, and moves on with it."""

Shown = tuple[tuple[str, str, str, int], ...]
"""A plan as somebody saw it: step, channel, status and due second of each message."""


@dataclass(frozen=True, slots=True)
class Registering:
    """What a registration does, or did.

    `before` is the visit as it stood, None for a new one; `patient` the id of a patient who was known already;
    `alike` are others of whom something is the same. `undo` is the id by which it can be taken back.
    """

    result: Result
    appointment: int
    reason: str
    timeline: Timeline
    before: StoredAppointment | None
    patient: int | None
    alike: tuple[Alike, ...] = field(repr=False)
    undo: int | None = None

    @property
    def is_same(self) -> bool:
        """Whether the very same visit is there already, as it is."""
        return self.before is not None and self.result is Result.UNCHANGED

    @property
    def is_again(self) -> bool:
        """Whether a visit that was called off is booked again."""
        return self.before is not None and self.before.status in CALLED_OFF and self.result is Result.RESCHEDULED

    @property
    def shown(self) -> Shown:
        """The plan, to be compared with what is found when it is saved."""
        return tuple(_shown(self.timeline))


class _OverError(Exception):
    """Ends a transaction that only looks, so that it is rolled back."""


class PlanChangedError(Exception):
    """What would be saved is not what was shown; `now` is what it would be."""

    def __init__(self, now: Registering) -> None:
        super().__init__()
        self.now = now


def look(desk: Desk, registration: Registration, *, by: str) -> Registering:
    """Return what saving it would do now; nothing stays. Blocks others who write for some milliseconds.

    Raises ConflictError for what can't be registered.
    """
    found: list[Registering] = []
    with suppress(_OverError), desk.store.write() as tx:
        found.append(_enter(tx, desk, registration, by))
        raise _OverError
    return found[0]


def save(desk: Desk, registration: Registration, *, by: str, shown: Shown | None) -> Registering:
    """Register it and return what that did, with what takes it back. The same again changes nothing.

    Raises PlanChangedError, with nothing saved, where the plan is another than was shown; ConflictError.
    """
    with desk.store.write() as tx:
        done = _enter(tx, desk, registration, by)
        if shown is not None and not is_as_shown(done.shown, shown) and not done.is_same:
            raise PlanChangedError(done)
        undo = _undo(tx, desk, done, by)
    desk.wake()
    return Registering(
        done.result, done.appointment, done.reason, done.timeline, done.before, done.patient, done.alike, undo
    )


def is_as_shown(now: Shown, shown: Shown) -> bool:
    """Whether two plans are the same, but for what is due at once and moves on with the clock."""
    if [it[:3] for it in now] != [it[:3] for it in shown]:
        return False
    return all(abs(one[3] - other[3]) <= SOON for one, other in zip(now, shown, strict=True))


def _enter(tx: Tx, desk: Desk, registration: Registration, by: str) -> Registering:
    registrar = Registrar(desk.configuration, desk.clock, by=by, follow=True, decides=True)
    book = registrar.open(tx, registration.clinic, [registration])
    person, before = book.find_person(registration), registrar.find(book, registration)
    traits, known = book.traits(registration), person.patient.id if person else None
    alike = find_alike(tx, registration.clinic, traits, but=known)
    done = registrar.enter(book, registration)
    book.write()
    visit = demand_appointment(done)
    told = timeline(tx, desk.configuration, visit, now=book.now, approver=desk.approver)
    return Registering(done.result, visit, done.reason, told, before, known, alike)


def demand_appointment(done: Registered) -> int:
    """Return the appointment that a registration came to.

    Raises ConflictError where it has none, since the booking system called that booking off later.
    """
    if done.appointment is None:
        raise ConflictError(done.reason, code="gone_since")
    return done.appointment


def _undo(tx: Tx, desk: Desk, done: Registering, by: str) -> int | None:
    if done.result not in (Result.REGISTERED, Result.RESCHEDULED):
        return None
    after = get_appointment(tx, done.appointment)
    what = "registered" if done.before is None else "moved"
    return keep(tx, desk, after.clinic, what, [Undoable.of(after, done.before)], by=by)


def _shown(told: Timeline) -> Iterator[tuple[str, str, str, int]]:
    for it in sorted(told.messages, key=lambda it: (it.step, it.channel.value, it.occurrence)):
        yield it.step, it.channel.value, it.status.value, int(it.due_at.timestamp())
