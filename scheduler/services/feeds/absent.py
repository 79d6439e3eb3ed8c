"""Decides about bookings that are missing from a calendar: off, waited for, or held until a person says so."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.feeds.missing import SURE_AFTER, are_few
from scheduler.services.feeds.taken import Taken
from scheduler.services.registration import Registered
from scheduler.store.appointments import StoredAppointment
from scheduler.store.database import Tx
from scheduler.store.feeds import KnownEntry
from scheduler.store.known import look_up


@dataclass(frozen=True, slots=True)
class Accepted:
    """A person's word that what is missing is off; with `most` only where no more than that is missing."""

    is_given: bool = False
    most: int | None = None

    def holds(self, missing: int) -> bool:
        """Whether it is said of so many."""
        return self.is_given and (self.most is None or missing <= self.most)


NOT_ACCEPTED = Accepted()


@dataclass(frozen=True, slots=True)
class Absentees:
    """Those of a clinic's calendar that are missing; `beyond` are the ids of those that may lie after its end.

    `is_empty`: nothing at all is in it, which is what servers show when a calendar is no longer shared. `to_come`
    bookings of it were known and on.
    """

    clinic: str
    missing: Sequence[KnownEntry]
    beyond: frozenset[str]
    is_empty: bool
    to_come: int
    accepted: Accepted
    now: datetime

    def settle(self, tx: Tx, call_off: Callable[[str], Registered], taken: Taken) -> list[KnownEntry]:
        """Call off what is missing for long enough; return what is to be kept of all. The caller commits.

        Those that staff called off by hand meanwhile are no question any more.
        """
        visits = look_up(tx, self.clinic, [], [it.external_id for it in self.missing]).visits
        on = {it.external_id for it in self.missing if _is_on(visits.named(it.external_id))}
        kept = [replace(it, missing_since=None) for it in self.missing if it.external_id not in on]
        return kept + list(self._settled([it for it in self.missing if it.external_id in on], call_off, taken))

    def _settled(
        self, missing: list[KnownEntry], call_off: Callable[[str], Registered], taken: Taken
    ) -> Iterator[KnownEntry]:
        held, is_whole = self._held(missing), self._is_whole(missing)
        all_off, held_off = self.accepted.holds(len(missing)), self.accepted.holds(len(held))
        for it in missing:
            is_held, since = it.external_id in held, it.missing_since or self.now
            is_off = held_off if is_held else self.now - since >= SURE_AFTER
            if all_off or is_off:
                taken.totals[call_off(it.external_id).result] += 1
                yield replace(it, is_off=True, is_refused=False, missing_since=since)
                continue
            taken.missing += not is_held
            taken.held += is_held
            taken.beyond += is_held and is_whole
            taken.newly_held += is_held and it.missing_since is None
            yield replace(it, missing_since=since)

    def _held(self, missing: list[KnownEntry]) -> set[str]:
        """Return those of which a person decides: all, where the calendar was cut short; else those after its end."""
        is_whole = self._is_whole(missing)
        return {it.external_id for it in missing if not is_whole or it.external_id in self.beyond}

    def _is_whole(self, missing: list[KnownEntry]) -> bool:
        """Whether so few are missing before the calendar's end that they may be off, rather than it cut short."""
        within = sum(it.external_id not in self.beyond for it in missing)
        return are_few(within, self.to_come) and not self.is_empty


def _is_on(visit: StoredAppointment | None) -> bool:
    return visit is not None and visit.status is AppointmentStatus.BOOKED
