"""One run of an apply: batches of visits, each planned and written in a transaction of its own."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from scheduler.clock import Clock
from scheduler.services.carrying import COUNTED, carry_out, is_being_sent
from scheduler.services.changes import VisitChanges
from scheduler.services.plan_file import VisitLine
from scheduler.services.planner import Planner
from scheduler.services.rests_on import difference, rests_on, said_of
from scheduler.store.applies import Apply, find_apply, finish_apply, note_progress
from scheduler.store.database import Store

BATCH = 200
"""Visits in one commit: engines are not held up for longer."""
BETWEEN_LOOKS = 0.2
"""Seconds until what was being sent is looked at again."""

Progress = Callable[[int, int], object]
_Item = TypeVar("_Item")


@dataclass(slots=True)
class Run:
    """Carries `apply` to its end. `refused`: why visits were left as they are, by id. `pause` waits, in seconds.

    `resumed`: it had been begun before, so that some visits of its plan may have been changed by it already.
    """

    store: Store
    planner: Planner
    apply: Apply
    clock: Clock
    by: str
    progress: Progress
    total: int
    pause: Callable[[float], object] = time.sleep
    batch: int = BATCH
    resumed: bool = False
    refused: dict[int, str] = field(default_factory=dict)
    _busy: set[int] = field(default_factory=set)
    _last: int = 0
    _counts: Counter[str] = field(init=False)
    _through: int = field(init=False)

    def __post_init__(self) -> None:
        """Go on with what was counted before."""
        self._counts = Counter({name: self.apply.counts.get(name, 0) for name in COUNTED})
        self._through = self.apply.done_through

    def until_nothing_is_left(self) -> None:
        """Go through all visits in flight, and again, until a whole look finds nothing to change.

        The later looks find what was registered, booked again, or being sent, while the first went by.
        """
        above, left = self._through, True
        while left:
            left = False
            for ids in self._pages(above):
                changed, busy = self._batch(ids)
                left = left or bool(changed or busy)
            if above:
                above, left = 0, True
            elif left:
                self.pause(BETWEEN_LOOKS)

    def by_lines(self, lines: Iterable[VisitLine]) -> None:
        """Change the visits of a plan, where each is still as the plan has it."""
        busy: list[VisitLine] = []
        for portion in portions(lines, self.batch):
            busy += self._batch_of_lines(portion)
        while busy:
            self.pause(BETWEEN_LOOKS)
            busy = [line for portion in portions(busy, self.batch) for line in self._batch_of_lines(portion)]

    def finish(self) -> Apply:
        """Put on record that the end was reached; return the record."""
        with self.store.write() as tx:
            finish_apply(tx, self.apply.id, now=self.clock.now())
        with self.store.read() as tx:
            finished = find_apply(tx, self.apply.plan_digest)
        assert finished
        return finished

    def _pages(self, above: int) -> Iterator[list[int]]:
        while True:
            with self.store.read() as tx:
                ids = self.planner.ids(tx, now=self.clock.now(), above=above, limit=self.batch)
            if not ids:
                return
            yield ids
            above = ids[-1]

    def _batch(self, ids: Sequence[int]) -> tuple[int, list[int]]:
        """Change these visits; return how many were, and which have a message that is being sent."""
        with self.store.write() as tx:
            now = self.clock.now()
            found = self.planner.of(tx, ids, now=now)
            busy = [it.appointment.id for it in found if is_being_sent(it, now=now)]
            ready = [it for it in found if it.appointment.id not in busy]
            self._counts += carry_out(tx, self.planner.configuration, ready, now=now, by=self.by)
            self._through = max(self._through, ids[-1])
            note_progress(tx, self.apply.id, done_through=self._through, counts=self._counts)
        self._tell()
        return len(ready), busy

    def _batch_of_lines(self, lines: Sequence[VisitLine]) -> list[VisitLine]:
        with self.store.write() as tx:
            now = self.clock.now()
            found = {it.appointment.id: it for it in self.planner.of(tx, [it.appointment for it in lines], now=now)}
            before = self.planner.up_to_date(tx, [it.appointment for it in lines]) if self.resumed else frozenset()
            busy = {visit for visit, it in found.items() if is_being_sent(it, now=now)}
            refused = {
                line.appointment: why
                for line in lines
                if line.appointment not in busy | before and (why := refusal(line, found.get(line.appointment)))
            }
            ready = [it for visit, it in found.items() if visit not in busy and visit not in refused]
            self._counts += carry_out(tx, self.planner.configuration, ready, now=now, by=self.by)
            self._look_through(lines, busy)
            note_progress(tx, self.apply.id, done_through=self._through, counts=self._counts)
        self.refused |= refused
        self._tell()
        return [line for line in lines if line.appointment in busy]

    def _look_through(self, lines: Sequence[VisitLine], busy: set[int]) -> None:
        """Note how far it has come: not beyond what is still waited for, where it would go on after a kill."""
        self._busy = (self._busy - {line.appointment for line in lines}) | busy
        self._last = max(self._last, lines[-1].appointment)
        self._through = max(self._through, min(self._busy) - 1 if self._busy else self._last)

    def _tell(self) -> None:
        self.progress(min(self._counts["in_flight"], self.total), self.total)


def refusal(line: VisitLine, visit: VisitChanges | None) -> str:
    """Say in words why a visit can't be changed as a plan has it; "" where it can."""
    if visit is None:
        return "it was called off, or goes by the edited protocol already"
    if different := difference(line.rests_on, rests_on(visit.visit)):
        return different
    if [said_of(change) for change in visit.changes] != list(line.changes):
        return "by now its messages would move otherwise, since time has passed"
    return ""


def portions(items: Iterable[_Item], size: int = BATCH) -> Iterator[list[_Item]]:
    """Yield so many at a time: as many as one commit takes."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion
