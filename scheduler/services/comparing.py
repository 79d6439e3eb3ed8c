"""Compares a visit's messages with what another version of its protocol means for it.

Only steps that were edited are looked at, by the times that the version means, never by what the present makes of
them: so what an edit does not touch stays as it is. What is to go out is then settled as of now.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from scheduler.domain.adjustment import Occasion, plan_adjusted
from scheduler.domain.clinic import Clinic
from scheduler.domain.edits import Edit, EditKind
from scheduler.domain.followup import is_beside_plan
from scheduler.domain.hours import sending_hours
from scheduler.domain.lateness import send_from
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Step
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.states import UNSENT, Status
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.edit_words import words_of
from scheduler.services.beside import GIVEN_UP, LONG_AGO, Beside, was_dropped
from scheduler.services.changes import Change, ChangeKind, InFlight, VisitChanges
from scheduler.services.nobody_asks import mark_unasked
from scheduler.services.renaming import BY_PERSON, Renamed, as_renamed, exceptions_renamed, is_told, told_before
from scheduler.services.schedule import Key, key_of, still_to_come
from scheduler.services.switching import Switch
from scheduler.store.messages import Message

_FOR_GOOD = BY_PERSON | {"answered", "better_since", "renamed"}
"""Why a message did not go out that no edit brings back: a person said so, or it is no longer the question."""
_MEANT = ("useful_until", "purpose", "if_late", "ask", "fallback")
"""What a message has of its step beside its times."""

_Plans = Mapping[Key, PlannedMessage]
_Pair = tuple[Message | None, PlannedMessage | None]


def changes_of(visit: InFlight, switch: Switch, configuration: Configuration, *, now: datetime) -> VisitChanges:
    """Return what the switch changes for a visit that was not called off; `now` is aware UTC.

    What the patient has or may have, what a person dropped and what an exception keeps as it is stays. The clinic is
    in the configuration.
    """
    renamed = switch.renamed
    stood = as_renamed(visit.messages, renamed)
    held = replace(visit, adjustments=exceptions_renamed(visit.adjustments, renamed)) if renamed else visit
    clinic = configuration.clinic(visit.appointment.clinic)
    comparison = _Comparison(held, switch, configuration, clinic, now, renamed, stood)
    found = sorted(
        comparison.changes(), key=lambda it: (it.to_at or it.from_at or now, it.step, it.channel, it.occurrence)
    )
    told = tuple(told_before(stood, visit.messages, renamed))
    return mark_unasked(VisitChanges(visit, switch, tuple(found), told))


@dataclass(frozen=True, slots=True)
class _Comparison:
    visit: InFlight
    switch: Switch
    configuration: Configuration
    clinic: Clinic
    now: datetime
    renamed: Renamed
    stood: tuple[Message, ...]
    """What stood under old names, as messages of the new ones."""

    def changes(self) -> Iterator[Change]:
        wishes = [(message, item, kind) for message, item in self._pairs() if (kind := self._kind(message, item))]
        new_times = (ChangeKind.MOVED, ChangeKind.ADDED)
        late = {it.step for _, it, kind in wishes if it and kind in new_times and it.due_at < self._at_once}
        settled = self._settled(late) if late else {}
        for message, item, kind in wishes:
            if item is None or kind is ChangeKind.DROPPED:
                yield self._dropped(message, item)
            elif kind is ChangeKind.CHANGED:
                yield self._changed(message, item)
            else:
                yield from self._placed(kind, message, self._as_of_now(item, settled))

    def _pairs(self) -> Iterator[_Pair]:
        """Yield each message of an edited step with what it is meant to be by the version to come."""
        stored = {key_of(it): it for it in self.visit.messages}
        meant = self._meant()
        for key in dict.fromkeys((*stored, *meant)):
            message, item = stored.get(key), meant.get(key)
            if item or (message and message.status in UNSENT):
                yield message, item

    def _meant(self) -> _Plans:
        """Return what the edited steps are for this visit, as if it were planned in time."""
        known = (*self.visit.messages, *self.stood)
        plan = self._plan(self.switch.edited.steps, LONG_AGO)
        coming = still_to_come(plan, known, self.switch.after, self.visit.appointment)
        meant = {key_of(it): it for it in map(self._on_its_channel, coming) if not self._is_told(it)}
        beside = Beside(self.visit, self.switch, self._occasion(self.switch.edited.steps), self.renamed, known)
        return meant | {key_of(it): it for it in map(self._on_its_channel, beside.meant(meant))}

    def _is_told(self, item: PlannedMessage) -> bool:
        return item.step in self.renamed and is_told(item, self.stood, self.visit.messages, self.renamed)

    def _plan(self, steps: tuple[Step, ...], now: datetime) -> tuple[PlannedMessage, ...]:
        instance = self.configuration.instance
        return plan_adjusted(
            self._occasion(steps),
            self.visit.adjustments,
            now=now,
            late_after=instance.late_after,
            late_spacing=instance.late_spacing,
        )

    def _occasion(self, steps: tuple[Step, ...]) -> Occasion:
        edited = self.switch.edited
        protocol = edited if steps is edited.steps else replace(edited, steps=steps)
        return Occasion(protocol, self.clinic, self.visit.appointment.visit, self.visit.reach)

    def _on_its_channel(self, item: PlannedMessage) -> PlannedMessage:
        """Leave a message of `first_of` on the channel where it waits: an address that is new moves it at no edit."""
        edit = self.switch.follows[item.step]
        old, new = edit.before, edit.after
        if not (old and new and old.first_of and new.first_of and old.channels == new.channels):
            return item
        for it in self.visit.messages:
            same = (it.step, it.occurrence) == (item.step, item.occurrence)
            if same and it.status in UNSENT and it.channel in item.fallback:
                return replace(item, channel=it.channel, fallback=it.fallback)
        return item

    def _kind(self, message: Message | None, item: PlannedMessage | None) -> ChangeKind | None:
        if item is None:
            return ChangeKind.DROPPED
        goes = item.status is Status.SCHEDULED and self.now < item.useful_until
        if message is None:
            return ChangeKind.ADDED if goes and not self._was_given_up(item) else None
        edit = self.switch.follows[item.step]
        if message.status in GIVEN_UP:
            return ChangeKind.ADDED if goes and self._comes_back(message, item, edit) else None
        if message.status not in UNSENT or item.status is Status.CANCELLED:
            return None
        return self._difference(message, item, edit)

    def _was_given_up(self, item: PlannedMessage) -> bool:
        """Whether it was given up under its old name, and no later time of the new one brings it back."""
        old = self.renamed.get(item.step)
        same = (item.channel, item.occurrence)
        gone = [it for it in self.visit.messages if it.step == old and (it.channel, it.occurrence) == same]
        later = all(self.now < item.planned_at != it.planned_at for it in gone)
        return any(it.status in GIVEN_UP and not was_dropped(it) for it in gone) and not later

    def _difference(self, message: Message, item: PlannedMessage, edit: Edit) -> ChangeKind | None:
        moves = message.planned_at != item.planned_at
        if not moves and not edit.changes_more_than_times and _alike(message, item):
            return None
        if moves and message.due_at != item.due_at:
            return ChangeKind.MOVED if item.status is Status.SCHEDULED else ChangeKind.DROPPED
        late = max(message.due_at, self.now) >= item.useful_until
        return ChangeKind.DROPPED if late else ChangeKind.CHANGED

    def _comes_back(self, message: Message, item: PlannedMessage, edit: Edit) -> bool:
        if message.reasons[-1].code in _FOR_GOOD:
            return False
        before = edit.before
        if edit.kind is EditKind.ADDED or (before and message.channel not in before.channels):
            return True
        if is_beside_plan(message.reasons) and message.status is not Status.EXPIRED:
            return was_dropped(message)
        return item.planned_at != message.planned_at and self.now < item.planned_at

    @property
    def _at_once(self) -> datetime:
        return self.now + self.clinic.undo_grace

    def _settled(self, late: set[str]) -> Mapping[str, PlannedMessage]:
        """Plan those steps at the present: what goes at once, apart from what else does; all channels alike."""
        steps = tuple(step for step in self.switch.edited.steps if step.id in late)
        return {it.step: it for it in self._plan(steps, self.now)}

    def _as_of_now(self, item: PlannedMessage, settled: Mapping[str, PlannedMessage]) -> PlannedMessage:
        if item.due_at >= self._at_once:
            return item
        instead = tuple(it for it in item.reasons if it.code == "fallback")
        if (now := settled.get(item.step)) and not is_beside_plan(item.reasons):
            return replace(item, status=now.status, due_at=now.due_at, reasons=(*now.reasons, *instead))
        step = self.switch.edited.step(item.step)
        assert step is not None
        going = send_from(
            self._at_once, sending_hours(step, self.clinic, self.visit.reach.timezone), item.useful_until
        )
        late = (because("registered_late", due_at=item.planned_at),) if item.planned_at < self.now else ()
        why = (*item.reasons, *late, *self._grace(), *going.reasons)
        return replace(item, status=going.status, due_at=going.at, reasons=why)

    def _grace(self) -> tuple[Reason, ...]:
        return (because("undo_grace", until_at=self._at_once),) if self.clinic.undo_grace > timedelta(0) else ()

    def _placed(self, kind: ChangeKind, message: Message | None, item: PlannedMessage) -> Iterator[Change]:
        if kind is ChangeKind.MOVED and message and item.status in UNSENT and item.due_at == message.due_at:
            yield self._changed(message, item)
        elif item.status is not Status.EXPIRED:
            planned = replace(item, reasons=(*item.reasons, _edited(self.switch.follows[item.step])))
            yield self._change(kind, message, planned)
        elif kind is ChangeKind.MOVED:
            yield self._dropped(message, item)

    def _changed(self, message: Message | None, item: PlannedMessage) -> Change:
        assert message is not None
        known = item.reasons if item.planned_at != message.planned_at else planned_part(message.reasons)
        planned = replace(
            item,
            due_at=message.due_at,
            status=Status.HELD if Status.HELD in (message.status, item.status) else Status.SCHEDULED,
            reasons=(*(it for it in known if it.code != "edited"), _edited(self.switch.follows[item.step])),
        )
        return self._change(ChangeKind.CHANGED, message, planned)

    def _change(self, kind: ChangeKind, message: Message | None, planned: PlannedMessage) -> Change:
        edit = self.switch.follows[planned.step]
        place = (planned.step, planned.channel, planned.occurrence)
        return Change(kind, edit, *place, message, planned, planned.reasons)

    def _dropped(self, message: Message | None, item: PlannedMessage | None) -> Change:
        """Drop a message; `item` is what it would have been where that comes too late."""
        assert message is not None
        edit = self.switch.follows[message.step]
        why = because("step_dropped", what="; ".join(words_of(edit)))
        late: tuple[Reason, ...] = ()
        if item is not None:
            late = tuple(it for it in item.reasons if it.code not in ("edited", "undo_grace"))
            if item.status is not Status.EXPIRED:
                late = (*late, because("not_useful", until_at=item.useful_until))
        kept = planned_part(message.reasons) if is_beside_plan(message.reasons) and item is None else ()
        place = (message.step, message.channel, message.occurrence)
        return Change(ChangeKind.DROPPED, edit, *place, message, None, (*kept, *late, why))


@lru_cache(maxsize=256)
def _edited(edit: Edit) -> Reason:
    return because("edited", what="; ".join(words_of(edit)))


def _alike(message: Message, item: PlannedMessage) -> bool:
    return all(getattr(message, name) == getattr(item, name) for name in _MEANT)
