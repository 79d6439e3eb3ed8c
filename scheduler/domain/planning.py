"""Planning: protocol + appointment + clinic -> the messages to be, each with its times and its reasons."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter

from scheduler.domain.appointment import Appointment, Reach
from scheduler.domain.clinic import Clinic
from scheduler.domain.hours import SendingHours, sending_hours
from scheduler.domain.lateness import Fresh, Late, Settled, Unit, is_late, send_from, settle_late
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Status
from scheduler.domain.timing import Nominal, Visit, counts_from_day, nominal, visit_of, visit_on


def plan(
    protocol: Protocol,
    clinic: Clinic,
    appointment: Appointment,
    reach: Reach,
    *,
    now: datetime,
    late_after: timedelta,
    late_spacing: timedelta,
) -> tuple[PlannedMessage, ...]:
    """Plan all messages of an appointment registered, or moved, at `now`; in the order in which they are due.

    Each step is planned by itself: deferring one moves no other. Steps whose time has passed follow `if_late`;
    `scheduled`, `expired` and `held` are the only statuses. What is bound late (addresses, consent, the status of the
    appointment) is left to `decide`; steps that wait for a reply are not planned here.
    """
    visit = visit_of(appointment, protocol.duration, clinic.timezone, reach.timezone)
    drafts = [draft for step in protocol.steps if (draft := _draft(step, clinic, visit, reach))]
    at_once = now + clinic.undo_grace
    late = [_late(draft) for draft in drafts if is_late(draft.due_at, now=now, late_after=late_after)]
    fresh = [_fresh(it) for it in drafts if it.waits and timedelta(0) <= now - it.due_at <= late_after]
    settled = settle_late(late, now=at_once, spacing=late_spacing, fresh=fresh)
    messages: list[PlannedMessage] = []
    for draft in drafts:
        if draft.waits and draft.due_at < at_once:
            messages += messages_of_step(draft.step, draft.nominal, _settle(draft, settled, now, at_once), reach)
        else:
            messages += draft.messages
    return tuple(sorted(messages, key=attrgetter("due_at")))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A step with the instant that it is due, and the messages that it has, whatever the present is."""

    step: Step
    nominal: Nominal
    hours: SendingHours
    settled: Settled
    messages: tuple[PlannedMessage, ...]

    @property
    def due_at(self) -> datetime:
        return self.settled.at

    @property
    def waits(self) -> bool:
        return self.settled.status is Status.SCHEDULED


def _draft(step: Step, clinic: Clinic, visit: Visit, reach: Reach) -> _Draft | None:
    if counts_from_day(step):
        draft = _draft_of_day(step, clinic, visit.day, reach)
        if draft.nominal.planned_at >= visit.ends_at:
            return draft
    found = nominal(step, visit)
    return _drafted(step, found, clinic, reach) if found else None


# The visits of a day have most of their messages at the same instants: an import plans in half the time.
@lru_cache(maxsize=4096)
def _draft_of_day(step: Step, clinic: Clinic, day: date, reach: Reach) -> _Draft:
    found = nominal(step, visit_on(day, clinic.timezone, reach.timezone))
    assert found is not None
    return _drafted(step, found, clinic, reach)


def _drafted(step: Step, found: Nominal, clinic: Clinic, reach: Reach) -> _Draft:
    hours = sending_hours(step, clinic, reach.timezone)
    settled = send_from(found.planned_at, hours, found.useful_until)
    told = Settled(settled.status, settled.at, (*found.reasons, *settled.reasons))
    return _Draft(step, found, hours, settled, tuple(messages_of_step(step, found, told, reach)))


def _late(draft: _Draft) -> Late:
    step = draft.step
    return Late(
        key=step.id,
        unit=_unit(step),
        purpose=step.purpose,
        planned_at=draft.nominal.planned_at,
        due_at=draft.due_at,
        useful_until=draft.nominal.useful_until,
        if_late=step.if_late,
        ask=step.ask,
        hours=draft.hours,
    )


def _fresh(draft: _Draft) -> Fresh:
    return Fresh(_unit(draft.step), draft.step.purpose, draft.nominal.planned_at)


def _unit(step: Step) -> Unit:
    return Unit("this visit", step.id)


def _settle(draft: _Draft, late: Mapping[Hashable, Settled], now: datetime, at_once: datetime) -> Settled:
    """Say when it goes out and why then: it is due before `at_once`, and was registered at `now`."""
    before = (*draft.nominal.reasons, *draft.settled.reasons)
    settled = late.get(draft.step.id) or send_from(at_once, draft.hours, draft.nominal.useful_until)
    goes = settled.status is Status.SCHEDULED
    reasons = (*before, *_at_once(draft.due_at, now, at_once, goes=goes), *settled.reasons)
    # What does not go out keeps the instant that it was due at: that is what its reasons speak of.
    return Settled(settled.status, settled.at if goes else draft.due_at, reasons)


def _at_once(due_at: datetime, now: datetime, at_once: datetime, *, goes: bool) -> Iterable[Reason]:
    if due_at < now:
        yield because("registered_late", due_at=due_at)
    if goes and at_once > now:
        yield because("undo_grace", until_at=at_once)


def messages_of_step(
    step: Step, found: Nominal, settled: Settled, reach: Reach, *, occurrence: int = 1
) -> Iterable[PlannedMessage]:
    """Yield what a step is on each of its channels, once it is known when it goes out."""
    for channel, fallback in _channels(step, reach):
        yield PlannedMessage(
            step=step.id,
            channel=channel,
            occurrence=occurrence,
            purpose=step.purpose,
            planned_at=found.planned_at,
            due_at=settled.at,
            useful_until=found.useful_until,
            if_late=step.if_late,
            ask=step.ask,
            fallback=fallback,
            status=settled.status,
            reasons=settled.reasons,
        )


def _channels(step: Step, reach: Reach) -> Iterable[tuple[Channel, tuple[Channel, ...]]]:
    """Return each channel of a message with what it may fall back on.

    Of `first_of` it is the first for which there is an address, and the others stay in reserve: an address may
    come to be known before the send.
    """
    if not step.first_of:
        return [(channel, ()) for channel in step.channels]
    known = {Channel.SMS: reach.has_phone, Channel.EMAIL: reach.has_email}
    first = next((channel for channel in step.channels if known[channel]), step.channels[0])
    return [(first, tuple(channel for channel in step.channels if channel is not first))]
