"""Messages as the API lists them: the latest first, a page at a time, a constant number of queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.states import Status
from scheduler.store.database import Tx
from scheduler.store.listing.narrowing import below_id, equal, spanning
from scheduler.store.messages import Message, read_message
from scheduler.store.scopes import within
from scheduler.store.tables import IS_TROUBLE, messages
from scheduler.store.tallies import CLINIC_OF_DAY

_TROUBLE = frozenset({Status.UNDELIVERED, Status.FAILED, Status.HELD, Status.UNKNOWN})
SHORT = timedelta(days=31)
"""The longest range of time in which messages are looked for by the index of their instants."""
LOOKED_AT = 20_000
"""How many are looked through for one page, at most, where a filter has no index."""


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are meant; what is None does not narrow. They are due from `since` on, before `until`.

    The instants are aware UTC.
    """

    scope: Scope
    kind: MessageKind | None = None
    status: Status | None = None
    channel: Channel | None = None
    purpose: Purpose | None = None
    step: str | None = None
    patient: int | None = None
    appointment: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_ranged(self) -> bool:
        """Whether they are looked for by when they are due: in a range that is short enough for that."""
        return self.since is not None and self.until is not None and self.until - self.since <= SHORT

    @property
    def has_index(self) -> bool:
        """Whether the databases find them without looking at others."""
        return self.is_ranged or self.patient is not None or self.appointment is not None or self.status in _TROUBLE


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of messages; `below`: the next is of those below that id, None where there are no more."""

    messages: tuple[Message, ...]
    below: int | None


def list_messages(tx: Tx, wanted: MessageFilter, *, below: int | None, limit: int) -> Listed:
    """Return at most `limit` messages, the highest id first; those with an id below `below` where one is given.

    Where no index knows the filter, no more than `LOOKED_AT` ids are looked through: the page may have fewer messages
    than `limit`, even none, although there are others further down. Four queries at most.
    """
    floor = None if wanted.has_index else _floor(tx, below)
    ids = _wanted(wanted).where(*below_id(messages.c.id, below))
    if floor:
        ids = ids.where(messages.c.id >= floor)
    # By the index of the ids, or that of trouble, which has them in the same order; unless another knows fewer rows.
    order = (messages.c.id + 0 if wanted.is_ranged else messages.c.id).desc()
    # The number is written out: a plan for any number, which PostgreSQL may keep, would be one for a tenth of all.
    page_ids = ids.order_by(order).limit(sa.literal_column(str(limit + 1)))
    found = sa.select(messages).where(messages.c.id.in_(page_ids))
    rows = sorted(tx.connection.execute(found), key=lambda it: -it.id)
    page = tuple(map(read_message, rows))
    if len(page) > limit:
        return Listed(page[:limit], page[limit - 1].id)
    return Listed(page, floor)


def _wanted(wanted: MessageFilter) -> sa.Select[tuple[int]]:
    message = messages.c
    found = sa.select(message.id).where(
        within(message.clinic, wanted.scope),
        *equal(
            (message.kind, wanted.kind),
            (message.status, wanted.status),
            (message.channel, wanted.channel),
            (message.purpose, wanted.purpose),
            (message.step, wanted.step),
            (message.patient_id, wanted.patient),
            (message.appointment_id, wanted.appointment),
        ),
        *spanning(message.due_at, wanted.since, wanted.until),
    )
    if wanted.is_ranged:  # the index of the instants begins with the clinic
        found = found.where(CLINIC_OF_DAY.in_(wanted.scope.clinics or _clinics()))
    if wanted.status in _TROUBLE:
        found = found.where(IS_TROUBLE)  # written out: so the databases know the partial indexes
    return found


def _floor(tx: Tx, below: int | None) -> int | None:
    """Return the lowest id of those that are looked through; None where there is nothing below it."""
    highest = below or (tx.connection.execute(sa.select(sa.func.max(messages.c.id))).scalar_one() or 0) + 1
    floor = highest - LOOKED_AT
    lowest = tx.connection.execute(sa.select(sa.func.min(messages.c.id))).scalar_one() or 0
    return floor if floor > lowest else None


def _clinics() -> sa.Select[tuple[str]]:
    """Select the clinics that there are messages of, by one look into the index for each of them."""
    first = sa.func.min(CLINIC_OF_DAY)
    found = sa.select(first.label("clinic")).select_from(messages).cte("found", recursive=True)
    after = sa.select(first).select_from(messages).where(found.c.clinic < CLINIC_OF_DAY)
    found = found.union_all(sa.select(after.scalar_subquery()).where(found.c.clinic.is_not(None)))
    return sa.select(found.c.clinic).where(found.c.clinic.is_not(None))
