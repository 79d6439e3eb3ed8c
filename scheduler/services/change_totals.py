"""Adds up what a plan of an edit changes: messages by what becomes of them, SMS segments, and what those cost."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from scheduler.content.render import render_sms
from scheduler.content.samples import sample_variables
from scheduler.content.templates import Texts
from scheduler.domain.edits import Edit
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.errors import TemplateError
from scheduler.protocols.configuration import Configuration
from scheduler.services.changes import Change, ChangeKind, VisitChanges


@dataclass(frozen=True, slots=True)
class Cost:
    """What segments cost that come and that go, in one currency."""

    added: Decimal = Decimal(0)
    saved: Decimal = Decimal(0)


@dataclass(slots=True)
class Totals:
    """What a plan comes to. `appointments` have changes, of `in_flight` that go by an older version.

    `touched`: of how many appointments each edit changes a message. `segments_added` and `segments_saved` are those
    of a sample patient's texts; `costs` are by currency, of the clinics whose file says a price, and `unpriced` the
    others that would have some. `unreadable`: texts that can't be rendered; their segments are not in the sums.
    """

    configuration: Configuration
    texts: Texts
    in_flight: int = 0
    appointments: int = 0
    unchanged: int = 0
    sent: int = 0
    changes: Counter[ChangeKind] = field(default_factory=Counter)
    touched: Counter[Edit] = field(default_factory=Counter)
    segments_added: int = 0
    segments_saved: int = 0
    costs: dict[str, Cost] = field(default_factory=dict)
    unpriced: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    _known: dict[tuple[str, str, str, str], int] = field(default_factory=dict)

    def add(self, visit: VisitChanges) -> None:
        """Count one visit."""
        self.in_flight += 1
        self.unchanged += visit.unchanged
        self.sent += visit.visit.sent
        if not visit.changes:
            return
        self.appointments += 1
        self.changes.update(it.kind for it in visit.changes)
        self.touched.update({it.edit for it in visit.changes})
        for change in visit.changes:
            if change.channel is Channel.SMS:
                self._pay(visit.appointment.clinic, self._segments(visit, change))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many messages there are of each kind, by its word; all kinds."""
        return {kind.value: self.changes[kind] for kind in ChangeKind}

    def _pay(self, clinic: str, segments: int) -> None:
        self.segments_added += max(segments, 0)
        self.segments_saved += max(-segments, 0)
        sender = self.configuration.clinic(clinic).sms
        if sender is None or sender.price is None:
            self.unpriced |= {clinic} if segments else set()
            return
        known = self.costs.get(sender.price.currency, Cost())
        added, saved = sender.price.times(max(segments, 0)), sender.price.times(max(-segments, 0))
        self.costs[sender.price.currency] = Cost(known.added + added, known.saved + saved)

    def _segments(self, visit: VisitChanges, change: Change) -> int:
        """Return how many segments more are sent; fewer: a negative number."""
        before, after = visit.switch.before, visit.switch.after
        match change.kind:
            case ChangeKind.ADDED:
                return self._of(visit, after, change.edit.after)
            case ChangeKind.DROPPED:
                return -self._of(visit, before, change.edit.before)
            case ChangeKind.CHANGED:
                return self._of(visit, after, change.edit.after) - self._of(visit, before, change.edit.before)
            case ChangeKind.MOVED:
                return 0

    def _of(self, visit: VisitChanges, protocol: Protocol, step: Step | None) -> int:
        if step is None:
            return 0
        clinic = self.configuration.clinic(visit.appointment.clinic)
        language = clinic.language_for(visit.visit.language)
        key = (clinic.id, protocol.treatment, step.template, language)
        if key not in self._known:
            try:
                variables = sample_variables(clinic, protocol, language)
                self._known[key] = render_sms(self.texts, step.template, language, variables).segments
            except TemplateError:
                self.unreadable.add(f"{language}/{step.template}")
                self._known[key] = 0
        return self._known[key]
