"""Who goes by which protocol and which edits wait, counted over all in flight: kept for moments where it costs.

Counting 100,000 visits takes a fifth of a second: a list that is opened often must not pay for it each time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from scheduler.domain.access import Scope
from scheduler.domain.edits import longest_reach
from scheduler.protocols.configuration import Configuration
from scheduler.services.desk import Desk
from scheduler.services.planner import InFlightEdit, Planner
from scheduler.store.in_flight import count_in_flight

CHEAP = 0.03
"""Seconds of counting below which nothing is kept."""
TIMES = 50
"""What took a second is kept for so many: counting never takes more than a fiftieth of the time."""
_MOST = 64


@dataclass(frozen=True, slots=True)
class Flight:
    """How many visits are in flight by clinic and treatment, and the edits that some of them do not follow yet.

    Both of the clinics of a reader only.
    """

    counts: Mapping[tuple[str, str], int]
    edits: tuple[InFlightEdit, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    configuration: Configuration
    flight: Flight
    until: float


class FlightCounts:
    """Counts for one process. `seconds` is a clock that never goes back."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[frozenset[str] | None, _Kept] = OrderedDict()

    def look(self, desk: Desk, scope: Scope) -> Flight:
        """Return what is so now, or was a few seconds ago where counting is dear. Raises StoreError."""
        with self._lock:
            kept = self._kept.get(scope.clinics)
        began = self._seconds()
        if kept and kept.configuration is desk.configuration and began < kept.until:
            return kept.flight
        flight = count(desk, scope)
        took = self._seconds() - began
        with self._lock:
            self._kept.pop(scope.clinics, None)
            if took > CHEAP:
                self._kept[scope.clinics] = _Kept(desk.configuration, flight, began + TIMES * took)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return flight

    def forget(self) -> None:
        """Count anew the next time: something was done about it."""
        with self._lock:
            self._kept.clear()


def count(desk: Desk, scope: Scope) -> Flight:
    """Count now, in one state of the database."""
    configuration, now = desk.configuration, desk.clock.now()
    own = (*configuration.protocols.values(), *configuration.overridden.values())
    with desk.store.read() as tx:
        counts = count_in_flight(tx, since=now - longest_reach(own))
        edits = Planner(configuration).edits(tx, now=now, scope=scope)
    return Flight({place: number for place, number in counts.items() if scope.holds(place[0])}, tuple(edits))
