"""Visits as lists show them: a page at a time in the order of their starts, with the patients' names.

The index `ix_appointments_listed` has all that is filtered by, so that a page costs what it shows.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, load_reasons
from scheduler.domain.states import IN_HAND, UNSENT, Status
from scheduler.errors import KeysError
from scheduler.store.appointments import StoredAppointment, read_appointment
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.scopes import within
from scheduler.store.tables import IS_TROUBLE, appointments, messages, patients

_IS_TROUBLE = sa.text(IS_TROUBLE.text.replace("status", "messages.status"))
TROUBLE = frozenset({Status.HELD, Status.FAILED, Status.UNDELIVERED, Status.UNKNOWN})
"""What somebody should look at; `tables.IS_TROUBLE` is the same in SQL."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the start (aware UTC) and the id of its last visit, or of its first."""

    starts_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """Which visits are meant; what is None does not narrow. `since` counts, `until` does not (aware UTC).

    `troubled`: only those of which a message waits for a person, failed or is in doubt, and those in `also`, by id.
    `patients` and `visits`: only those of these patients or with these ids.
    """

    scope: Scope
    treatment: str | None = None
    status: AppointmentStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    troubled: bool = False
    also: Collection[int] = ()
    patients: Collection[int] | None = None
    visits: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class ListedVisit:
    """A visit of a list; `name` is the patient's, None where no key at hand opens it."""

    visit: StoredAppointment
    name: str | None = field(repr=False)

    @property
    def place(self) -> Place:
        """Where a page goes on that ends with it."""
        return Place(self.visit.starts_at, self.visit.id)


def list_visits(
    tx: Tx,
    wanted: VisitFilter,
    *,
    after: Place | None = None,
    before: Place | None = None,
    latest_first: bool = False,
    limit: int,
) -> tuple[ListedVisit, ...]:
    """Return at most `limit` visits in the order of their starts, or the other way round.

    Those that follow `after` in that order, or those next before `before`; from the beginning where both are None.
    """
    place, back = (before, True) if before else (after, False)
    falling = latest_first is not back
    meant = _meant(tx, wanted)
    if place:
        here, there = sa.tuple_(appointments.c.starts_at, appointments.c.id), sa.tuple_(
            sa.bindparam(None, place.starts_at, type_=appointments.c.starts_at.type), sa.bindparam(None, place.id)
        )  # fmt: skip
        meant.append(here < there if falling else here > there)
    order = (appointments.c.starts_at, appointments.c.id)
    found = (
        sa.select(appointments, patients.c.name_sealed)
        .join(patients, patients.c.id == appointments.c.patient_id)
        .where(*meant)
        .order_by(*(it.desc() if falling else it for it in order))
        .limit(limit)
    )
    rows = [ListedVisit(read_appointment(row), _name(tx, row)) for row in tx.connection.execute(found)]
    return tuple(reversed(rows) if back else rows)


@dataclass(frozen=True, slots=True)
class Line:
    """A message, as far as a list speaks of it."""

    id: int
    step: str
    channel: Channel
    status: Status
    due_at: datetime
    reasons: tuple[Reason, ...]


@dataclass(slots=True)
class Outlook:
    """How the messages of a visit stand: what is wrong, the latest first; what comes next; how many went out."""

    wrong: list[Line] = field(default_factory=list)
    next: Line | None = None
    handed_over: int = 0
    waiting: int = 0


def outlooks(tx: Tx, visits: Collection[int]) -> dict[int, Outlook]:
    """Return how the messages of these visits stand, in one query; also of those that have none."""
    told = {number: Outlook() for number in visits}
    names = ("id", "step", "channel", "status", "due_at", "reasons")
    found = sa.select(messages.c.appointment_id, *(messages.c[name] for name in names)).where(
        among(tx, messages.c.appointment_id, visits)
    )
    for visit, number, step, channel, status, due_at, reasons in tx.connection.execute(
        found.order_by(messages.c.due_at, messages.c.id)
    ):
        _count(told[visit], Line(number, step, channel, status, due_at, load_reasons(reasons)))
    return told


def _count(outlook: Outlook, line: Line) -> None:
    if line.status in TROUBLE:
        outlook.wrong.insert(0, line)
    if line.status in IN_HAND:
        outlook.handed_over += 1
    if line.status in UNSENT:
        outlook.waiting += 1
        if outlook.next is None and line.status is not Status.HELD:
            outlook.next = line


def _meant(tx: Tx, wanted: VisitFilter) -> list[sa.ColumnElement[bool]]:
    visit = appointments.c
    meant = [] if wanted.scope.clinics is None else [within(visit.clinic, wanted.scope)]
    if wanted.treatment is not None:
        meant.append(visit.treatment == wanted.treatment)
    if wanted.status is not None:
        meant.append(visit.status == wanted.status)
    if wanted.since is not None:
        meant.append(visit.starts_at >= wanted.since)
    if wanted.until is not None:
        meant.append(visit.starts_at < wanted.until)
    if wanted.troubled:
        meant.append(sa.or_(_is_troubled(), among(tx, visit.id, wanted.also)))
    if wanted.patients is not None:
        each = among(tx, visit.patient_id, wanted.patients), among(tx, visit.id, wanted.visits)
        meant.append(visit.id.in_(_ids(*each)))
    return meant


def _ids(*each: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select ids by one index after the other: an OR over both would read all."""
    inner = sa.union(*(sa.select(appointments.c.id).where(it) for it in each)).subquery()
    return sa.select(inner.c.id)


def _is_troubled() -> sa.Exists:
    return sa.exists().where(messages.c.appointment_id == appointments.c.id, _IS_TROUBLE)


def _name(tx: Tx, row: sa.Row[Any]) -> str | None:
    try:
        return tx.vault.open(row.name_sealed, of="patients.name")
    except KeysError:
        return None
