"""What waits for a person: listed, counted, and taken in portions to be released or dropped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.protocol import Channel
from scheduler.domain.states import Brake, Status
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.messages import Message, read_message
from scheduler.store.tables import IS_LEASED, IS_SCHEDULED, messages

_IS_HELD = sa.text("status = 'held'")  # written out: so the databases know the partial index


@dataclass(frozen=True, slots=True)
class Choice:
    """Which held messages are meant: all, narrowed by what is given. `doubts`: those held in doubt too."""

    clinic: str | None = None
    brake: Brake | None = None
    appointment: int | None = None
    ids: tuple[int, ...] = ()
    doubts: bool = True


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Held messages of one clinic, step, channel and brake. The first and last are by due instant, aware UTC."""

    clinic: str
    step: str
    channel: Channel
    brake: Brake | None
    count: int
    first_due_at: datetime
    last_due_at: datetime
    useful_until: datetime


def held_groups(tx: Tx, choice: Choice) -> tuple[HeldGroup, ...]:
    """Return what is held, grouped; `useful_until` is when the first of a group stops being useful."""
    by = messages.c.clinic, messages.c.step, messages.c.channel, messages.c.brake
    due, until = messages.c.due_at, messages.c.useful_until
    found = (
        sa.select(*by, sa.func.count(), sa.func.min(due), sa.func.max(due), sa.func.min(until))
        .where(*_chosen(tx, choice))
        .group_by(*by)
        .order_by(*by)
    )
    return tuple(
        HeldGroup(clinic, step, channel, _brake(brake), count, first, last, useful_until)
        for clinic, step, channel, brake, count, first, last, useful_until in tx.connection.execute(found)
    )


def held_messages(tx: Tx, choice: Choice, *, limit: int | None = None, above: int = 0) -> tuple[Message, ...]:
    """Return held messages by id, from the first with an id greater than `above`; `limit` bounds a portion.

    In a writing transaction nobody else moves them before the commit.
    """
    found = sa.select(messages).where(*_chosen(tx, choice), messages.c.id > above)
    found = found.order_by(messages.c.id).limit(limit)
    return _read(tx, found)


def held_too_long(tx: Tx, *, now: datetime, limit: int) -> tuple[Message, ...]:
    """Return held messages that are no longer useful; in a writing transaction nobody else takes them."""
    found = sa.select(messages).where(_IS_HELD, messages.c.useful_until <= now)
    found = found.order_by(messages.c.useful_until, messages.c.id).limit(limit)
    if tx.writing and tx.dialect == "postgresql":
        found = found.with_for_update(key_share=True, skip_locked=True)
    return tuple(sorted(map(read_message, tx.connection.execute(found)), key=lambda message: message.id))


def still_held(tx: Tx, clinics: Iterable[str]) -> frozenset[tuple[str, Brake]]:
    """Return by which brakes something of these clinics is held, with the clinic."""
    found = sa.select(messages.c.clinic, messages.c.brake).distinct()
    rows = tx.connection.execute(found.where(_IS_HELD, among(tx, messages.c.clinic, clinics)))
    return frozenset((row.clinic, Brake(row.brake)) for row in rows if row.brake)


def late_by_clinic(tx: Tx, *, due_before: datetime, now: datetime) -> Mapping[str, int]:
    """Count by clinic what nobody looked at since it was due, before `due_before`, and would help still.

    What was claimed in that state counts, and what is held as a backlog already: engines that share the work come to
    the same answer.
    """
    untouched = (
        messages.c.due_at <= due_before,
        messages.c.try_at == messages.c.due_at,
        messages.c.useful_until > now,
        messages.c.released_at.is_(None),
    )
    parts = (
        (IS_SCHEDULED, messages.c.try_at <= due_before, *untouched),
        (IS_LEASED, messages.c.status == Status.CLAIMED, *untouched),
        (_IS_HELD, messages.c.brake == Brake.BACKLOG, messages.c.useful_until > now),
    )
    counted = [
        sa.select(messages.c.clinic, sa.func.count().label("count")).where(*part).group_by(messages.c.clinic)
        for part in parts
    ]
    late: dict[str, int] = {}
    for clinic, count in tx.connection.execute(sa.union_all(*counted)):
        late[clinic] = late.get(clinic, 0) + count
    return late


def _chosen(tx: Tx, choice: Choice) -> Sequence[sa.ColumnElement[bool] | sa.TextClause]:
    pairs = (
        (messages.c.clinic, choice.clinic),
        (messages.c.brake, choice.brake),
        (messages.c.appointment_id, choice.appointment),
    )
    chosen = [column == value for column, value in pairs if value is not None]
    if not choice.doubts:
        chosen.append(messages.c.brake.is_distinct_from(Brake.DOUBT))
    if choice.ids:
        chosen.append(among(tx, messages.c.id, choice.ids))
    return [_IS_HELD, *chosen]


def _read(tx: Tx, found: sa.Select[tuple[object, ...]]) -> tuple[Message, ...]:
    if tx.writing and tx.dialect == "postgresql":
        found = found.with_for_update(key_share=True)
    return tuple(map(read_message, tx.connection.execute(found)))


def _brake(word: str | None) -> Brake | None:
    return Brake(word) if word else None
