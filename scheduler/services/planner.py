"""Plans an edit of protocols for all visits in flight, a page at a time in bounded memory. Writes nothing."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.access import EVERYWHERE, Scope
from scheduler.domain.edits import Edit, longest_reach
from scheduler.domain.states import UNSENT
from scheduler.protocols.configuration import Configuration
from scheduler.services.apart import Apart, find_apart
from scheduler.services.binding import still_speaks
from scheduler.services.changes import InFlight, VisitChanges
from scheduler.services.comparing import changes_of
from scheduler.services.schedule import as_it_stands
from scheduler.services.switching import Pinned, Switch, Switches
from scheduler.store.adjustments import in_force
from scheduler.store.appointments import hold_appointments
from scheduler.store.database import Tx
from scheduler.store.in_flight import (
    Choice,
    Counts,
    Group,
    VisitRow,
    counts_of,
    groups_in_flight,
    hold_messages,
    known_versions,
    messages_of_steps,
    visits_in_flight,
    visits_of,
)
from scheduler.store.latest_answers import latest_answers
from scheduler.store.merges import spoken_for
from scheduler.store.messages import Message
from scheduler.store.versions import versions_of

PAGE = 500
"""Visits that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Page:
    """What changes for some visits, by id. `looked_at` were read, and `last` is the last of them: go on above it.

    A visit is here, without changes, also where only its version changes: none of its messages is touched.
    """

    visits: Sequence[VisitChanges]
    looked_at: int
    last: int


@dataclass(frozen=True, slots=True)
class InFlightEdit:
    """An edit, how many visits in flight go by the old version of its step, of which clinics, and if they keep that.

    `of_some`: other clinics have the step otherwise, or had it so before.
    """

    edit: Edit
    visits: int
    pinned: bool
    clinics: tuple[str, ...] = ()
    of_some: bool = False


@dataclass(slots=True)
class Planner:
    """Plans for one state of the files. `clinic` and `treatment` leave out all others; `pinned` stay as they are.

    Make one for each transaction or run: what it has read of versions is kept.
    """

    configuration: Configuration
    pinned: Pinned = frozenset()
    clinic: str | None = None
    treatment: str | None = None
    _switches: Switches | None = field(default=None)
    _choice: Choice | None = field(default=None)

    def groups(self, tx: Tx, *, now: datetime) -> list[Group]:
        """Return the visits in flight that an edit concerns, counted by what they go by: one query over them."""
        switches = self._open(tx, now)
        assert self._choice
        return [it for it in groups_in_flight(tx, self._choice) if (found := switches.of_group(it)) and found.edits]

    def edits(self, tx: Tx, *, now: datetime, scope: Scope = EVERYWHERE) -> list[InFlightEdit]:
        """Return what was edited since the visits in flight were planned, in the order of treatment and step.

        Only visits of the clinics of `scope` count, and only these clinics are named.
        """
        counted, clinics = Counter[Edit](), defaultdict[Edit, set[str]](set)
        for group in (it for it in self.groups(tx, now=now) if scope.holds(it.clinic)):
            switch = self._open(tx, now).of_group(group)
            assert switch
            for edit in switch.edits:
                counted[edit] += group.count
                clinics[edit].add(group.clinic)
        names = Counter((it.treatment, it.step) for it in counted)
        found = [
            InFlightEdit(
                edit,
                count,
                (edit.treatment, edit.step) in self.pinned,
                tuple(sorted(clinics[edit])),
                of_some=names[edit.treatment, edit.step] > 1 or self._is_of_some(tx, edit, clinics[edit], now),
            )
            for edit, count in counted.items()
        ]
        return sorted(found, key=lambda it: it.edit.treatment)

    def apart(self, tx: Tx, *, now: datetime) -> Apart:
        """Return what is in flight, does not go by the files as they are, and is moved by no edit."""
        self._open(tx, now)
        assert self._choice
        return find_apart(tx, self._choice, self.configuration.protocols)

    def has_step(self, tx: Tx, treatment: str, step: str, *, now: datetime) -> bool:
        """Whether the files or any version that is kept have that step of a treatment."""
        own = (*self.configuration.protocols.values(), *self.configuration.overridden.values())
        versions = self._open(tx, now).versions.values()
        return any(it.treatment == treatment and it.step(step) for it in (*own, *versions))

    def pages(self, tx: Tx, *, now: datetime, above: int = 0) -> Iterator[Page]:
        """Yield what changes for every visit in flight above that id, a page at a time, by id; `now` is aware UTC."""
        while (page := self.page(tx, now=now, above=above)).looked_at:
            yield page
            above = page.last

    def ids(self, tx: Tx, *, now: datetime, above: int = 0, limit: int = PAGE) -> list[int]:
        """Return the next visits above that id that may have changes, by id, without looking for those."""
        self._open(tx, now)
        assert self._choice
        return [row.appointment.id for row in visits_in_flight(tx, self._choice, above=above, limit=limit)]

    def page(self, tx: Tx, *, now: datetime, above: int = 0, limit: int = PAGE) -> Page:
        """Return what changes for the next visits above that id; at the end `looked_at` is 0."""
        switches = self._open(tx, now)
        assert self._choice
        rows = visits_in_flight(tx, self._choice, above=above, limit=limit)
        return Page(self._changes(tx, switches, rows, now), len(rows), rows[-1].appointment.id if rows else above)

    def of(self, tx: Tx, ids: Collection[int], *, now: datetime) -> Sequence[VisitChanges]:
        """Return what changes for these visits, by id; those that were called off or go by the file are left out.

        In a writing transaction they and their messages are held until the commit: nobody else plans them anew, and
        no engine claims or begins one of their messages.
        """
        if tx.writing:
            hold_appointments(tx, ids)
            hold_messages(tx, ids)
        return self._changes(tx, self._open(tx, now), visits_of(tx, ids), now)

    def up_to_date(self, tx: Tx, ids: Collection[int]) -> frozenset[int]:
        """Return those of some visits that go by the file as it is."""
        own, visits = self.configuration.protocols, [row.appointment for row in visits_of(tx, ids)]
        there = [it for it in visits if it.clinic in self.configuration.clinics and it.treatment in own]
        file = self.configuration.protocol_for
        return frozenset(it.id for it in there if it.protocol_digest == file(it.clinic, it.treatment).digest)

    def _is_of_some(self, tx: Tx, edit: Edit, clinics: Collection[str], now: datetime) -> bool:
        """Whether an edit is not for all: a clinic has the step for itself, or the others have it so already."""
        common, others = self.configuration.protocols[edit.treatment], self.configuration.clinics.keys() - clinics
        goes_already = bool(others) and common.digest in self._open(tx, now).versions
        return goes_already or common.step(edit.step) != edit.after

    def _open(self, tx: Tx, now: datetime) -> Switches:
        """Find which versions are not the file's, and since when visits may still be touched."""
        if self._switches is None:
            versions = versions_of(tx, known_versions(tx))
            own = (*self.configuration.protocols.values(), *self.configuration.overridden.values())
            since = now - longest_reach((*own, *versions.values()))
            self._switches = Switches(self.configuration, versions, self.pinned)
            self._choice = Choice(self._switches.old_digests(), since, self.clinic, self.treatment)
        return self._switches

    def _changes(self, tx: Tx, switches: Switches, rows: Sequence[VisitRow], now: datetime) -> Sequence[VisitChanges]:
        found = [(row, switch) for row in rows if (switch := switches.of(row.appointment)) and switch.edits]
        if not found:
            return ()
        ids = [row.appointment.id for row, _ in found]
        messages = messages_of_steps(tx, ids, {step for _, switch in found for step in switch.follows})
        counts, adjustments = counts_of(tx, ids), in_force(tx, ids)
        answers = latest_answers(tx, [row.appointment.id for row, it in found if it.touches_follow_ups])
        told = self._told(tx, [it for several in messages.values() for it, _ in several])
        changes = []
        for row, switch in found:
            visit = row.appointment.id
            mine = [(it, doubted) for it, doubted in messages.get(visit, ()) if it.step in switch.follows]
            count = counts.get(visit, Counts())
            in_flight = InFlight(
                appointment=row.appointment,
                reach=row.reach,
                language=row.language,
                messages=tuple(
                    as_it_stands(it, doubted=doubted, spoken_for=it.id in told and _stays(it, switch))
                    for it, doubted in mine
                ),
                adjustments=adjustments.get(visit, {}),
                unsent=count.unsent,
                sent=count.sent,
                answer=answers.get(visit),
                traits=row.traits,
            )
            changes.append(changes_of(in_flight, switch, self.configuration, now=now))
        return changes

    def _told(self, tx: Tx, messages: Sequence[Message]) -> frozenset[int]:
        """Return what still waits though another message has said it, or may have: it is not said again."""
        waiting = {it.id: it for it in messages if it.status in UNSENT and it.clinic in self.configuration.clinics}
        words, clinics = spoken_for(tx, waiting.keys()), self.configuration.clinics
        return frozenset(
            key for key, word in words.items() if still_speaks(word, waiting[key], clinics[waiting[key].clinic])
        )


def _stays(message: Message, switch: Switch) -> bool:
    """Whether its step is still one on its channel; what is gone is dropped, whoever has said it."""
    step = switch.edited.step(message.step)
    return step is not None and message.channel in step.channels
