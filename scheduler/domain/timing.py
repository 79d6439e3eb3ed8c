"""When a step is meant to go out and how long it helps, before anything defers it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.domain.appointment import Appointment
from scheduler.domain.localtime import instant, move, shift
from scheduler.domain.protocol import After, AfterReply, Before, Between, Step
from scheduler.domain.reasons import Reason, because
from scheduler.domain.spans import Span

USEFUL_FOR = timedelta(hours=24)
_DAY = timedelta(days=1)
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Nominal:
    """The instant a step is planned for, the first instant at which it no longer helps, and why then."""

    planned_at: datetime
    useful_until: datetime
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """The appointment on the calendar: `zone` is the patient's (else the clinic's).

    `day` is the local date at the clinic on which it starts: what calendar spans count from.
    """

    starts_at: datetime
    ends_at: datetime
    day: date
    clinic_zone: ZoneInfo
    zone: ZoneInfo

    def count(self, span: Span, at: time | None, *, back: bool = False) -> datetime:
        """Count a span of days, weeks or months.

        `at` is wall-clock time in the patient's zone; without it the wall clock of the start at the clinic is kept.
        """
        if at is None:
            return move(self.starts_at, span, self.clinic_zone, back=back)
        return instant(shift(self.day, span, back=back), at, self.zone)


def visit_of(appointment: Appointment, duration: Span, clinic_zone: ZoneInfo, patient_zone: ZoneInfo | None) -> Visit:
    """Return the visit; `duration` counts where the appointment has no end of its own."""
    start = appointment.starts_at.astimezone(UTC)
    end = appointment.end(duration.elapsed).astimezone(UTC)
    return Visit(start, end, start.astimezone(clinic_zone).date(), clinic_zone, patient_zone or clinic_zone)


def visit_on(day: date, clinic_zone: ZoneInfo, patient_zone: ZoneInfo | None) -> Visit:
    """Return a visit of which the day is known and no more: it serves for what counts from the day."""
    return Visit(_EVER, _EVER, day, clinic_zone, patient_zone or clinic_zone)


def counts_from_day(step: Step) -> bool:
    """Whether the step's time depends on the day of the visit only, as long as that is after the visit's end."""
    timing = step.timing
    return isinstance(timing, Between) or (
        isinstance(timing, After) and timing.at is not None and not timing.span.on_clock
    )


def nominal(step: Step, visit: Visit) -> Nominal | None:
    """Return when the step is meant to go out, or None for one that waits for a reply."""
    match step.timing:
        case Before():
            return _before(step, step.timing, visit)
        case After():
            return _after(step, step.timing, visit)
        case Between():
            return _between(step, step.timing, visit)
        case AfterReply():
            return None


def _before(step: Step, timing: Before, visit: Visit) -> Nominal:
    """Count back from the start. However long it is said to be useful, it never is once the visit has begun."""
    span = timing.span
    planned = visit.starts_at - span.elapsed if span.on_clock else visit.count(span, timing.at, back=True)
    until = _useful_until(step, planned, visit.zone, default=visit.starts_at)
    return Nominal(planned, min(until, visit.starts_at), (_counted("before", span),))


def _after(step: Step, timing: After, visit: Visit) -> Nominal:
    span = timing.span
    planned = visit.ends_at + span.elapsed if span.on_clock else visit.count(span, timing.at)
    planned, moved = _not_before_end(planned, visit)
    until = _useful_until(step, planned, visit.zone, default=planned + USEFUL_FOR)
    return Nominal(planned, until, (_counted("after", span), *moved))


def _between(step: Step, timing: Between, visit: Visit) -> Nominal:
    first, last = shift(visit.day, timing.start), shift(visit.day, timing.end)
    day = _nearest(shift(visit.day, timing.prefer), first, last, timing)
    planned, moved = _not_before_end(instant(day, timing.at, visit.zone), visit)
    until = _useful_until(step, planned, visit.zone, default=instant(last + _DAY, time.min, visit.zone))
    return Nominal(planned, until, (_ranged(timing.start, timing.end, timing.prefer), *moved))


def _nearest(wanted: date, first: date, last: date, timing: Between) -> date:
    """Return the allowed day of the range nearest to the wanted one, the later of two; without any, the wanted one.

    A range without an allowed day then expires, since the step's hours move it past the end.
    """
    for distance in range((last - first).days + 1):
        for day in (wanted + distance * _DAY, wanted - distance * _DAY):
            if first <= day <= last and (not timing.on or day.weekday() in timing.on):
                return day
    return wanted


def _not_before_end(planned: datetime, visit: Visit) -> tuple[datetime, tuple[Reason, ...]]:
    """Keep what comes after the visit from preceding its end: `0d` at an early hour, or a patient far to the east."""
    if planned >= visit.ends_at:
        return planned, ()
    return visit.ends_at, (because("visit_end", from_at=planned),)


def _useful_until(step: Step, planned: datetime, zone: ZoneInfo, *, default: datetime) -> datetime:
    """Count usefulness: hours elapse; days, weeks and months keep the wall clock where the patient is."""
    return default if step.useful_for is None else move(planned, step.useful_for, zone)


@lru_cache
def _ranged(start: Span, end: Span, prefer: Span) -> Reason:
    return because("between", start=str(start), end=str(end), prefer=str(prefer))


@lru_cache
def _counted(code: str, span: Span) -> Reason:
    return because(code, span=str(span)) if span.amount or span.on_clock else because("same_day")
