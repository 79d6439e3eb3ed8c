"""The newest that booking systems told of each booking, and which id took the place of which."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.booking_event import Told
from scheduler.store.database import Tx
from scheduler.store.source_tables import bookings

LONGEST = 100
"""How many ids one booking may have had: who is moved more often is a fault of the source."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Booking:
    """What is known of one id; `told` and `as_of` are None for one that was only named."""

    id: str
    told: Told | None = None
    as_of: datetime | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """All ids that one booking ever had, the first of them first. Two may have taken the place of the same one."""

    members: tuple[Booking, ...]

    @property
    def first(self) -> Booking:
        """The id that took the place of none."""
        return self.members[0]

    @property
    def current(self) -> Booking:
        """The id of now: of those whose place none took, the one that was booked last, else the one heard of last.

        It follows from what is known of each id alone, whatever order that came in.
        """
        replaced = {it.replaces for it in self.members}
        newest = [it for it in self.members if it.id not in replaced]
        booked = [it for it in newest if it.told is Told.BOOKED]
        return max(booked or newest, key=lambda it: (it.as_of or _NEVER, it.id))

    @property
    def others(self) -> tuple[Booking, ...]:
        """The ids that are not the one of now."""
        return tuple(it for it in self.members if it.id != self.current.id)

    @property
    def ids(self) -> frozenset[str]:
        """All ids."""
        return frozenset(it.id for it in self.members)


@dataclass(frozen=True, slots=True)
class Bookings:
    """The bookings of one booking system of one clinic, in a writing transaction that holds the clinic's turn."""

    tx: Tx
    clinic: str
    source: str

    def get(self, booking: str) -> Booking:
        """Return what is known of an id; nothing, for one that nobody named."""
        row = self.tx.connection.execute(sa.select(bookings).where(*self._mine(booking))).one_or_none()
        return Booking(booking, row.told, row.as_of, row.replaces) if row else Booking(booking)

    def put(self, known: Booking) -> None:
        """Keep what is known of an id. The caller commits."""
        dialect = sqlite if self.tx.dialect == "sqlite" else postgresql
        values = {"told": known.told, "as_of": known.as_of, "replaces": known.replaces}
        insert = dialect.insert(bookings).values(clinic=self.clinic, source=self.source, booking=known.id, **values)
        self.tx.connection.execute(
            insert.on_conflict_do_update(index_elements=["clinic", "source", "booking"], set_=values)
        )

    def family(self, booking: str) -> Family:
        """Return all ids that the same booking ever had."""
        first, seen = self.get(booking), {booking}
        while first.replaces and first.replaces not in seen and len(seen) < LONGEST:
            first = self.get(first.replaces)
            seen.add(first.id)
        found = {first.id: first}
        youngest = [first.id]
        while youngest and len(found) < LONGEST:
            after = [it for it in self._replacing(youngest) if it.id not in found]
            found.update((it.id, it) for it in after)
            youngest = [it.id for it in after]
        return Family(tuple(found.values()))

    def _replacing(self, ids: Collection[str]) -> list[Booking]:
        found = sa.select(bookings).where(
            bookings.c.clinic == self.clinic, bookings.c.source == self.source, bookings.c.replaces.in_(list(ids))
        )
        rows = self.tx.connection.execute(found.order_by(bookings.c.id))
        return [Booking(row.booking, row.told, row.as_of, row.replaces) for row in rows]

    def _mine(self, booking: str) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            bookings.c.clinic == self.clinic,
            bookings.c.source == self.source,
            bookings.c.booking == booking,
        )


def sources_of(tx: Tx, clinic: str, booking: str) -> frozenset[str]:
    """Return the booking systems of a clinic that told of an id."""
    found = sa.select(bookings.c.source).where(
        bookings.c.clinic == clinic, bookings.c.booking == booking, bookings.c.as_of.is_not(None)
    )
    return frozenset(tx.connection.execute(found).scalars())
