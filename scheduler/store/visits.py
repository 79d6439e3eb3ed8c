"""Which appointment is meant: those of one clinic that a batch of registrations may be about."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa

from scheduler.store.appointments import StoredAppointment, read_appointment
from scheduler.store.batches import where_each
from scheduler.store.database import Tx
from scheduler.store.tables import appointments

_Same = tuple[int, str, datetime]


class Visits:
    """Finds appointments among those that were looked up and those that were added since."""

    def __init__(self, found: Iterable[StoredAppointment] = ()) -> None:
        self._visits: dict[int, StoredAppointment] = {}
        self._by_external_id: dict[str, int] = {}
        self._same: defaultdict[_Same, list[int]] = defaultdict(list)
        for visit in found:
            self.put(visit)

    def __getitem__(self, visit_id: int) -> StoredAppointment:
        """Return the visit of that id. Raises KeyError for one that was neither looked up nor added."""
        return self._visits[visit_id]

    def put(self, visit: StoredAppointment) -> None:
        """Add an appointment, or take the place of what was known of one."""
        before = self._visits.get(visit.id)
        self._visits[visit.id] = visit
        if before and before.external_id and before.external_id != visit.external_id:
            self._by_external_id.pop(before.external_id, None)
        if visit.external_id:
            self._by_external_id[visit.external_id] = visit.id
        same = self._same[visit.patient_id, visit.treatment, visit.starts_at]
        if visit.id not in same:
            insort(same, visit.id)

    def named(self, external_id: str) -> StoredAppointment | None:
        """Find what the clinic's booking system calls `external_id`."""
        found = self._by_external_id.get(external_id)
        return None if found is None else self._visits[found]

    def same(
        self, patient_id: int, treatment: str, starts_at: datetime, *, without_id: bool = False
    ) -> StoredAppointment | None:
        """Find the patient's appointment for that treatment at that start, which is the same one by the design.

        `without_id`: only one that the booking system has not named yet.
        """
        for number in self._same.get((patient_id, treatment, starts_at), ()):
            visit = self._visits[number]
            if visit.starts_at == starts_at and not (without_id and visit.external_id):
                return visit
        return None


def newest_words(tx: Tx, patient_ids: Iterable[int]) -> Iterator[tuple[int, datetime]]:
    """Yield patients with the age of the newest word that was taken on one of their visits, where any has one."""
    of, said_at = appointments.c.patient_id, appointments.c.said_at
    meant = where_each(tx, appointments.c.id, of, patient_ids, said_at.is_not(None))
    found = sa.select(of, sa.func.max(said_at)).where(appointments.c.id.in_(meant)).group_by(of)
    yield from ((patient, newest) for patient, newest in tx.connection.execute(found))


def find_visits(
    tx: Tx,
    clinic: str,
    external_ids: Iterable[str],
    patient_ids: Iterable[int],
    starts_at: Iterable[datetime],
    *,
    hold: bool,
) -> Visits:
    """Return what `Visits` may find for these. `hold`: nobody else changes them until the commit."""
    here, then = appointments.c.clinic == clinic, appointments.c.starts_at.in_(list(set(starts_at)))
    meant = sa.union(
        where_each(tx, appointments.c.id, appointments.c.external_id, external_ids, here),
        where_each(tx, appointments.c.id, appointments.c.patient_id, patient_ids, then),
    )
    found = sa.select(appointments).where(appointments.c.id.in_(meant)).order_by(appointments.c.id)
    rows = tx.connection.execute(found.with_for_update(key_share=True) if hold else found)
    return Visits(read_appointment(row) for row in rows)
