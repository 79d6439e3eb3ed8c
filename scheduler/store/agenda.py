"""What goes out and went out, counted by minute and step; and the links by which a person's calendar reads that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.notice import MessageKind
from scheduler.domain.states import Status
from scheduler.store.database import Tx
from scheduler.store.feed_tables import agenda_links
from scheduler.store.tables import messages
from scheduler.store.tallies import Window, due_in
from scheduler.store.today import due_minute

USED_WITHIN = timedelta(hours=1)
"""A use within so long of the last one is not written down: programs look every few minutes."""
_NOT_PLANNED = (Status.CANCELLED, Status.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class Counted:
    """So many messages of a step of a clinic that are due in the minute from `at` on (aware UTC)."""

    clinic: str
    at: datetime
    step: str
    status: Status
    messages: int


@dataclass(frozen=True, slots=True)
class AgendaLink:
    """A link that opens; `number` is part of what is signed."""

    user_id: int
    number: int
    made_at: datetime
    used_at: datetime | None


def count_steps(tx: Tx, windows: Sequence[Window]) -> tuple[Counted, ...]:
    """Count the steps that are due in the windows, one of each clinic; those that will not go out are left out."""
    at = due_minute(tx.dialect).label("at")
    kinds = (messages.c.clinic, at, messages.c.step, messages.c.status)
    found = (
        sa.select(*kinds, sa.func.count())
        .where(due_in(windows), messages.c.kind == MessageKind.STEP, messages.c.status.not_in(_NOT_PLANNED))
        .group_by(*kinds)
        .order_by(*kinds)
    )
    return tuple(Counted(*row) for row in tx.connection.execute(found))


def steps_to_come(tx: Tx, windows: Sequence[Window], *, limit: int) -> tuple[int, ...]:
    """Return the ids of the steps in the windows that wait to be sent, the first ones."""
    found = sa.select(messages.c.id).where(
        due_in(windows), messages.c.kind == MessageKind.STEP, messages.c.status == Status.SCHEDULED
    )
    return tuple(tx.connection.execute(found.order_by(messages.c.due_at, messages.c.id).limit(limit)).scalars())


def agenda_link_of(tx: Tx, user_id: int) -> AgendaLink | None:
    """Return a user's link, None where there is none that opens."""
    columns = (agenda_links.c.user_id, agenda_links.c.number, agenda_links.c.made_at, agenda_links.c.used_at)
    found = sa.select(*columns).where(agenda_links.c.user_id == user_id, agenda_links.c.ended_at.is_(None))
    row = tx.connection.execute(found).one_or_none()
    return AgendaLink(*row) if row else None


def renew_agenda_link(tx: Tx, user_id: int, *, now: datetime) -> None:
    """Give a user a link, in place of the one there was. The caller commits."""
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    first = dialect.insert(agenda_links).values(user_id=user_id, number=1, made_at=now)
    again = {"number": agenda_links.c.number + 1, "made_at": now, "used_at": None, "ended_at": None}
    tx.connection.execute(first.on_conflict_do_update(index_elements=["user_id"], set_=again))


def end_agenda_link(tx: Tx, user_id: int, *, now: datetime) -> None:
    """Let a user's link open nothing any more; where there is none nothing happens. The caller commits."""
    opens = (agenda_links.c.user_id == user_id, agenda_links.c.ended_at.is_(None))
    tx.connection.execute(sa.update(agenda_links).where(*opens).values(ended_at=now))


def note_agenda_use(tx: Tx, user_id: int, *, now: datetime) -> None:
    """Note that a link was used. The caller commits."""
    tx.connection.execute(sa.update(agenda_links).where(agenda_links.c.user_id == user_id).values(used_at=now))
