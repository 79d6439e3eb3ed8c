"""The inbox: open alerts and the replies that need a person, as one list by urgency; and what is done, by when.

Of what is open there is little, and it is found by partial indexes; what is done is read from its end.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.alert import OF_PATIENTS, AlertKind
from scheduler.domain.triage import Triage
from scheduler.store.columns import Instant
from scheduler.store.database import Tx
from scheduler.store.scopes import within
from scheduler.store.tables import alerts, replies

ALERT, REPLY = "alert", "reply"
_RANKS = {Triage.URGENT: 0, Triage.CONCERN: 1, Triage.QUESTION: 2, Triage.HELP: 2}
_UNKNOWN, _FAULT = 3, 4
_ALERT_RANKS = {
    AlertKind.URGENT: 0,
    AlertKind.NOT_SENT: 1,
    **dict.fromkeys(OF_PATIENTS - {AlertKind.URGENT, AlertKind.NOT_SENT, AlertKind.REPLY}, _UNKNOWN),
}
_OPEN = sa.text("alerts.closed_at IS NULL")  # written out, as the next ones: so the database knows the partial index
_NEEDY = sa.text(
    "replies.handled_at IS NULL AND replies.triage IN "
    "('urgent', 'concern', 'wrong_number', 'help', 'question', 'unknown')"
)
_CLOSED = sa.text("alerts.closed_at IS NOT NULL")
_HANDLED = sa.text("replies.handled_at IS NOT NULL")
_of_alert, _covering = replies.alias("of_alert"), alerts.alias("covering")


class View(StrEnum):
    """What of the inbox is listed."""

    OPEN = "open"
    """What needs a person, the most urgent first, then the oldest."""
    FREE = "free"
    """Of that, what nobody has taken."""
    MINE = "mine"
    """Of that, what who looks has taken."""
    DONE = "done"
    """What was closed, the latest first."""
    ALL = "all"
    """Every reply that came in, also good news, the latest first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list ends: the next begins after it."""

    rank: int
    at: datetime
    source: str
    id: int


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One line: an alert, or a reply that no open alert is about. Nothing that is sealed is in it.

    `rank` is 0 for urgent, then 1 concern, 2 question, 3 what was not understood or asks for care, 4 a fault. `at` is
    what it is ordered by: since when it is open, or when it was closed; aware UTC. `reply_id` is the latest reply of
    it, `replies` how many there are. `kind` is None for a reply.
    """

    source: str
    id: int
    rank: int
    at: datetime
    since: datetime
    clinic: str | None
    kind: AlertKind | None
    subject: str
    reply_id: int | None
    replies: int
    taken_by: str | None
    is_open: bool

    @property
    def place(self) -> Place:
        """Where it stands in its list."""
        return Place(self.rank, self.at, self.source, self.id)


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How much is open, and how much of it is urgent."""

    open: int
    urgent: int


def inbox_counts(tx: Tx, scope: Scope) -> InboxCounts:
    """Count what needs a person at these clinics: one statement over two partial indexes."""
    told = sa.select((alerts.c.kind == AlertKind.URGENT).label("urgent")).where(_OPEN, within(alerts.c.clinic, scope))
    urgent = (replies.c.triage == Triage.URGENT).label("urgent")
    untold = sa.select(urgent).where(_NEEDY, within(replies.c.clinic, scope), *_uncovered())
    both = sa.union_all(told, untold).subquery()
    row = tx.connection.execute(
        sa.select(sa.func.count(), sa.func.sum(sa.case((both.c.urgent, 1), else_=0))).select_from(both)
    ).one()
    return InboxCounts(row[0], int(row[1] or 0))


def list_inbox(
    tx: Tx, scope: Scope, view: View, *, by: str, after: Place | None = None, limit: int = 50
) -> tuple[InboxRow, ...]:
    """Return a page of the list, after a place in it; `by` is who looks, for what is `MINE`."""
    newest_first = view in (View.DONE, View.ALL)
    if newest_first:
        parts = [_head(part, after, limit) for part in _newest(scope, view)]
    else:
        parts = [_first(part, after, limit) for part in _open(scope, view, by)]
    both = sa.union_all(*parts).subquery() if len(parts) > 1 else parts[0].subquery()
    found = sa.select(both).order_by(*_order(both, newest_first=newest_first)).limit(limit)
    return tuple(_row(row) for row in tx.connection.execute(found))


def _first(part: sa.Select[Any], after: Place | None, limit: int) -> sa.Select[Any]:
    """Return the head of one part of what is open: of two lists that are merged a page of each is enough."""
    listed = part.subquery()
    found = sa.select(listed)
    if after is not None:
        here = sa.tuple_(listed.c.rank, listed.c.at, listed.c.source, listed.c.id)
        place = (
            sa.literal(after.rank),
            sa.literal(after.at, Instant),
            sa.literal(after.source),
            sa.literal(after.id),
        )
        found = found.where(here > sa.tuple_(*place))
    head = found.order_by(*_order(listed, newest_first=False)).limit(limit).subquery()
    return sa.select(head)


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the lists that are read from their end: `at` is indexed, and all that it is ordered by beside `id`."""

    found: sa.Select[Any]
    at: sa.Column[Any]
    id: sa.Column[int]
    source: str


def _head(part: _Part, after: Place | None, limit: int) -> sa.Select[Any]:
    """Return the head of a part, the latest first, in the order of its index."""
    found = part.found
    if after is not None:
        same = part.id < after.id if part.source == after.source else sa.literal(part.source < after.source)
        found = found.where(part.at <= after.at, sa.or_(part.at < after.at, same))
    head = found.order_by(part.at.desc(), part.id.desc()).limit(limit).subquery()
    return sa.select(head)


def _order(listed: sa.Subquery, *, newest_first: bool) -> list[sa.ColumnElement[Any]]:
    order = (listed.c.rank, listed.c.at, listed.c.source, listed.c.id)
    return [it.desc() if newest_first else it.asc() for it in order]


def _open(scope: Scope, view: View, by: str) -> list[sa.Select[Any]]:
    told = _alerts(_alert_rank(), alerts.c.opened_at).where(_OPEN, within(alerts.c.clinic, scope))
    untold = _replies(_reply_rank(replies), replies.c.received_at)
    untold = untold.where(_NEEDY, within(replies.c.clinic, scope), *_uncovered())
    if view is View.FREE:
        return [told.where(alerts.c.taken_by.is_(None)), untold.where(replies.c.taken_by.is_(None))]
    if view is View.MINE:
        return [told.where(alerts.c.taken_by == by), untold.where(replies.c.taken_by == by)]
    return [told, untold]


def _newest(scope: Scope, view: View) -> list[_Part]:
    flat = sa.literal(0)
    if view is View.ALL:
        everything = _replies(flat, replies.c.received_at).where(within(replies.c.clinic, scope))
        return [_Part(everything, replies.c.received_at, replies.c.id, REPLY)]
    closed = _alerts(flat, alerts.c.closed_at).where(_CLOSED, within(alerts.c.clinic, scope))
    told = sa.exists().where(_covering.c.reply_id == replies.c.id)
    handled = _replies(flat, replies.c.handled_at)
    handled = handled.where(_HANDLED, within(replies.c.clinic, scope), replies.c.alert_id.is_(None), ~told)
    return [
        _Part(closed, alerts.c.closed_at, alerts.c.id, ALERT),
        _Part(handled, replies.c.handled_at, replies.c.id, REPLY),
    ]


def _uncovered() -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions that no open alert is about a reply."""
    is_open = _covering.c.closed_at.is_(None)
    raised = sa.exists().where(_covering.c.reply_id == replies.c.id, is_open)
    joined = sa.exists().where(_covering.c.id == replies.c.alert_id, is_open)
    return ~raised, ~joined


def _alerts(rank: sa.ColumnElement[int], at: sa.ColumnElement[Any]) -> sa.Select[Any]:
    mine = _of_alert.c.alert_id == alerts.c.id
    latest = sa.select(sa.func.max(_of_alert.c.id)).where(mine).scalar_subquery()
    joined = sa.select(sa.func.count()).select_from(_of_alert).where(mine).scalar_subquery()
    first = sa.case((alerts.c.reply_id.is_not(None), 1), else_=0)
    return sa.select(
        sa.literal(ALERT).label("source"),
        alerts.c.id.label("id"),
        rank.label("rank"),
        at.label("at"),
        alerts.c.opened_at.label("since"),
        alerts.c.clinic.label("clinic"),
        alerts.c.kind.label("kind"),
        alerts.c.subject.label("subject"),
        sa.func.coalesce(latest, alerts.c.reply_id).label("reply_id"),
        (joined + first).label("replies"),
        alerts.c.taken_by.label("taken_by"),
        alerts.c.closed_at.is_(None).label("is_open"),
    )


def _replies(rank: sa.ColumnElement[int], at: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(
        sa.literal(REPLY).label("source"),
        replies.c.id.label("id"),
        rank.label("rank"),
        at.label("at"),
        replies.c.received_at.label("since"),
        replies.c.clinic.label("clinic"),
        sa.literal("").label("kind"),
        sa.literal("").label("subject"),
        replies.c.id.label("reply_id"),
        sa.literal(1).label("replies"),
        replies.c.taken_by.label("taken_by"),
        replies.c.handled_at.is_(None).label("is_open"),
    )


def _alert_rank() -> sa.ColumnElement[int]:
    """Return the rank of an alert: of a reply that of the gravest that came for it."""
    came = sa.or_(_of_alert.c.alert_id == alerts.c.id, _of_alert.c.id == alerts.c.reply_id)
    gravest = sa.select(sa.func.min(_reply_rank(_of_alert))).where(came).scalar_subquery()
    of_reply = (alerts.c.kind == AlertKind.REPLY, sa.func.coalesce(gravest, _UNKNOWN))
    known = [(alerts.c.kind == kind.value, sa.literal(rank)) for kind, rank in _ALERT_RANKS.items()]
    return sa.case(*known, of_reply, else_=_FAULT)


def _reply_rank(table: sa.FromClause) -> sa.ColumnElement[int]:
    return sa.case(*((table.c.triage == kind.value, rank) for kind, rank in _RANKS.items()), else_=_UNKNOWN)


def _row(row: sa.Row[Any]) -> InboxRow:
    return InboxRow(
        source=row.source,
        id=row.id,
        rank=row.rank,
        at=row.at,
        since=row.since,
        clinic=row.clinic,
        kind=AlertKind(row.kind) if row.kind else None,
        subject=row.subject,
        reply_id=row.reply_id,
        replies=row.replies,
        taken_by=row.taken_by,
        is_open=bool(row.is_open),
    )


def read_place(text: str) -> Place | None:
    """Read a place as `write_place` wrote it; None for what is none."""
    try:
        rank, at, source, number = text.split("~")
        instant = datetime.fromisoformat(at)
        place = Place(int(rank), instant, source, int(number))
    except ValueError:
        return None
    in_range = 0 <= place.rank <= _FAULT and 0 < place.id < 2**63 and source in (ALERT, REPLY)
    return place if in_range and instant.tzinfo is not None else None


def write_place(place: Place) -> str:
    """Write a place as a page's address carries it: nothing of a patient is in it."""
    return f"{place.rank}~{place.at.isoformat().replace('+00:00', 'Z')}~{place.source}~{place.id}"
