"""Counts deliveries by clinic and day, live from the messages, and keeps the counts of days that are over.

A message belongs to the day, at its clinic, in which it was due: late receipts change its count, never its day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import OF_THE_PLAN
from scheduler.domain.states import Status
from scheduler.store import tables
from scheduler.store.batches import among
from scheduler.store.columns import Instant
from scheduler.store.database import Tx
from scheduler.store.tables import attempts, events, messages
from scheduler.store.tally_tables import DETAIL_LENGTH, tallied_days, tallies

SPANS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172_800, 604_800)
"""Seconds: how late a hand-over was is kept as the least of these that it came within."""
BEYOND = 2**31 - 1
"""Later than all of them."""

_COLUMNS = tuple(tallies.c.keys())
_FIGURES = ("messages", "late", "segments")
_ANY = {"clinic": "", "day": None, "channel": None, "status": None, "reason": "", "detail": "", "within": 0}

TROUBLES = (Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.HELD, Status.UNKNOWN)
"""What somebody may want to know the reason of."""
# Written out, so that the databases know the partial indexes; with its table, since others have a status too.
IS_AMISS = sa.text(f"messages.{tables.IS_AMISS}")
CLINIC_OF_DAY = sa.literal_column(f"(messages.{tables.CLINIC_OF_DAY})", sa.String(64))
"""The clinic of a message, said so that the index of clinic and due instant is found."""

TAKEN = (Status.ACCEPTED, Status.DELIVERED, Status.UNDELIVERED)
"""A provider took it."""


class Window(NamedTuple):
    """The instants of one clinic that are counted: [start, end), aware UTC."""

    clinic: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """So many messages of one kind; `late` of them went out late, `segments` are those of texts that were taken.

    `day`, `channel` or `status` is None where a count goes over several. `reason` and `detail` are "" but for
    `TROUBLES`; `within` is one of `SPANS`, `BEYOND`, or 0 for what was not handed over.
    """

    clinic: str
    day: date | None
    channel: Channel | None
    status: Status | None
    reason: str
    detail: str
    within: int
    messages: int
    late: int
    segments: int


def count_messages(
    tx: Tx, windows: Sequence[Window], *, late_after: timedelta, day_of: Mapping[str, date]
) -> list[Tally]:
    """Count what was due in the windows, at most one of each clinic; `day_of` is how the day of each is called."""
    if not windows:
        return []
    reason, detail = why(tx.dialect)
    late_by = _seconds_late(tx.dialect)
    within = sa.case(
        (attempts.c.started_at.is_(None), 0),
        *((late_by <= span, span) for span in SPANS),
        else_=BEYOND,
    )
    is_late = sa.case((late_by > late_after.total_seconds(), 1), else_=0)
    taken = sa.case((messages.c.status.in_(TAKEN), sa.func.coalesce(messages.c.segments, 0)), else_=0)
    kinds = (messages.c.clinic, messages.c.channel, messages.c.status, reason, detail, within.label("within"))
    found = (
        sa.select(*kinds, sa.func.count(), sa.func.sum(is_late), sa.func.sum(taken))
        .select_from(messages.outerjoin(attempts, attempts.c.token == messages.c.attempt))
        .where(due_in(windows))
        .group_by(*(sa.literal_column(str(place)) for place in range(1, len(kinds) + 1)))
    )
    return [Tally(row[0], day_of[row[0]], *row[1:]) for row in tx.connection.execute(found)]


def due_in(windows: Sequence[Window]) -> sa.ColumnElement[bool]:
    """Return the condition that a message was due in one of the windows; clinics of the same window are one part."""
    alike: dict[tuple[datetime, datetime], list[str]] = {}
    for window in windows:
        alike.setdefault((window.start, window.end), []).append(window.clinic)
    return sa.or_(
        sa.false(),
        *(
            sa.and_(CLINIC_OF_DAY.in_(clinics), messages.c.due_at >= start, messages.c.due_at < end)
            for (start, end), clinics in alike.items()
        ),
    )


def why(dialect: str) -> tuple[sa.ColumnElement[str], sa.ColumnElement[str]]:
    """Return the code of what a troubled message stands there for, and what the provider said of it; else "".

    The last clause says it; of what expired in the end, the one before where that kept it back.
    """
    last, before = _clause(dialect, 1), _clause(dialect, 2)
    over = sa.and_(last == "not_useful", before.is_not(None), before.not_in(sorted(OF_THE_PLAN)))
    is_trouble = messages.c.status.in_(TROUBLES)
    code = sa.case((is_trouble, sa.func.coalesce(sa.case((over, before), else_=last), "")), else_="")
    said = sa.case((over, _error(dialect, 2)), else_=_error(dialect, 1))
    detail = sa.case((is_trouble, sa.func.substr(sa.func.coalesce(said, ""), 1, DETAIL_LENGTH)), else_="")
    return code.label("reason"), detail.label("detail")


def _clause(dialect: str, from_end: int) -> sa.ColumnElement[str]:
    if dialect == "sqlite":
        return sa.func.json_extract(messages.c.reasons, f"$[#-{from_end}][0]", type_=sa.String)
    return _of_list(from_end).op("->>")(sa.literal_column("0"))


def _error(dialect: str, from_end: int) -> sa.ColumnElement[str]:
    if dialect == "sqlite":
        return sa.func.json_extract(messages.c.reasons, f"$[#-{from_end}][1].error", type_=sa.String)
    return _of_list(from_end).op("->")(sa.literal_column("1")).op("->>")(sa.literal_column("'error'"))


def _of_list(from_end: int) -> sa.ColumnElement[str]:
    return sa.cast(messages.c.reasons, postgresql.JSON).op("->")(sa.literal_column(f"(-{from_end})"))


def _seconds_late(dialect: str) -> sa.ColumnElement[Any]:
    if dialect == "sqlite":
        days = sa.func.julianday(attempts.c.started_at) - sa.func.julianday(messages.c.due_at)
        return days * sa.literal_column("86400.0")
    return sa.func.extract("epoch", attempts.c.started_at - messages.c.due_at)


def keep_tallies(tx: Tx, clinics: Iterable[str], day: date, counted: Iterable[Tally], *, now: datetime) -> None:
    """Put what was counted of a day of these clinics in the place of what is kept. The caller commits."""
    known = list(clinics)
    tx.connection.execute(sa.delete(tallies).where(tallies.c.day == day, among(tx, tallies.c.clinic, known)))
    rows = [{name: getattr(it, name) for name in _COLUMNS} for it in counted]
    if rows:
        tx.connection.execute(sa.insert(tallies), rows)
    insert = (sqlite if tx.dialect == "sqlite" else postgresql).insert(tallied_days)
    again = insert.on_conflict_do_update(index_elements=["clinic", "day"], set_={"counted_at": now, "stale": False})
    rows = [{"clinic": clinic, "day": day, "counted_at": now, "stale": False} for clinic in known]
    tx.connection.execute(again, rows)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of some days, in three ways, each with the columns of a `Tally` that it tells apart."""

    by_day: tuple[Tally, ...]
    """Day, channel and status."""
    by_reason: tuple[Tally, ...]
    """Channel, status, reason and detail, of what has a reason."""
    by_lateness: tuple[Tally, ...]
    """Clinic, channel and span."""


def kept_tallies(tx: Tx, clinics: Iterable[str], *, first: date, last: date) -> Kept:
    """Return what is kept of these days, both among them, of clinics."""
    these = (among(tx, tallies.c.clinic, clinics), tallies.c.day >= first, tallies.c.day <= last)
    return Kept(
        _summed(tx, ("day", "channel", "status"), *these),
        _summed(tx, ("channel", "status", "reason", "detail"), *these, tallies.c.reason != ""),
        _summed(tx, ("clinic", "channel", "within"), *these),
    )


def _summed(tx: Tx, kinds: tuple[str, ...], *conditions: sa.ColumnElement[bool]) -> tuple[Tally, ...]:
    columns = [tallies.c[name] for name in kinds]
    sums = [sa.func.sum(tallies.c[name]).label(name) for name in _FIGURES]
    found = sa.select(*columns, *sums).where(*conditions).group_by(*columns).order_by(*columns)
    names, rest = (*kinds, *_FIGURES, *_ANY), tuple(_ANY.values())
    in_order = itemgetter(*(names.index(it.name) for it in fields(Tally)))
    return tuple(Tally(*in_order((*row, *rest))) for row in tx.connection.execute(found))


@dataclass(frozen=True, slots=True)
class Counted:
    """A day of a clinic that is counted, when that was; `stale`: something happened to its messages since."""

    clinic: str
    day: date
    at: datetime
    stale: bool


def counted_days(tx: Tx, clinics: Iterable[str], *, first: date, last: date) -> tuple[Counted, ...]:
    """Return the days of clinics that are counted, both ends among them."""
    found = sa.select(tallied_days).where(
        among(tx, tallied_days.c.clinic, clinics), tallied_days.c.day >= first, tallied_days.c.day <= last
    )
    return tuple(Counted(row.clinic, row.day, row.counted_at, row.stale) for row in tx.connection.execute(found))


def mark_stale(tx: Tx, days: Iterable[tuple[str, date]]) -> None:
    """Note that days have to be counted again, of those that are counted. The caller commits."""
    for clinic, day in sorted(days):
        same = (tallied_days.c.clinic == clinic, tallied_days.c.day == day)
        tx.connection.execute(sa.update(tallied_days).where(*same).values(stale=True))


def forget_tallies(tx: Tx) -> None:
    """Take all away, to count anew. The caller commits."""
    for table in (tallies, tallied_days):
        tx.connection.execute(sa.delete(table))


def newest_event_id(tx: Tx) -> int:
    """Return the id of the last thing that was put on record, 0 where there is none."""
    newest: int = tx.connection.execute(sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0))).scalar_one()
    return newest


def due_hours_touched(tx: Tx, *, after: int, before: datetime) -> set[tuple[str, datetime]]:
    """Return the clinic and the hour (UTC) in which messages were due to which something happened after that event.

    Only of what was due before `before`.
    """
    if tx.dialect == "sqlite":
        hour: sa.ColumnElement[datetime] = sa.type_coerce(
            sa.func.substr(messages.c.due_at, 1, 13).op("||")(":00:00.000000Z"), Instant
        )
    else:
        hour = sa.type_coerce(sa.func.date_trunc("hour", messages.c.due_at), Instant)
    found = (
        sa.select(messages.c.clinic, hour.label("hour"))
        .select_from(events.join(messages, messages.c.id == events.c.message_id))
        .where(events.c.id > after, messages.c.due_at < before)
        .distinct()
    )
    return {(clinic, at) for clinic, at in tx.connection.execute(found)}
