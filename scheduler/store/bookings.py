"""The newest that booking systems told of each booking, and which id took the place of which."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.booking_event import Told
from scheduler.store.database import Tx
from scheduler.store.source_tables import bookings

LONGEST = 100
"""How many ids one booking may have had: who is moved more often is a fault of the source."""


@dataclass(frozen=True, slots=True)
class Booking:
    """What is known of one id; `told` and `as_of` are None for one that was only named."""

    id: str
    told: Told | None = None
    as_of: datetime | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Bookings:
    """The bookings of one booking system of one clinic, in a writing transaction that holds the clinic's turn."""

    tx: Tx
    clinic: str
    source: str

    def get(self, booking: str) -> Booking:
        """Return what is known of an id; nothing, for one that nobody named."""
        row = self.tx.connection.execute(sa.select(bookings).where(*self._mine(booking))).one_or_none()
        return Booking(booking, row.told, row.as_of, row.replaced_by) if row else Booking(booking)

    def put(self, known: Booking) -> None:
        """Keep what is known of an id. The caller commits."""
        dialect = sqlite if self.tx.dialect == "sqlite" else postgresql
        values = {"told": known.told, "as_of": known.as_of, "replaced_by": known.replaced_by}
        insert = dialect.insert(bookings).values(clinic=self.clinic, source=self.source, booking=known.id, **values)
        self.tx.connection.execute(
            insert.on_conflict_do_update(index_elements=["clinic", "source", "booking"], set_=values)
        )

    def chain(self, booking: str) -> tuple[Booking, ...]:
        """Return all ids that the same booking ever had, the one of now last."""
        found = {booking: self.get(booking)}
        after = found[booking].replaced_by
        while after and after not in found and len(found) < LONGEST:
            found[after] = self.get(after)
            after = found[after].replaced_by
        before = list(found.values())[:1]
        earlier: dict[str, Booking] = {}
        while before and len(found) + len(earlier) < LONGEST:
            known = [it for one in before for it in self._replaced_by(one.id)]
            before = [it for it in known if it.id not in found and it.id not in earlier]
            earlier.update((it.id, it) for it in before)
        return (*reversed(earlier.values()), *found.values())

    def _replaced_by(self, booking: str) -> list[Booking]:
        found = sa.select(bookings).where(
            bookings.c.clinic == self.clinic, bookings.c.source == self.source, bookings.c.replaced_by == booking
        )
        rows = self.tx.connection.execute(found.order_by(bookings.c.id))
        return [Booking(row.booking, row.told, row.as_of, row.replaced_by) for row in rows]

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
