"""Lists messages for people who look back: the latest first, narrowed, a page at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.batches import among
from scheduler.store.columns import Instant
from scheduler.store.database import Tx
from scheduler.store.tables import appointments, attempts, messages, patients
from scheduler.store.tallies import CLINIC_OF_DAY, IS_AMISS, TROUBLES, Window, why

log = get_logger(__name__)

LOOKED_THROUGH = 4_000
"""So many messages are looked at for one page, of all clinics together."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages are meant: all that were due in the windows, narrowed by what is given."""

    statuses: tuple[Status, ...] = ()
    channel: Channel | None = None
    step: str | None = None
    treatment: str | None = None
    reason: str | None = None

    @property
    def is_amiss(self) -> bool:
        """Whether only what did not go well is meant: an index of its own has that."""
        return bool(self.reason or (self.statuses and set(self.statuses) <= set(TROUBLES)))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the message of that due instant and id."""

    due_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a list shows it; `handed_at` is when it was last handed over. Nothing of what it says.

    `reason` and `detail` are those of `store.tallies.why`. Instants are aware UTC.
    """

    id: int
    clinic: str
    kind: MessageKind
    patient_id: int | None
    appointment_id: int | None
    external_id: str | None
    treatment: str | None
    step: str
    occurrence: int
    channel: Channel
    status: Status
    reason: str
    detail: str
    segments: int | None
    due_at: datetime
    handed_at: datetime | None
    updated_at: datetime

    @property
    def place(self) -> Place:
        """Where the page after it begins."""
        return Place(self.due_at, self.id)


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of a list, and where it goes on: None at its end. It may go on where nothing was found so far."""

    rows: tuple[Delivery, ...]
    after: Place | None


_FIELDS = tuple(it.name for it in fields(Delivery))


def deliveries(tx: Tx, windows: Sequence[Window], wanted: Wanted, *, limit: int, after: Place | None = None) -> Page:
    """Return messages of the windows, one for each clinic, the latest due first.

    It looks through `LOOKED_THROUGH` messages at most: what is rare is found on a later page, and none takes long.
    """
    if not windows:
        return Page((), None)
    end = _end_of_look(tx, windows, after)
    clinic = messages.c.clinic if wanted.is_amiss else CLINIC_OF_DAY
    parts = [_of_clinic(tx, wanted, _from(clinic, window, after, end)).limit(limit + 1) for window in windows]
    ids = sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery("ids")
    first = sa.select(ids).order_by(ids.c.due_at.desc(), ids.c.id.desc()).limit(limit + 1).subquery("first")
    found = _with_all(tx, first)
    rows = tuple(Delivery(**dict(zip(_FIELDS, row, strict=True))) for row in tx.connection.execute(found))
    return Page(rows[:limit], rows[limit - 1].place if len(rows) > limit else end)


def _with_all(tx: Tx, first: sa.Subquery) -> sa.Select[Any]:
    reason, detail = why(tx.dialect)
    return (
        sa.select(
            messages.c.id,
            messages.c.clinic,
            messages.c.kind,
            messages.c.patient_id,
            messages.c.appointment_id,
            appointments.c.external_id,
            appointments.c.treatment,
            messages.c.step,
            messages.c.occurrence,
            messages.c.channel,
            messages.c.status,
            reason,
            detail,
            messages.c.segments,
            messages.c.due_at,
            attempts.c.started_at,
            messages.c.updated_at,
        )
        .select_from(first.join(messages, messages.c.id == first.c.id))
        .outerjoin(appointments, appointments.c.id == messages.c.appointment_id)
        .outerjoin(attempts, attempts.c.token == messages.c.attempt)
        .order_by(messages.c.due_at.desc(), messages.c.id.desc())
    )


def _end_of_look(tx: Tx, windows: Sequence[Window], after: Place | None) -> Place | None:
    """Return the last message that is looked at, of the clinic whose look ends first; None where all are."""
    due, parts = messages.c.due_at, []
    each = max(1, LOOKED_THROUGH // len(windows))
    for window in windows:
        found = sa.select(due, messages.c.id).where(*_from(CLINIC_OF_DAY, window, after))
        found = found.order_by(due.desc(), messages.c.id.desc()).offset(each - 1).limit(1)
        parts.append(sa.select(found.subquery()))
    ends = [Place(*row) for row in tx.connection.execute(sa.union_all(*parts))]
    return max(ends, key=lambda it: (it.due_at, it.id), default=None)


def _from(
    clinic: sa.ColumnElement[str], window: Window, after: Place | None, end: Place | None = None
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that a message lies in the window, after one place and up to another."""
    due = messages.c.due_at
    # One bound on each side: of two SQLite takes the first into the index, and reads all up to the second.
    first = max(window.start, end.due_at) if end else window.start
    conditions = [clinic == window.clinic, due >= sa.literal(first, Instant)]
    conditions.append(due <= after.due_at if after and after.due_at < window.end else due < window.end)
    if after:  # and of the same instant as a place what is on its side
        at = sa.literal(after.due_at, Instant)
        conditions.append(sa.or_(due < at, messages.c.id < after.id))
    if end:
        at = sa.literal(end.due_at, Instant)
        conditions.append(sa.or_(due > at, messages.c.id >= end.id))
    return conditions


def _of_clinic(tx: Tx, wanted: Wanted, where: Sequence[sa.ColumnElement[bool]]) -> sa.Select[tuple[int, datetime]]:
    """Select the first ids of one clinic, by the index of clinic and due instant."""
    due = messages.c.due_at
    found = sa.select(messages.c.id, due).where(*where)
    if wanted.statuses:
        found = found.where(messages.c.status.in_(wanted.statuses))
    if wanted.reason:
        found = found.where(why(tx.dialect)[0] == wanted.reason)
    if wanted.is_amiss:
        found = found.where(IS_AMISS)
    if wanted.channel:
        found = found.where(messages.c.channel == wanted.channel)
    if wanted.step:
        found = found.where(messages.c.step == wanted.step)
    if wanted.treatment:
        found = found.join(appointments, appointments.c.id == messages.c.appointment_id)
        found = found.where(appointments.c.treatment == wanted.treatment)
    return found.order_by(due.desc(), messages.c.id.desc())


def names_of(tx: Tx, patient_ids: Iterable[int]) -> Mapping[int, str]:
    """Return the names of patients, of those that can be opened."""
    found: dict[int, str] = {}
    rows = sa.select(patients.c.id, patients.c.name_sealed).where(among(tx, patients.c.id, set(patient_ids)))
    for patient_id, name in tx.connection.execute(rows):
        try:
            found[patient_id] = tx.vault.open(name, of="patients.name")
        except KeysError as error:
            log.warning("patient.unreadable", patient=patient_id, reason=str(error))
    return found
