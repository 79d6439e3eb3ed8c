"""What the first page of the desk looks up: what goes out next, what came to nothing, what is kept back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Brake, Status
from scheduler.store.columns import Instant
from scheduler.store.database import Tx
from scheduler.store.tables import IS_SCHEDULED, appointments, messages, provider_events
from scheduler.store.tallies import IS_AMISS, Window, due_in, why

_IS_HELD = sa.text("status = 'held'")  # written out: so the databases know the partial indexes
_IS_UNKNOWN = sa.text("status = 'unknown'")
_IS_BRAKED = sa.text("brake IS NOT NULL")
_TO_COME = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING)
_ENDED = (Status.UNDELIVERED, Status.FAILED, Status.EXPIRED)


@dataclass(frozen=True, slots=True)
class Trouble:
    """So many messages of a clinic that stand there for one reason, of which the last came at `last_at`."""

    clinic: str
    status: Status
    reason: str
    detail: str
    messages: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Quarter:
    """So many messages of a clinic that go out in the quarter of an hour from `at` on (aware UTC).

    `quiet` of them were put off out of quiet hours.
    """

    clinic: str
    at: datetime
    messages: int
    quiet: int


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A message that goes out at `at`."""

    id: int
    clinic: str
    kind: MessageKind
    patient_id: int | None
    treatment: str | None
    step: str
    channel: Channel
    status: Status
    at: datetime


def troubles(tx: Tx, clinics: Sequence[str], *, since: datetime) -> tuple[Trouble, ...]:
    """Return what failed, did not arrive or expired since then, and whatever is held or unclear now; most first."""
    parts = (
        (IS_AMISS, messages.c.clinic.in_(clinics), messages.c.status.in_(_ENDED), messages.c.updated_at >= since),
        (_IS_HELD, messages.c.clinic.in_(clinics)),
        (_IS_UNKNOWN, messages.c.clinic.in_(clinics)),
    )
    reason, detail = why(tx.dialect)
    rows = sa.union_all(
        *(
            sa.select(messages.c.clinic, messages.c.status, reason, detail, messages.c.updated_at).where(*part)
            for part in parts
        )
    ).subquery("rows")
    kinds = (rows.c.clinic, rows.c.status, rows.c.reason, rows.c.detail)
    count = sa.func.count().label("messages")
    found = sa.select(*kinds, count, sa.func.max(rows.c.updated_at, type_=Instant)).group_by(*kinds)
    return tuple(Trouble(*row) for row in tx.connection.execute(found.order_by(count.desc(), *kinds)))


def quarters_ahead(tx: Tx, windows: Sequence[Window]) -> tuple[Quarter, ...]:
    """Count what goes out in the windows, one of each clinic, by quarters of an hour; not what is kept back.

    Hours and days of every zone begin with one: no offset is finer today (tz database).
    """
    quiet = sa.case((messages.c.reasons.contains('["quiet_hours"', autoescape=True), 1), else_=0)
    at = _quarter(tx.dialect).label("at")
    found = (
        sa.select(messages.c.clinic, at, sa.func.count(), sa.func.sum(quiet))
        .where(*_going(windows))
        .group_by(messages.c.clinic, at)
        .order_by(at, messages.c.clinic)
    )
    return tuple(Quarter(*row) for row in tx.connection.execute(found))


def _quarter(dialect: str) -> sa.ColumnElement[datetime]:
    if dialect != "sqlite":
        origin = sa.literal(datetime(2000, 1, 1, tzinfo=UTC), Instant)
        return sa.type_coerce(sa.func.date_bin(timedelta(minutes=15), messages.c.due_at, origin), Instant)
    minute = sa.func.substr(messages.c.due_at, 15, 2)
    begins = sa.case((minute < "15", "00"), (minute < "30", "15"), (minute < "45", "30"), else_="45")
    hour = sa.func.substr(messages.c.due_at, 1, 14)
    return sa.type_coerce(hour.op("||")(begins).op("||")(":00.000000Z"), Instant)


def due_minute(dialect: str) -> sa.ColumnElement[datetime]:
    """Return the minute in which a message is due."""
    if dialect == "sqlite":
        return sa.type_coerce(sa.func.substr(messages.c.due_at, 1, 16).op("||")(":00.000000Z"), Instant)
    return sa.type_coerce(sa.func.date_trunc("minute", messages.c.due_at), Instant)


def upcoming(tx: Tx, windows: Sequence[Window], *, limit: int) -> tuple[Upcoming, ...]:
    """Return what goes out first in the windows."""
    parts = [
        sa.select(messages.c.id, messages.c.due_at)
        .where(*_going([window]))
        .order_by(messages.c.due_at, messages.c.id)
        .limit(limit)
        .subquery()
        for window in windows
    ]
    if not parts:
        return ()
    first = sa.union_all(*(sa.select(part) for part in parts)).subquery("ids")
    first = sa.select(first).order_by(first.c.due_at, first.c.id).limit(limit).subquery("first")
    found = (
        sa.select(
            messages.c.id,
            messages.c.clinic,
            messages.c.kind,
            messages.c.patient_id,
            appointments.c.treatment,
            messages.c.step,
            messages.c.channel,
            messages.c.status,
            messages.c.due_at,
        )
        .select_from(first.join(messages, messages.c.id == first.c.id))
        .outerjoin(appointments, appointments.c.id == messages.c.appointment_id)
        .order_by(messages.c.due_at, messages.c.id)
    )
    return tuple(Upcoming(*row) for row in tx.connection.execute(found))


def _going(windows: Sequence[Window]) -> tuple[sa.ColumnElement[bool], ...]:
    return due_in(windows), messages.c.status.in_(_TO_COME), messages.c.brake.is_(None)


def kept_back(tx: Tx, clinics: Sequence[str]) -> tuple[tuple[str, Brake, int], ...]:
    """Count what is due and waits for something to end, by clinic and by what it waits for."""
    kinds = (messages.c.clinic, messages.c.brake)
    found = sa.select(*kinds, sa.func.count()).where(IS_SCHEDULED, _IS_BRAKED, messages.c.clinic.in_(clinics))
    rows = tx.connection.execute(found.group_by(*kinds).order_by(*kinds))
    return tuple((clinic, Brake(brake), count) for clinic, brake, count in rows)


def last_call(tx: Tx, provider: str) -> datetime | None:
    """Return when a provider called last and was taken in."""
    found = sa.select(provider_events.c.received_at).where(provider_events.c.provider == provider)
    return tx.connection.execute(found.order_by(provider_events.c.id.desc()).limit(1)).scalar_one_or_none()


def is_new(tx: Tx) -> bool:
    """Whether no message was ever planned here."""
    return tx.connection.execute(sa.select(messages.c.id).limit(1)).first() is None
