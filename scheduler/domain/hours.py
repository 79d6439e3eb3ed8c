"""When messages may go out: quiet hours, closed days and the days of the week of a step."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.clinic import Clinic, Closure, QuietHours
from scheduler.domain.localtime import instant, next_instant
from scheduler.domain.protocol import Between, Step, Weekday
from scheduler.domain.reasons import Reason, because

EVERY_DAY = frozenset(Weekday)


@dataclass(frozen=True, slots=True)
class SendingHours:
    """The hours of one step for one patient; make it with `sending_hours`.

    Quiet hours and days of the week are of `zone` (the patient's, else the clinic's), closed days of
    `clinic_zone`; a step that closures do not defer has no `closures`.
    """

    zone: ZoneInfo
    clinic_zone: ZoneInfo
    quiet: QuietHours | None = None
    closures: tuple[Closure, ...] = ()
    on: frozenset[Weekday] = EVERY_DAY

    def defer(self, moment: datetime, until: datetime) -> tuple[datetime, tuple[Reason, ...]]:
        """Return the first allowed instant from `moment` on, with a reason for each move, in order.

        It stops looking at `until` (when the message stops being useful): a result that is not before it may
        be forbidden still.
        """
        reasons: list[Reason] = []
        while moment < until and (code := self._forbids(moment)):
            reasons.append(because(code, from_at=moment))
            moment = self._quiet_end(moment) if code == "quiet_hours" else self._next_day(moment, until)
        return moment, tuple(reasons)

    def _forbids(self, moment: datetime) -> str | None:
        if self._closed(moment):
            return "closure"
        if not self._of_week(moment):
            return "weekday"
        return "quiet_hours" if self._is_quiet(moment.astimezone(self.zone).time()) else None

    def _closed(self, moment: datetime) -> bool:
        if not self.closures:
            return False
        day = moment.astimezone(self.clinic_zone).date()
        return any(closure.first <= day <= closure.last for closure in self.closures)

    def _of_week(self, moment: datetime) -> bool:
        return self.on == EVERY_DAY or moment.astimezone(self.zone).weekday() in self.on

    def _is_quiet(self, at: time) -> bool:
        if self.quiet is None:
            return False
        start, end = self.quiet.start, self.quiet.end
        return start <= at < end if start <= end else at >= start or at < end

    def _quiet_end(self, moment: datetime) -> datetime:
        return next_instant(moment, self.quiet.end, self.zone) if self.quiet else moment

    def _next_day(self, moment: datetime, until: datetime) -> datetime:
        """Return the same wall-clock time of the next open day of the week, or the first such time past `until`."""
        local = moment.astimezone(self.zone)
        day = local.date()
        while moment < until and (self._closed(moment) or not self._of_week(moment)):
            day += timedelta(days=1)
            moment = instant(day, local.time(), self.zone)
        return moment


def sending_hours(step: Step, clinic: Clinic, patient_zone: ZoneInfo | None) -> SendingHours:
    """Return when that step may go out; a patient's own zone comes before the clinic's."""
    return SendingHours(
        zone=patient_zone or clinic.timezone,
        clinic_zone=clinic.timezone,
        quiet=clinic.quiet_hours,
        closures=clinic.closures if step.defer_on_closures else (),
        on=(step.timing.on or EVERY_DAY) if isinstance(step.timing, Between) else EVERY_DAY,
    )


def hours_of_desk(clinic: Clinic, patient_zone: ZoneInfo | None) -> SendingHours:
    """Return when what a person wrote may go out to a patient: on every day, out of quiet hours."""
    return SendingHours(zone=patient_zone or clinic.timezone, clinic_zone=clinic.timezone, quiet=clinic.quiet_hours)
